"""What is read and searched by FHIR, of whatever capability it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import orjson

from telemed.booking import seeking
from telemed.booking import service as booking
from telemed.booking.ground import Ground
from telemed.booking.index import Index
from telemed.booking.sought import Kept, Sealed, Sought
from telemed.booking.sought import Mark as Beside
from telemed.directory import shelf as shelves
from telemed.directory.model import KINDS, Directory
from telemed.directory.shelf import Shelf, Volume
from telemed.fhir.bundle import Entry, bundle
from telemed.fhir.issues import Issue, Malformed, OffTheWire
from telemed.fhir.search import Criterion, Grammar, Order, Parameter, Query, parse
from telemed.fhir.values import Window
from telemed.identity import scopes
from telemed.identity.allowed import Asker, program
from telemed.identity.model import Actor
from telemed.identity.scopes import Act
from telemed.interop import auditing, including, leafing, served, shortened, slots, terminology, wanted
from telemed.interop.leafing import Page, Turn
from telemed.interop.model import ScheduleMissing
from telemed.interop.slots import Slot
from telemed.interop.statement import capability
from telemed.kit.db import Database
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets
from telemed.people.service import Auditor

SERVED = tuple(sorted((*KINDS, *served.OWN, *terminology.KINDS)))
"""Every type that is read and searched."""
ID, UPDATED = Parameter("_id", "token"), Parameter("_lastUpdated", "date")

T = TypeVar("T")


class Parts(Protocol):
    """What looking needs of the centre."""

    @property
    def server(self) -> str: ...

    @property
    def db(self) -> Database: ...

    @property
    def secrets(self) -> Secrets: ...

    def the(self, kind: type[T]) -> T: ...


@dataclass(frozen=True)
class Asked:
    """Who asks, and when. *base_url*: ``…/fhir`` without a slash. *strict*: what is not understood is refused."""

    actor: Actor
    now: datetime
    base_url: str
    strict: bool = False

    @property
    def asker(self) -> Asker:
        return program(self.actor, self.now)


@dataclass(frozen=True)
class Hits:
    """A page of what matches. *total*: how many do in all."""

    total: int
    entries: Sequence[Entry]
    page: Page


STORED = ("Appointment", auditing.KIND)
"""What is looked up in the database, at each search."""
NOTHING = Page(None, None, earlier=False, later=False)


@dataclass(frozen=True)
class Place:
    """Where is looked: the state of the directory, in memory."""

    known: Directory
    shelf: Shelf
    codes: Shelf


_codes: dict[str, Shelf] = {}


def place(db: Database, known: Directory) -> Place:
    """The directory's resources, and the codes that follow from them, worked out once for each state."""
    shelf = shelves.of(db, known)
    codes = _codes.get(known.stamp) if known.stamp else None
    if codes is None:
        _codes.clear()
        codes = _codes[known.stamp] = _terminology(known, shelf)
    return Place(known, shelf, codes)


def _terminology(known: Directory, shelf: Shelf) -> Shelf:
    volumes = [one for kind in shelf.kinds.values() for one in kind.values()]
    made = max((one.taken_at for one in volumes), default=datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    directory = (orjson.loads(one.content) for one in volumes)
    shown = terminology.resources(directory, version=known.version, made=made.isoformat(timespec="seconds"))
    return shelves.of_terms(shown, terminology.SEARCH, taken_at=made)


def parameters_of(kind: str) -> dict[str, Parameter]:
    """What a type is searched by; this table makes the routes and the CapabilityStatement.

    Raises:
        OffTheWire: 404, not a type that is served.
    """
    if kind == "Slot":
        return {p.name: p for p in (ID, *served.OWN[kind])}
    if kind in served.OWN:
        return {p.name: p for p in (ID, UPDATED, *served.OWN[kind])}
    if kind in KINDS:
        return {ID.name: ID, UPDATED.name: UPDATED, **shelves.parameters(kind)}
    if kind in terminology.KINDS:
        return {ID.name: ID, UPDATED.name: UPDATED, **terminology.PARAMETERS}
    raise OffTheWire(404, "not-supported", f"not served here; served are {', '.join(SERVED)}")


def _in_chains(kind: str) -> Mapping[str, Parameter]:
    """What may stand at the end of a chain: nothing that only some may see."""
    if kind == "Slot":
        return {p.name: p for p in served.OWN[kind] if p.name == "schedule"}
    return {ID.name: ID, **shelves.in_chains(kind)} if kind in KINDS else {}


def read(centre: Parts, kind: str, resource_id: str, asked: Asked) -> bytes:
    """One resource as JSON bytes, of any type but Appointment.

    Raises:
        OffTheWire: 404, not a type that is served.
        NotAllowed: no scope says that this type may be read.
        NotFound: there is none.
    """
    parameters_of(kind)
    scopes.require(asked.actor, kind, Act.READ)
    if kind == auditing.KIND:
        with centre.db.reading() as tx:
            return auditing.read(tx, resource_id, auditing.Pages(centre.server, asked.base_url), actor=asked.actor)
    with centre.the(Index).at(asked.now) as here:
        if kind == "Slot":
            slot = slots.named(here, resource_id, now=asked.now)
            content = slot.content() if slot else None
        else:
            at = place(centre.db, here.directory)
            volume = (at.codes if kind in terminology.KINDS else at.shelf).get(kind, resource_id)
            content = volume.content if volume else None
    if content is None:
        raise NotFound
    return content


@dataclass(frozen=True)
class Answer:
    """A searchset Bundle as JSON bytes, and how many it gives of what matches."""

    content: bytes
    given: int


async def search(centre: Parts, kind: str, items: Iterable[tuple[str, str]], asked: Asked) -> Answer:
    """Search a type. *items* are the parameters as given.

    Raises:
        OffTheWire: 404, not a type that is served.
        NotAllowed: no scope says that this type may be searched.
        Malformed: a parameter's value is not understood; if *asked* strictly, also what is not known.
        ScheduleMissing: slots of no schedule.
    """
    parameters_of(kind)
    scopes.require(asked.actor, kind, Act.SEARCH)
    with centre.the(Index).at(asked.now) as here:
        at = place(centre.db, here.directory)
        query = query_of(kind, items, at.known)
        _refuse_unknown(query, asked)
        turn = leafing.turn_of(query)
        hits = Hits(0, (), NOTHING) if kind in STORED else _in_memory(kind, here, at, query, turn, asked.now)
    if kind == "Appointment":
        hits = await _appointments(centre, at, query, turn, asked)
    elif kind == auditing.KIND:
        shown = auditing.Pages(centre.server, asked.base_url)
        hits = Hits(*await centre.db.look(lambda tx: auditing.search(tx, query, turn, shown, actor=asked.actor)))
    entries = [*hits.entries, *_included(centre, at, query, hits, asked)]
    if query.elements or query.summary:
        entries = [shortened.shown(entry, query) for entry in entries]
    pages = leafing.links(asked.base_url, kind, query, turn, hits.page)
    content = bundle("searchset", entries, total=hits.total, pages=pages, base_url=asked.base_url)
    return Answer(content, len(hits.entries))


def query_of(kind: str, items: Iterable[tuple[str, str]], known: Directory) -> Query:
    """The parameters of a search of *kind*, understood.

    Raises:
        OffTheWire: 404, not a type that is served.
        Malformed: a parameter's value is not understood.
    """
    return parse(items, _grammar(kind, parameters_of(kind), known))


def _grammar(kind: str, known: Mapping[str, Parameter], directory: Directory) -> Grammar:
    line = served.LINES[kind]
    match kind:
        case "Appointment":
            orders = frozenset(wanted.ORDERS)
        case "Slot":
            orders = slots.ORDERS
        case auditing.KIND:
            orders = auditing.ORDERS
        case _:
            orders = frozenset(known)
    return Grammar(
        known, directory.zone, _in_chains, orders, served.INCLUDES, frozenset(line.included_by), served.REFERRING, kind
    )


def _refuse_unknown(query: Query, asked: Asked) -> None:
    """``Prefer: handling=strict`` (R4, search.html 3.1.1.1.1)."""
    if asked.strict and query.ignored:
        names = sorted({name for name in query.ignored if name.isascii() and len(name) <= 64 and name.isprintable()})
        where = f"http.{names[0].partition('.')[0].partition(':')[0]}" if names else ""
        raise Malformed([Issue("not-supported", "not understood here: " + ", ".join(names or ["a parameter"]), where)])


def _in_memory(kind: str, here: Ground, at: Place, query: Query, turn: Turn, now: datetime) -> Hits:
    if kind == "Slot":
        return _slots(here, at, query, turn, now)
    shelf = at.codes if kind in terminology.KINDS else at.shelf
    found = shelf.find(kind, query.criteria)
    by = query.order or (Order("_id"),)
    falling = [one.descending for one in by]
    rows = sorted((leafing.key([_sorted_by(one, each.name) for each in by], falling), one.id, one) for one in found)
    shown, page = leafing.paged(rows, turn, falling)
    return Hits(len(rows), () if query.only_count else [Entry(one.name, one.content) for _, _, one in shown], page)


def _sorted_by(one: Volume, name: str) -> str:
    match name:
        case "_id":
            return ""
        case "_lastUpdated":
            return one.taken_at.isoformat()
        case _:
            return next((term.value for term in one.found_by.get(name, ())), "")


def _slots(here: Ground, at: Place, query: Query, turn: Turn, now: datetime) -> Hits:
    """Slots of the schedules asked for, from now on as far as one may book, by start."""
    found = _all_slots(here, at, query, now)
    shown, page = slots.sorted_by(found, turn, query.order)
    entries = () if query.only_count else [slots.entry(row) for row in shown]
    return Hits(len(found), entries, page)


def _all_slots(here: Ground, at: Place, query: Query, now: datetime) -> Sequence[slots.Row]:
    said = [one for one in query.criteria if one.modifier != "missing"]
    if any(one.missing for one in query.criteria):
        return []  # a slot lacks nothing
    named = _all_of(_references(one, at) for one in said if one.name == "schedule")
    by_id = _all_of((each.code for each in one.tokens) for one in said if (one.name, one.modifier) == ("_id", ""))
    others = {each.code for one in said if (one.name, one.modifier) == ("_id", "not") for each in one.tokens}
    starts, statuses = [one for one in said if one.name == "start"], _statuses(query)
    if by_id is not None:
        every = (slots.named(here, slot_id, now=now) for slot_id in sorted(by_id))
        known = sorted(slot for slot in every if slot and (named is None or f"Schedule/{slot.schedule_id}" in named))
        known = [one for one in known if one.status in statuses and one.id not in others]
        return [one for one in known if all(_within(one, each) for each in starts)]
    if named is None:
        raise ScheduleMissing
    windows: list[Window] = [Window()]
    for criterion in starts:
        windows = [one.within(other) for one in windows for other in criterion.windows]
    schedules = sorted(one.removeprefix("Schedule/") for one in named)
    found = slots.of_schedules(here, schedules, windows, now=now, statuses=statuses)
    return [row for row in found if Slot._make(row).id not in others] if others else found


def _references(criterion: Criterion, at: Place) -> Iterable[str]:
    return criterion.references if criterion.chain is None else at.shelf.named_by(criterion)


def _within(slot: Slot, criterion: Criterion) -> bool:
    return any(window.has(slot.start) for window in criterion.windows)


def _all_of(lists: Iterable[Iterable[str]]) -> set[str] | None:
    """What stands in every list; None if there is no list."""
    found: set[str] | None = None
    for values in lists:
        found = set(values) if found is None else found & set(values)
    return found


SLOT_STATUS_SYSTEM = "http://hl7.org/fhir/slotstatus"


def _statuses(query: Query) -> frozenset[str]:
    """What the search says of the status."""
    found = slots.BOTH
    for each in query.named("status"):
        if each.modifier != "missing":
            named = wanted.statuses(each, SLOT_STATUS_SYSTEM, slots.BOTH)
            found &= slots.BOTH - named if each.modifier == "not" else named
    return found


async def _appointments(centre: Parts, at: Place, query: Query, turn: Turn, asked: Asked) -> Hits:
    """Counted and found in SQL, behind the rule of who may see what; unsealed only what is handed out."""
    by = wanted.order(query.order)
    moments = [one.kept in (Kept.START, Kept.UPDATED) for one in by]
    beside = Beside(*leafing.mark(turn.beside, moments=moments)) if turn.beside else None
    limit = 0 if query.only_count else turn.count + 1
    where = wanted.wanted(query, at.known, at.shelf.named_by)
    sought = Sought(where, by, limit, turn.offset, beside, turn.backwards)
    found = await centre.db.look(lambda tx: seeking.seek(tx, sought, asker=asked.asker))
    shown: list[Sealed] = found.hits[: turn.count]
    page = leafing.page_of(
        [(one.at if len(by) > 1 else one.at[0], one.id) for one in (shown[::-1] if turn.backwards else shown)],
        turn,
        has_more=len(found.hits) > len(shown),
    )
    some = seeking.Found(found.total, shown[::-1] if turn.backwards else shown, found.keys)
    plain = await seeking.unseal(centre.the(Auditor), centre.secrets, some, asker=asked.asker)
    return Hits(found.total, [Entry(f"Appointment/{one}", content) for one, content in plain.items()], page)


def _included(centre: Parts, at: Place, query: Query, hits: Hits, asked: Asked) -> list[Entry]:
    """What is included, as far as the client may read it; each once."""
    if not query.includes or not hits.entries:
        return []
    with centre.the(Index).at(asked.now) as here:
        found = including.included(query.includes, hits.entries, at.shelf, here, now=asked.now)
        return [entry for entry in found if scopes.permits(asked.actor, entry.kind, Act.READ)]


def expand(centre: Parts, asked: Asked, *, value_set: str = "", url: str = "", text: str = "") -> bytes:
    """``ValueSet/$expand``: one value set by its id or by its canonical address, with the codes that have *text*.

    Raises:
        NotFound: there is none.
    """
    scopes.require(asked.actor, "ValueSet", Act.READ)
    with centre.the(Index).at(asked.now) as here:
        every = place(centre.db, here.directory).codes.kinds["ValueSet"].values()
    for one in every:
        fields = orjson.loads(one.content)
        if value_set == one.id or (url and fields["url"] == url.partition("|")[0]):
            return orjson.dumps(terminology.expanded(fields, text))
    raise NotFound


async def read_appointment(centre: Parts, resource_id: str, asked: Asked) -> bytes:
    """One appointment: unsealed, its audit line on disk when this returns.

    Raises:
        NotAllowed: no scope says that appointments may be read.
        NotFound: there is no such appointment, or it is not for this program; both are answered alike.
        Erased: its person is gone.
    """
    scopes.require(asked.actor, "Appointment", Act.READ)
    auditor = centre.the(Auditor)
    return await booking.reveal_appointment(centre.db.glance, auditor, centre.secrets, resource_id, asker=asked.asker)


def statement(base_url: str, *, version: str, now: datetime) -> bytes:
    """The CapabilityStatement, from the table that the routes go by."""
    parameters = {kind: parameters_of(kind).values() for kind in SERVED}
    return capability(base_url, version=version, date=f"{now:%Y-%m-%d}", parameters=parameters)
