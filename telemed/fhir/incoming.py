"""What a request brings: a resource in JSON or XML as the text it came in, and the headers that ask for something."""

import re

from starlette.requests import Request

from telemed.fhir import raw, xml
from telemed.fhir.issues import Issue, Malformed
from telemed.fhir.negotiate import media_of

JSON_PATCH = "application/json-patch+json"
BROUGHT = "telemed.fhir.brought"
"""Where the scope of a request holds what it brought as JSON text, so that a refusal names what is there in it."""
_ETAG = re.compile(r'(?:W/)?"([A-Za-z0-9\-.]{1,64})"')


async def resource_text(request: Request) -> bytes:
    """The resource of the body as JSON text; from JSON untouched but for a byte order mark, so that digits stay.

    Raises:
        OffTheWire: 415, neither JSON nor XML (R4, http.html 3.1.0.1.11), or FHIR of another version.
        Malformed: no body, or broken.
    """
    speaks = media_of(request.headers.get("content-type", ""))
    body = (await request.body()).removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise Malformed([Issue("required", "the body is a resource")])
    if speaks == "xml":
        body = xml.to_json(body)
    raw.text_of(body)
    request.scope[BROUGHT] = body
    return body


async def patch_text(request: Request) -> tuple[bytes, bool]:
    """A patch, and whether it is a JSON Patch (RFC 6902) rather than FHIRPath Patch Parameters.

    Raises:
        OffTheWire, Malformed: as `resource_text`.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() == JSON_PATCH:
        request.scope[BROUGHT] = body = await request.body()
        return body, True
    return await resource_text(request), False


def preferences(request: Request) -> dict[str, str]:
    """``Prefer`` (RFC 7240): ``return=minimal`` is {"return": "minimal"}, ``respond-async`` {"respond-async": ""}."""
    parts = (part.partition("=") for part in re.split(r"[,;]", request.headers.get("prefer", "")))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in parts if name.strip()}


def version_asked(request: Request) -> str | None:
    """The version that ``If-Match`` names (R4, http.html 3.1.0.5); None without the header.

    Raises:
        Malformed: not a version.
    """
    given = request.headers.get("if-match")
    return None if given is None else version_of(given)


def version_of(tag: str) -> str:
    """The version that an ETag names.

    Raises:
        Malformed: not a version.
    """
    found = _ETAG.fullmatch(tag.strip())
    if found is None:
        raise Malformed([Issue("invalid", 'If-Match is a version such as W/"1"', "http.if-match")])
    return found[1]


def etag(version: object) -> str:
    """A resource's version as an ETag."""
    return f'W/"{version}"'
