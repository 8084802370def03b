"""What the FHIR interface reads and searches, type by type, and the statement that says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson

from telemed.booking import service as booking
from telemed.booking.model import AppointmentQuery, Status
from telemed.directory import service as directory
from telemed.directory.model import KINDS, Directory, slot_of
from telemed.fhir.bundle import bundle
from telemed.fhir.issues import Issue, Malformed, OffTheWire
from telemed.fhir.search import Criterion, Parameter, Query, Token, Window, parse
from telemed.identity.model import Actor
from telemed.interop import model
from telemed.interop.model import ScheduleMissing, Slot
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets

PAGE = 100
"""Entries of a page where the client does not say."""

TICK = timedelta(minutes=5)

STATUS_SYSTEM = "http://hl7.org/fhir/appointmentstatus"
SLOT_STATUS_SYSTEM = "http://hl7.org/fhir/slotstatus"
ISIK = "https://gematik.de/fhir/isik/StructureDefinition/"

_ACTORS = ("Patient", "Practitioner", "Location", "Device")
_OWN: dict[str, tuple[Parameter, ...]] = {
    "Slot": (
        Parameter("schedule", "reference", ("Schedule",)),
        Parameter("status", "token"),
        Parameter("start", "date"),
    ),
    "Appointment": (
        Parameter("status", "token"),
        Parameter("date", "date"),
        Parameter("actor", "reference", _ACTORS),
    ),
}
PROFILES = {
    "Slot": f"{ISIK}ISiKTerminblock",
    "Schedule": f"{ISIK}ISiKKalender",
    "HealthcareService": f"{ISIK}ISiKMedizinischeBehandlungseinheit",
}
_ID = Parameter("_id", "token")


@dataclass(frozen=True)
class Page:
    """One page of what was found. *total*: None when nobody counted."""

    entries: list[bytes]
    total: int | None
    has_more: bool


@dataclass(frozen=True)
class Asked:
    """Who asks, when, and what is needed to open what is sealed."""

    secrets: Secrets
    actor: Actor
    now: datetime


def parameters_of(kind: str) -> dict[str, Parameter]:
    """What a type is searched by; this table makes the routes and the CapabilityStatement.

    Raises:
        OffTheWire: 404, not a type that is served.
    """
    if kind in _OWN:
        return {p.name: p for p in (_ID, *_OWN[kind])}
    if kind in KINDS:
        return {_ID.name: _ID, **directory.parameters(kind)}
    raise OffTheWire(404, "not-supported", "not a type that is served here")


def reads_personal(kind: str) -> bool:
    """Whether reading this type leaves a line in the audit, and so needs a transaction that writes."""
    return kind == "Appointment"


def read(tx: Tx, kind: str, resource_id: str, asked: Asked) -> bytes:
    """One resource as JSON bytes.

    Raises:
        OffTheWire: 404, not a type that is served.
        NotFound: there is none.
    """
    parameters_of(kind)
    if kind == "Appointment":
        return booking.read_appointment(tx, asked.secrets, resource_id, actor=asked.actor, now=asked.now)
    if kind == "Slot":
        return _slot(tx, resource_id).content()
    return directory.read(tx, kind, resource_id)


def search(tx: Tx, kind: str, items: Iterable[tuple[str, str]], asked: Asked, *, base_url: str) -> bytes:
    """A searchset Bundle as JSON bytes.

    Args:
        tx: the open transaction.
        kind: the type searched for.
        items: the parameters as the client gave them.
        asked: who asks, and when.
        base_url: ``…/fhir``, without a slash at the end.

    Raises:
        OffTheWire: 404, not a type that is served.
        Malformed: a parameter's value is not understood.
        ScheduleMissing: slots of no schedule.
    """
    known = directory.load(tx)
    query = parse(items, parameters_of(kind), known.zone)
    count = PAGE if query.count is None else query.count
    match kind:
        case "Appointment":
            page = _appointments(tx, query, asked, count)
        case "Slot":
            page = _page(_slots(tx, known, query, asked.now), query.offset, count)
        case _:
            page = _page(directory.search(tx, kind, query.criteria), query.offset, count)
    return bundle(
        "searchset",
        page.entries,
        total=page.total,
        self_url=_url(base_url, kind, query.applied),
        next_url=_url(base_url, kind, _next(query, count)) if page.has_more else "",
        base_url=base_url,
    )


def _url(base_url: str, kind: str, applied: Iterable[tuple[str, str]]) -> str:
    return f"{base_url}/{kind}?{urlencode(list(applied))}".removesuffix("?")


def _next(query: Query, count: int) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in query.applied if name not in ("_count", "_offset")]
    return [*kept, ("_count", str(count)), ("_offset", str(query.offset + count))]


def _page(found: list[bytes], offset: int, count: int) -> Page:
    shown = found[offset : offset + count]
    return Page(shown, len(found), bool(count) and offset + count < len(found))


def _slot(tx: Tx, slot_id: str) -> Slot:
    """
    Raises:
        NotFound: no such schedule, or it is closed then.
    """
    known = directory.load(tx)
    schedule_id, start, end = slot_of(slot_id) or ("", None, None)
    actors = known.schedules.get(schedule_id, ())
    if start is None or end is None or model.opened(known, actors, start, end) != [(start, end)]:
        raise NotFound
    free = booking.free_slots(tx, known, actors, start, end)
    return Slot(schedule_id, start, end, any(first <= start and end <= last for first, last in free))


def _slots(tx: Tx, known: Directory, query: Query, now: datetime) -> list[bytes]:
    """Slots of the schedules asked for, from now on as far as one may book, by start."""
    named = _all_of(c.references for c in query.named("schedule"))
    by_id = _all_of((token.code for token in c.tokens) for c in query.named("_id"))
    if by_id is not None:
        return [slot.content() for slot in _named_slots(tx, by_id) if _has_status(slot, query)]
    if named is None:
        raise ScheduleMissing(expression="Slot.schedule")
    window = Window(_next_tick(now), now + booking.HORIZON)
    for criterion in query.named("start"):
        window = window.within(criterion.window)
    found = [
        slot
        for reference in sorted(named)
        for slot in _of_schedule(tx, known, reference.removeprefix("Schedule/"), window)
        if _has_status(slot, query)
    ]
    return [slot.content() for slot in sorted(found, key=lambda slot: (slot.start, slot.schedule_id))]


def _named_slots(tx: Tx, ids: Iterable[str]) -> Iterable[Slot]:
    for slot_id in sorted(ids):
        try:
            yield _slot(tx, slot_id)
        except NotFound:
            continue


def _of_schedule(tx: Tx, known: Directory, schedule_id: str, window: Window) -> list[Slot]:
    actors = known.schedules.get(schedule_id, ())
    start, end = window.start, window.end
    if not actors or start is None or end is None or start >= end:
        return []
    free = booking.free_slots(tx, known, actors, start, end)
    pieces = model.pieces(free, model.slot_length(known, actors))
    busy = model.busy(model.opened(known, actors, start, end), free)
    return [Slot(schedule_id, *span, free=True) for span in pieces] + [
        Slot(schedule_id, *span, free=False) for span in busy
    ]


def _next_tick(now: datetime) -> datetime:
    past = timedelta(minutes=now.minute % 5, seconds=now.second, microseconds=now.microsecond)
    return now - past + TICK if past else now


def _has_status(slot: Slot, query: Query) -> bool:
    code = "free" if slot.free else "busy"
    return all(
        _fits(code, SLOT_STATUS_SYSTEM, criterion.tokens) != (criterion.modifier == "not")
        for criterion in query.named("status")
    )


def _fits(code: str, system: str, tokens: Iterable[Token]) -> bool:
    return any(t.code in ("", code) and t.system in (None, system) for t in tokens)


def _all_of(lists: Iterable[Iterable[str]]) -> set[str] | None:
    """What stands in every list; None if there is no list."""
    found: set[str] | None = None
    for values in lists:
        found = set(values) if found is None else found & set(values)
    return found


def _appointments(tx: Tx, query: Query, asked: Asked, count: int) -> Page:
    wanted = _wanted(query)
    if wanted is None or count == 0:
        return Page([], None if wanted else 0, has_more=False)
    found = booking.search_appointments(
        tx,
        asked.secrets,
        AppointmentQuery(**wanted, limit=query.offset + count + 1),
        actor=asked.actor,
        now=asked.now,
    )
    page = _page(found, query.offset, count)
    return Page(page.entries, None if page.has_more else len(found), page.has_more)


def _wanted(query: Query) -> dict[str, Any] | None:
    """The query for booking; None if nothing can fit.

    Raises:
        Malformed: two actors at once.
    """
    if len(query.named("actor")) > 1:
        raise Malformed([Issue("not-supported", "actor is given once; alternatives stand behind commas")])
    statuses = {s.value for s in Status if _status_fits(s.value, query.named("status"))}
    ids = _all_of((token.code for token in c.tokens) for c in query.named("_id"))
    window = Window()
    for criterion in query.named("date"):
        window = window.within(criterion.window)
    if not statuses or ids == set():
        return None
    return {
        "ids": tuple(sorted(ids or ())),
        "statuses": tuple(sorted(statuses)),
        "actors": tuple(reference for c in query.named("actor") for reference in c.references),
        "start_ge": window.start,
        "start_lt": window.end,
    }


def _status_fits(code: str, criteria: Iterable[Criterion]) -> bool:
    return all(_fits(code, STATUS_SYSTEM, c.tokens) != (c.modifier == "not") for c in criteria)


SERVED = tuple(sorted((*KINDS, *_OWN)))
"""Every type that is read and searched."""


def capability(base_url: str, *, version: str, date: str) -> bytes:
    """The CapabilityStatement, from the table that the routes go by (R4, kind instance)."""
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "telemed", "version": version},
        "implementation": {"description": "telemed", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/fhir+xml"],
        "rest": [{"mode": "server", "security": _SECURITY, "resource": [_resource(kind) for kind in SERVED]}],
    }
    return orjson.dumps(statement)


_SECURITY = {"cors": False, "description": "Bearer token (RFC 6750), given out by the operator; this page is open."}


def _resource(kind: str) -> Mapping[str, Any]:
    made: dict[str, Any] = {"type": kind}
    if kind in PROFILES:
        made["supportedProfile"] = [PROFILES[kind]]
    made["interaction"] = [{"code": "read"}, {"code": "search-type"}]
    made["searchParam"] = [{"name": p.name, "type": p.type} for p in parameters_of(kind).values()]
    return made
