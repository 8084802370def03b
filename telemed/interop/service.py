"""FHIR across capabilities: what is taken from files, passed over or refused. `looking` is the other half."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from babel.dates import format_datetime

from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import SlotTaken
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.fhir.codes import unknown_specialties
from telemed.fhir.issues import Invalid, Malformed, explain
from telemed.fhir.resource import Resource
from telemed.fhir.validate import validate
from telemed.identity.model import Actor, Role
from telemed.interop import fhir, model, writing
from telemed.interop.fhir import Piece
from telemed.interop.model import (
    NotBooked,
    NotImported,
    Outcome,
    Result,
    SeedRefused,
    Unplaced,
    WithoutId,
)
from telemed.kit.db import Database, Tx
from telemed.kit.i18n import words
from telemed.kit.refusal import Refusal
from telemed.kit.secrets import Secrets

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
            if actor.role is Role.CLIENT:
                writing.check_theirs(tx, resource, actor=actor)
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
    unknown = tuple(unknown_specialties(appointment.fields, "Appointment"))
    if unknown:
        raise Invalid(unknown)
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
