"""Between FHIR on the wire and what the services are asked: files taken apart. Pure."""

from dataclasses import dataclass
from typing import Any

from telemed.fhir import raw, xml
from telemed.fhir.issues import Invalid, Issue, Malformed
from telemed.kit.refusal import Refusal


@dataclass(frozen=True)
class Piece:
    """One resource of a file, and its value. *fault*: why it cannot even be looked at."""

    content: bytes
    kind: str = ""
    id: str = ""
    fault: Refusal | None = None
    value: object = None

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.id}" if self.id else self.kind


@dataclass(frozen=True)
class Pack:
    """The resources of a file, and whether all are taken or none."""

    pieces: tuple[Piece, ...]
    all_or_nothing: bool = False


def unpack(data: bytes) -> Pack:
    """The resources of a file.

    Raises:
        Malformed: neither JSON nor XML nor NDJSON.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        data = xml.to_json(data.removeprefix(b"\xef\xbb\xbf"))
    text = raw.text_of(data)
    try:
        value = raw.parse(text)
    except Malformed as refusal:
        lines = _lines(text)
        if lines is None:
            raise refusal from None
        return Pack(lines)
    if isinstance(value, dict) and value.get("resourceType") == "Bundle":
        return _of_bundle(text, value)
    return Pack((_piece(text, value),))


def _lines(text: str) -> tuple[Piece, ...] | None:
    """The pieces of an NDJSON file; None if its first line is not a whole JSON object, so that it is none."""
    lines = [found for found in text.splitlines() if found.strip()]
    if len(lines) < 2 or _parsed(lines[0])[1] is not None:
        return None
    return tuple(_line_piece(found) for found in lines)


def _parsed(text: str) -> tuple[Any, Malformed | None]:
    try:
        return raw.parse(text), None
    except Malformed as refusal:
        return None, refusal


def _line_piece(text: str) -> Piece:
    value, fault = _parsed(text)
    return Piece(b"", fault=fault) if fault else _piece(text, value)


def _of_bundle(text: str, bundle: dict[str, Any]) -> Pack:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise Malformed([Issue("structure", "entry is an array", "Bundle.entry")])
    is_transaction = bundle.get("type") == "transaction"
    spans = raw.items(text, raw.members(text)["entry"][0]) if entries else []
    pieces = (
        _of_entry(text, start, entry, place)
        for place, ((start, _), entry) in enumerate(zip(spans, entries, strict=True))
    )
    return Pack(tuple(pieces), is_transaction)


def _of_entry(text: str, start: int, entry: Any, place: int) -> Piece:
    where = f"Bundle.entry[{place}]"
    if not isinstance(entry, dict) or "resource" not in entry:
        return Piece(b"", fault=Invalid([Issue("required", "an entry to take has a resource", where)]))
    request = entry.get("request")
    if isinstance(request, dict) and request.get("method") not in ("POST", "PUT"):
        return Piece(b"", fault=Invalid([Issue("not-supported", "entries are POST or PUT", f"{where}.request")]))
    first, last = raw.members(text, start)["resource"]
    return _piece(text[first:last], entry["resource"])


def _piece(text: str, value: Any) -> Piece:
    if not isinstance(value, dict):
        return Piece(b"", fault=Malformed([Issue("structure", "a resource is a JSON object")]))
    kind, resource_id = value.get("resourceType"), value.get("id")
    safe_kind = kind if isinstance(kind, str) and kind.isascii() and kind.isalpha() else ""
    return Piece(text.encode(), safe_kind, _shown(resource_id), value=value)


def _shown(resource_id: Any) -> str:
    """An id as it may stand in a report: nothing but what an id is made of, so no line can be faked."""
    text = resource_id if isinstance(resource_id, str) else ""
    return text if len(text) <= 64 and all(c.isascii() and (c.isalnum() or c in "-.") for c in text) else ""
