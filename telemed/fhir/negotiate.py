"""Which format a request speaks and wants (R4, http.html 3.1.0.1.11): JSON or XML, FHIR version 4.0."""

from collections.abc import Iterator
from typing import Literal

from telemed.fhir.issues import OffTheWire

Format = Literal["json", "xml"]

MEDIA: dict[Format, str] = {
    "json": "application/fhir+json; charset=utf-8",
    "xml": "application/fhir+xml; charset=utf-8",
}

_KNOWN: dict[str, Format] = {
    "application/fhir+json": "json",
    "application/json": "json",
    "application/json+fhir": "json",
    "text/json": "json",
    "json": "json",
    "application/fhir+xml": "xml",
    "application/xml": "xml",
    "application/xml+fhir": "xml",
    "text/xml": "xml",
    "xml": "xml",
    "*/*": "json",
    "application/*": "json",
}

FORM = "application/x-www-form-urlencoded"


def wanted(accept: str, format_parameter: str = "") -> Format:
    """The format of the answer; ``_format`` goes before Accept, and JSON where there is a choice.

    Raises:
        OffTheWire: 406, neither JSON nor XML, or not FHIR version 4.0.
    """
    if format_parameter:
        # a plus sign that was not escaped in the address arrives as a space
        accept = format_parameter.replace(" ", "+") if ";" not in format_parameter else format_parameter
    if not accept.strip():
        return "json"
    for _, media, version in sorted(_ranges(accept), key=lambda found: -found[0]):
        if version in ("", "4.0") and media in _KNOWN:
            return _KNOWN[media]
    raise OffTheWire(406, "not-supported", "answers are application/fhir+json or application/fhir+xml, fhirVersion 4.0")


def _ranges(accept: str) -> Iterator[tuple[float, str, str]]:
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        given = dict(p.partition("=")[::2] for p in parameters)
        quality = _quality(given.get("q", "1"))
        if quality > 0:
            yield quality, media.replace(" ", "+"), given.get("fhirversion", "").strip('"')


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def media_of(content_type: str) -> Format:
    """The format of a body; JSON where nothing is said.

    Raises:
        OffTheWire: 415, neither JSON nor XML, or not FHIR version 4.0.
    """
    if not content_type.strip():
        return "json"
    for _, media, version in _ranges(content_type):
        if version in ("", "4.0") and media in _KNOWN and "*" not in media and "/" in media:
            return _KNOWN[media]
    raise OffTheWire(
        415,
        "not-supported",
        "a body is application/fhir+json or application/fhir+xml, fhirVersion 4.0; a PATCH may be "
        "application/json-patch+json",
    )


def require_form(content_type: str) -> None:
    """
    Raises:
        OffTheWire: 415, the body of a search is not a form.
    """
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise OffTheWire(415, "not-supported", f"the body of a search is {FORM}")
