"""What is read and searched by FHIR, of whatever capability it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from telemed.booking import service as booking
from telemed.booking.planner import HORIZON
from telemed.directory import service as directory
from telemed.directory.model import KINDS, Directory, slot_of
from telemed.fhir.bundle import bundle
from telemed.fhir.issues import OffTheWire
from telemed.fhir.search import Parameter, Query, Window, parse
from telemed.identity.allowed import Asker, program
from telemed.identity.model import Actor
from telemed.interop import fhir, model, served
from telemed.interop.model import ScheduleMissing, Slot
from telemed.interop.statement import capability
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets

SERVED = tuple(sorted((*KINDS, *served.OWN)))
"""Every type that is read and searched."""


@dataclass(frozen=True)
class Asked:
    """Who asks, when, and what is needed to open what is sealed."""

    secrets: Secrets
    actor: Actor
    now: datetime

    @property
    def asker(self) -> Asker:
        return program(self.actor, self.now)


def parameters_of(kind: str) -> dict[str, Parameter]:
    """What a type is searched by; this table makes the routes and the CapabilityStatement.

    Raises:
        OffTheWire: 404, not a type that is served.
    """
    if kind in served.OWN:
        return {p.name: p for p in (fhir.ID, *served.OWN[kind])}
    if kind in KINDS:
        return {fhir.ID.name: fhir.ID, **directory.parameters(kind)}
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
        return booking.show_appointment(tx, asked.secrets, resource_id, asker=asked.asker)
    if kind == "Slot":
        return _slot(tx, resource_id, now=asked.now).content()
    return directory.read(tx, kind, resource_id)


def search(tx: Tx, kind: str, items: Iterable[tuple[str, str]], asked: Asked, *, base_url: str) -> bytes:
    """A searchset Bundle as JSON bytes. *items* are the parameters as given, *base_url* is ``…/fhir`` without a slash.

    Raises:
        OffTheWire: 404, not a type that is served.
        Malformed: a parameter's value is not understood.
        ScheduleMissing: slots of no schedule.
    """
    known = directory.load(tx)
    query = parse(items, parameters_of(kind), known.zone)
    count = fhir.PAGE if query.count is None else query.count
    match kind:
        case "Appointment":
            page = _appointments(tx, query, asked, count)
        case "Slot":
            page = fhir.page(_slots(tx, known, query, asked.now), query.offset, count)
        case _:
            page = fhir.page(directory.search(tx, kind, query.criteria), query.offset, count)
    return bundle(
        "searchset",
        page.entries,
        total=page.total,
        self_url=fhir.url(base_url, kind, query.applied),
        next_url=fhir.url(base_url, kind, fhir.after(query, count)) if page.has_more else "",
        base_url=base_url,
    )


def _slot(tx: Tx, slot_id: str, *, now: datetime) -> Slot:
    """
    Raises:
        NotFound: no such schedule, or it is closed then.
    """
    known = directory.load(tx)
    schedule_id, start, end = slot_of(slot_id) or ("", None, None)
    actors = known.schedules.get(schedule_id, ())
    if start is None or end is None or model.opened(known, actors, start, end) != [(start, end)]:
        raise NotFound
    free = booking.free_slots(tx, known, actors, start, end, now=now)
    return Slot(schedule_id, start, end, any(first <= start and end <= last for first, last in free))


def _slots(tx: Tx, known: Directory, query: Query, now: datetime) -> list[bytes]:
    """Slots of the schedules asked for, from now on as far as one may book, by start."""
    named = fhir.all_of(c.references for c in query.named("schedule"))
    by_id = fhir.all_of((token.code for token in c.tokens) for c in query.named("_id"))
    if by_id is not None:
        found = [s for s in _named_slots(tx, by_id, now=now) if named is None or f"Schedule/{s.schedule_id}" in named]
        return [slot.content() for slot in found if fhir.has_status(slot, query)]
    if named is None:
        raise ScheduleMissing(expression="Slot.schedule")
    window = Window(fhir.next_tick(now), now + HORIZON)
    for criterion in query.named("start"):
        window = window.within(criterion.window)
    found = [
        slot
        for reference in sorted(named)
        for slot in _of_schedule(tx, known, reference.removeprefix("Schedule/"), window, now=now)
        if fhir.has_status(slot, query)
    ]
    return [slot.content() for slot in sorted(found, key=lambda slot: (slot.start, slot.schedule_id))]


def _named_slots(tx: Tx, ids: Iterable[str], *, now: datetime) -> Iterable[Slot]:
    for slot_id in sorted(ids):
        try:
            yield _slot(tx, slot_id, now=now)
        except NotFound:
            continue


def _of_schedule(tx: Tx, known: Directory, schedule_id: str, window: Window, *, now: datetime) -> list[Slot]:
    actors = known.schedules.get(schedule_id, ())
    start, end = window.start, window.end
    if not actors or start is None or end is None or start >= end:
        return []
    free = booking.free_slots(tx, known, actors, start, end, now=now)
    pieces = model.pieces(free, model.slot_length(known, actors))
    busy = model.busy(model.opened(known, actors, start, end), free)
    return [Slot(schedule_id, *span, free=True) for span in pieces] + [
        Slot(schedule_id, *span, free=False) for span in busy
    ]


def _appointments(tx: Tx, query: Query, asked: Asked, count: int) -> fhir.Page:
    wanted = fhir.wanted(query, limit=query.offset + count + 1)
    if wanted is None or count == 0:
        return fhir.Page([], None if wanted else 0, has_more=False)
    found = booking.search_appointments(tx, asked.secrets, wanted, asker=asked.asker)
    page = fhir.page(found, query.offset, count)
    return fhir.Page(page.entries, None if page.has_more else len(found), page.has_more)


def statement(base_url: str, *, version: str, now: datetime) -> bytes:
    """The CapabilityStatement, from the table that the routes go by."""
    parameters = {kind: parameters_of(kind).values() for kind in SERVED}
    return capability(base_url, version=version, date=f"{now:%Y-%m-%d}", parameters=parameters)
