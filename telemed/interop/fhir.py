"""Between FHIR on the wire and what the services are asked: files taken apart, searches understood. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from telemed.booking.model import AppointmentQuery, Status
from telemed.fhir import raw, xml
from telemed.fhir.issues import Invalid, Issue, Malformed
from telemed.fhir.search import Criterion, Parameter, Query, Token, Window
from telemed.interop.model import Slot
from telemed.kit.refusal import Refusal

PAGE = 100
"""Entries of a page where the client does not say."""

TICK = timedelta(minutes=5)

STATUS_SYSTEM = "http://hl7.org/fhir/appointmentstatus"
SLOT_STATUS_SYSTEM = "http://hl7.org/fhir/slotstatus"
ID = Parameter("_id", "token")


@dataclass(frozen=True)
class Page:
    """One page of what was found. *total*: None when nobody counted."""

    entries: list[bytes]
    total: int | None
    has_more: bool


def url(base_url: str, kind: str, applied: Iterable[tuple[str, str]]) -> str:
    """The address of a search."""
    return f"{base_url}/{kind}?{urlencode(list(applied))}".removesuffix("?")


def after(query: Query, count: int) -> list[tuple[str, str]]:
    """The parameters of the next page."""
    kept = [(name, value) for name, value in query.applied if name not in ("_count", "_offset")]
    return [*kept, ("_count", str(count)), ("_offset", str(query.offset + count))]


def page(found: list[bytes], offset: int, count: int) -> Page:
    """The page of all that was found."""
    shown = found[offset : offset + count]
    return Page(shown, len(found), bool(count) and offset + count < len(found))


def next_tick(now: datetime) -> datetime:
    """The first 5-minute tick at or after *now*."""
    past = timedelta(minutes=now.minute % 5, seconds=now.second, microseconds=now.microsecond)
    return now - past + TICK if past else now


def has_status(slot: Slot, query: Query) -> bool:
    """Whether *slot* fits what the search says of its status."""
    code = "free" if slot.free else "busy"
    return all(
        _fits(code, SLOT_STATUS_SYSTEM, criterion.tokens) != (criterion.modifier == "not")
        for criterion in query.named("status")
    )


def _fits(code: str, system: str, tokens: Iterable[Token]) -> bool:
    return any(t.code in ("", code) and t.system in (None, system) for t in tokens)


def all_of(lists: Iterable[Iterable[str]]) -> set[str] | None:
    """What stands in every list; None if there is no list."""
    found: set[str] | None = None
    for values in lists:
        found = set(values) if found is None else found & set(values)
    return found


def wanted(query: Query, *, limit: int) -> AppointmentQuery | None:
    """The query for booking; None if nothing can fit.

    Raises:
        Malformed: two actors at once.
    """
    if len(query.named("actor")) > 1:
        raise Malformed([Issue("not-supported", "actor is given once; alternatives stand behind commas")])
    statuses = {s.value for s in Status if _status_fits(s.value, query.named("status"))}
    ids = all_of((token.code for token in c.tokens) for c in query.named("_id"))
    window = Window()
    for criterion in query.named("date"):
        window = window.within(criterion.window)
    if not statuses or ids == set():
        return None
    return AppointmentQuery(
        ids=tuple(sorted(ids or ())),
        statuses=tuple(sorted(statuses)),
        actors=tuple(reference for c in query.named("actor") for reference in c.references),
        start_ge=window.start,
        start_lt=window.end,
        limit=limit,
    )


def _status_fits(code: str, criteria: Iterable[Criterion]) -> bool:
    return all(_fits(code, STATUS_SYSTEM, c.tokens) != (c.modifier == "not") for c in criteria)


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
