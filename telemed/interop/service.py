"""FHIR across capabilities: what is read and searched, and what is taken from files, passed over or refused."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from babel.dates import format_datetime

from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import SlotTaken
from telemed.booking.planner import HORIZON
from telemed.directory import service as directory
from telemed.directory.model import KINDS, Directory, slot_of
from telemed.fhir.bundle import bundle
from telemed.fhir.issues import Malformed, OffTheWire, explain
from telemed.fhir.resource import Resource
from telemed.fhir.search import Parameter, Query, Window, parse
from telemed.fhir.validate import validate
from telemed.identity.allowed import Asker, program
from telemed.identity.model import Actor
from telemed.interop import fhir, model
from telemed.interop.fhir import Piece
from telemed.interop.model import (
    NotBooked,
    NotImported,
    Outcome,
    Result,
    ScheduleMissing,
    SeedRefused,
    Slot,
    Unplaced,
    WithoutId,
)
from telemed.kit.db import Database, Tx
from telemed.kit.i18n import words
from telemed.kit.refusal import NotFound, Refusal
from telemed.kit.secrets import Secrets

SERVED = tuple(sorted((*KINDS, *fhir.OWN)))
"""Every type that is read and searched."""

SUFFIXES = frozenset({".json", ".xml", ".ndjson"})

T = TypeVar("T")
Keep = Callable[[Tx, Resource], None]
"""Keeps one valid resource, or refuses it."""


class Parts(Protocol):
    """What an import needs of the centre."""

    @property
    def db(self) -> Database: ...

    @property
    def secrets(self) -> Secrets: ...

    def the(self, kind: type[T]) -> T: ...


class _Undone(Exception):
    """Rolls a transaction back."""


def take_file(centre: Parts, name: str, data: bytes, *, actor: Actor, now: datetime) -> list[Outcome]:
    """Take what a file holds: one resource, a Bundle or NDJSON, in JSON or XML.

    Each resource has its own transaction, a Bundle of type transaction one for all. *name* is the file's, for the
    report; appointments start after *now*.

    Returns:
        One outcome for each resource, in the file's order; one for the file if it cannot be read.
    """
    try:
        pack = fhir.unpack(data)
    except Malformed as refusal:
        return [_refused(name, "", refusal)]
    keep = _keeper(centre, actor=actor, now=now)
    if pack.all_or_nothing:
        return _all_or_nothing(centre.db, name, pack.pieces, keep, now=now)
    found: dict[int, Outcome] = {}
    for place, piece in _in_order(pack.pieces):
        found[place] = _take_alone(centre, name, piece, keep, now=now)
    return [found[place] for place in sorted(found)]


async def take_one(centre: Parts, name: str, data: bytes, *, actor: Actor, now: datetime) -> list[Outcome]:
    """As `take_file`, for async code and one resource, which is how a program books: written with those of others."""
    try:
        pack = fhir.unpack(data)
    except Malformed as refusal:
        return [_refused(name, "", refusal)]
    if pack.all_or_nothing or len(pack.pieces) != 1:
        return await asyncio.to_thread(take_file, centre, name, data, actor=actor, now=now)
    piece, keep = pack.pieces[0], _keeper(centre, actor=actor, now=now)
    seen = _looked_at(name, piece)
    if isinstance(seen, Outcome):
        return [seen]
    resource = seen
    try:
        await centre.db.write(lambda tx: keep(tx, resource))
    except Refusal as refusal:
        return [await asyncio.to_thread(_told, centre, name, piece, resource, refusal, now=now)]
    return [Outcome(name, piece.name, Result.TAKEN)]


def _keeper(centre: Parts, *, actor: Actor, now: datetime) -> Keep:
    def keep(tx: Tx, resource: Resource) -> None:
        if resource.kind == "Appointment":
            _book(tx, centre.secrets, resource, actor=actor, now=now)
        else:
            _keep(tx, resource, now=now)

    return keep


def seed(db: Database, folder: Path, *, now: datetime) -> list[Outcome]:
    """Take the directory that the files of *folder* describe, or nothing of it.

    Raises:
        SeedRefused: it says what cannot be taken.
        Malformed: a file cannot be read.
    """
    files = [path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES]
    pieces = [(path.name, piece) for path in files for piece in fhir.unpack(path.read_bytes()).pieces]

    def keep(tx: Tx, resource: Resource) -> None:
        _keep(tx, resource, now=now)

    with db.transaction() as tx:
        outcomes = [_take(tx, name, piece, keep, now=now) for name, piece in pieces]
        refused = [line(outcome) for outcome in outcomes if outcome.refused]
        if refused:
            raise SeedRefused("; ".join(refused))
    return outcomes


def line(outcome: Outcome) -> str:
    """An outcome in one line, for people."""
    shown = words().text(f"interop.result.{outcome.result.value}")
    place = f" ({outcome.expression})" if outcome.expression else ""
    why = f": {outcome.why}{place}" if outcome.why else ""
    return " ".join(f"{outcome.file} {outcome.resource} {shown}{why}".split())


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """2 if anything was refused."""
    return 2 if any(outcome.refused for outcome in outcomes) else 0


def _in_order(pieces: Sequence[Piece]) -> Iterator[tuple[int, Piece]]:
    """Appointments last, so that those whom they name are known, wherever they stand in the file."""
    yield from sorted(enumerate(pieces), key=lambda placed: placed[1].kind == "Appointment")


def _all_or_nothing(db: Database, name: str, pieces: Sequence[Piece], keep: Keep, *, now: datetime) -> list[Outcome]:
    found: dict[int, Outcome] = {}
    try:
        with db.transaction() as tx:
            for place, piece in _in_order(pieces):
                found[place] = _take(tx, name, piece, keep, now=now)
            if exit_code(found.values()):
                raise _Undone
    except _Undone:
        return [_undone(found[place]) for place in sorted(found)]
    return [found[place] for place in sorted(found)]


def _undone(outcome: Outcome) -> Outcome:
    if outcome.result is not Result.TAKEN:
        return outcome
    return Outcome(outcome.file, outcome.resource, Result.NOT_KEPT, words().text("interop.why.transaction"))


def _take_alone(centre: Parts, file: str, piece: Piece, keep: Keep, *, now: datetime) -> Outcome:
    """Take one resource in a transaction of its own, which begins once it is known to be valid."""
    seen = _looked_at(file, piece)
    if isinstance(seen, Outcome):
        return seen
    try:
        with centre.db.transaction() as tx:
            keep(tx, seen)
    except Refusal as refusal:
        return _told(centre, file, piece, seen, refusal, now=now)
    return Outcome(file, piece.name, Result.TAKEN)


def _told(centre: Parts, file: str, piece: Piece, resource: Resource, refusal: Refusal, *, now: datetime) -> Outcome:
    """What became of a resource that was refused; with other times, looked up where nothing need be read."""
    if isinstance(refusal, SlotTaken):
        with centre.the(Index).at(now) as here:
            refusal = _with_times(refusal, booking.times_near(here, resource, now=now), here.directory)
    return _refused(file, piece.name, refusal)


def _take(tx: Tx, file: str, piece: Piece, keep: Keep, *, now: datetime) -> Outcome:
    """Take one resource; what is refused leaves no trace in *tx*."""
    seen = _looked_at(file, piece)
    if isinstance(seen, Outcome):
        return seen
    try:
        with tx.begin_nested():
            keep(tx, seen)
    except SlotTaken as refusal:
        times = booking.other_times(tx, seen, now=now)
        return _refused(file, piece.name, _with_times(refusal, times, directory.load(tx)))
    except Refusal as refusal:
        return _refused(file, piece.name, refusal)
    return Outcome(file, piece.name, Result.TAKEN)


def _looked_at(file: str, piece: Piece) -> Resource | Outcome:
    """The valid resource, or what becomes of one that is passed over or not valid."""
    passed_over = model.why_not_kept(piece.kind)
    if passed_over:
        return Outcome(file, piece.name, Result.NOT_KEPT, words().text(passed_over))
    try:
        if piece.fault is not None:
            raise piece.fault
        return validate(piece.content, piece.value)
    except Refusal as refusal:
        return _refused(file, piece.name, refusal)


def _keep(tx: Tx, resource: Resource, *, now: datetime) -> None:
    if not model.is_directory(resource.kind):
        raise NotImported(expression=resource.kind)
    directory.take(tx, resource, now=now)


def _book(tx: Tx, secrets: Secrets, appointment: Resource, *, actor: Actor, now: datetime) -> None:
    if not appointment.id:
        raise WithoutId(expression="Appointment.id")
    if appointment.fields["status"] != "booked":
        raise NotBooked(expression="Appointment.status")
    booking.import_appointment(tx, secrets, appointment, actor=actor, now=now)


def _with_times(refusal: SlotTaken, times: Sequence[datetime], known: Directory) -> Refusal:
    """The refusal together with the nearest times that are free."""
    if not times:
        return refusal
    shown = (format_datetime(one, "EEE d. MMM y, HH:mm", known.zone, words().language) for one in times)
    why = words().text(refusal.key, **refusal.params)
    return Unplaced(expression=refusal.expression, why=why, times="; ".join(shown))


def _refused(file: str, resource: str, refusal: Refusal) -> Outcome:
    _, issues = explain(refusal)
    why = "; ".join(issue.text or issue.diagnostics for issue in issues)
    return Outcome(file, resource, Result.REFUSED, why, issues[0].expression)


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
    if kind in fhir.OWN:
        return {p.name: p for p in (fhir.ID, *fhir.OWN[kind])}
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
    served = {kind: parameters_of(kind).values() for kind in SERVED}
    return fhir.capability(base_url, version=version, date=f"{now:%Y-%m-%d}", served=served)
