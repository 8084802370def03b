"""Taking FHIR R4 from files: what is taken, what is passed over, what is refused and why."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from telemed.booking import service as booking
from telemed.directory import service as directory
from telemed.fhir import raw, xml
from telemed.fhir.issues import Invalid, Issue, Malformed, explain
from telemed.fhir.resource import Resource
from telemed.fhir.validate import validate
from telemed.identity.model import Actor
from telemed.interop import model
from telemed.interop.model import NotBooked, NotImported, Outcome, Result, SeedRefused, WithoutId
from telemed.kit.db import Database, Tx
from telemed.kit.i18n import words
from telemed.kit.refusal import Refusal
from telemed.kit.secrets import Secrets

SUFFIXES = frozenset({".json", ".xml", ".ndjson"})


Keep = Callable[[Tx, Resource], None]
"""Keeps one valid resource, or refuses it."""


class Parts(Protocol):
    """What an import needs of the centre."""

    @property
    def db(self) -> Database: ...

    @property
    def secrets(self) -> Secrets: ...


@dataclass(frozen=True)
class _Piece:
    """One resource of a file. *fault*: why it cannot even be looked at."""

    content: bytes
    kind: str = ""
    id: str = ""
    fault: Refusal | None = None

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.id}" if self.id else self.kind


@dataclass(frozen=True)
class _Pack:
    """The resources of a file, and whether all are taken or none."""

    pieces: tuple[_Piece, ...]
    all_or_nothing: bool = False


class _Undone(Exception):
    """Rolls a transaction back."""


def take_file(centre: Parts, name: str, data: bytes, *, actor: Actor, now: datetime) -> list[Outcome]:
    """Take what a file holds: one resource, a Bundle or NDJSON, in JSON or XML.

    Args:
        centre: its database, where each resource has its own transaction and a Bundle of type transaction one for
            all; its secrets, for the persons of appointments.
        name: the file's name, for the report.
        data: the file.
        actor: who imports.
        now: appointments start after it.

    Returns:
        One outcome for each resource, in the file's order; one for the file if it cannot be read.
    """
    try:
        pack = _unpack(data)
    except Malformed as refusal:
        return [_refused(name, "", refusal)]

    def keep(tx: Tx, resource: Resource) -> None:
        if resource.kind == "Appointment":
            _book(tx, centre.secrets, resource, actor=actor, now=now)
        else:
            _keep(tx, resource, now=now)

    if pack.all_or_nothing:
        return _all_or_nothing(centre.db, name, pack.pieces, keep)
    found: dict[int, Outcome] = {}
    for place, piece in _in_order(pack.pieces):
        with centre.db.transaction() as tx:
            found[place] = _take(tx, name, piece, keep)
    return [found[place] for place in sorted(found)]


def seed(db: Database, folder: Path, *, now: datetime) -> list[Outcome]:
    """Take the directory that the files of *folder* describe, or nothing of it.

    Raises:
        SeedRefused: it says what cannot be taken.
        Malformed: a file cannot be read.
    """
    files = [path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES]
    pieces = [(path.name, piece) for path in files for piece in _unpack(path.read_bytes()).pieces]

    def keep(tx: Tx, resource: Resource) -> None:
        _keep(tx, resource, now=now)

    with db.transaction() as tx:
        outcomes = [_take(tx, name, piece, keep) for name, piece in pieces]
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


def _unpack(data: bytes) -> _Pack:
    """
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
        return _Pack(lines)
    if isinstance(value, dict) and value.get("resourceType") == "Bundle":
        return _of_bundle(text, value)
    return _Pack((_piece(text, value),))


def _lines(text: str) -> tuple[_Piece, ...] | None:
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


def _line_piece(text: str) -> _Piece:
    value, fault = _parsed(text)
    return _Piece(b"", fault=fault) if fault else _piece(text, value)


def _of_bundle(text: str, bundle: dict[str, Any]) -> _Pack:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise Malformed([Issue("structure", "entry is an array", "Bundle.entry")])
    is_transaction = bundle.get("type") == "transaction"
    spans = raw.items(text, raw.members(text)["entry"][0]) if entries else []
    pieces = (
        _of_entry(text, start, entry, place)
        for place, ((start, _), entry) in enumerate(zip(spans, entries, strict=True))
    )
    return _Pack(tuple(pieces), is_transaction)


def _of_entry(text: str, start: int, entry: Any, place: int) -> _Piece:
    where = f"Bundle.entry[{place}]"
    if not isinstance(entry, dict) or "resource" not in entry:
        return _Piece(b"", fault=Invalid([Issue("required", "an entry to take has a resource", where)]))
    request = entry.get("request")
    if isinstance(request, dict) and request.get("method") not in ("POST", "PUT"):
        return _Piece(b"", fault=Invalid([Issue("not-supported", "entries are POST or PUT", f"{where}.request")]))
    first, last = raw.members(text, start)["resource"]
    return _piece(text[first:last], entry["resource"])


def _piece(text: str, value: Any) -> _Piece:
    if not isinstance(value, dict):
        return _Piece(b"", fault=Malformed([Issue("structure", "a resource is a JSON object")]))
    kind, resource_id = value.get("resourceType"), value.get("id")
    safe_kind = kind if isinstance(kind, str) and kind.isascii() and kind.isalpha() else ""
    return _Piece(text.encode(), safe_kind, _shown(resource_id))


def _shown(resource_id: Any) -> str:
    """An id as it may stand in a report: nothing but what an id is made of, so no line can be faked."""
    text = resource_id if isinstance(resource_id, str) else ""
    return text if len(text) <= 64 and all(c.isascii() and (c.isalnum() or c in "-.") for c in text) else ""


def _in_order(pieces: Sequence[_Piece]) -> Iterator[tuple[int, _Piece]]:
    """Appointments last, so that those whom they name are known, wherever they stand in the file."""
    yield from sorted(enumerate(pieces), key=lambda placed: placed[1].kind == "Appointment")


def _all_or_nothing(db: Database, name: str, pieces: Sequence[_Piece], keep: Keep) -> list[Outcome]:
    found: dict[int, Outcome] = {}
    try:
        with db.transaction() as tx:
            for place, piece in _in_order(pieces):
                found[place] = _take(tx, name, piece, keep)
            if exit_code(found.values()):
                raise _Undone
    except _Undone:
        return [_undone(found[place]) for place in sorted(found)]
    return [found[place] for place in sorted(found)]


def _undone(outcome: Outcome) -> Outcome:
    if outcome.result is not Result.TAKEN:
        return outcome
    return Outcome(outcome.file, outcome.resource, Result.NOT_KEPT, words().text("interop.why.transaction"))


def _take(tx: Tx, file: str, piece: _Piece, keep: Keep) -> Outcome:
    """Take one resource; what is refused leaves no trace in *tx*."""
    passed_over = model.why_not_kept(piece.kind)
    if passed_over:
        return Outcome(file, piece.name, Result.NOT_KEPT, words().text(passed_over))
    try:
        if piece.fault is not None:
            raise piece.fault
        with tx.begin_nested():
            keep(tx, validate(piece.content))
    except Refusal as refusal:
        return _refused(file, piece.name, refusal)
    return Outcome(file, piece.name, Result.TAKEN)


def _keep(tx: Tx, resource: Resource, *, now: datetime) -> None:
    if not model.is_directory(resource.kind):
        raise NotImported(expression=resource.kind)
    directory.take(tx, resource, now=now)


def _book(tx: Tx, secrets: Secrets, appointment: Resource, *, actor: Actor, now: datetime) -> None:
    if not appointment.id:
        raise WithoutId(expression="Appointment.id")
    if appointment.fields["status"] != "booked":
        raise NotBooked(expression="Appointment.status")
    booking.import_appointment(tx, secrets, directory.load(tx), appointment, actor=actor, now=now)


def _refused(file: str, resource: str, refusal: Refusal) -> Outcome:
    _, issues = explain(refusal)
    why = "; ".join(issue.text or issue.diagnostics for issue in issues)
    return Outcome(file, resource, Result.REFUSED, why, issues[0].expression)
