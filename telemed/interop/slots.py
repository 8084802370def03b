"""Slots as a view of free and busy time: cut from what is open, and kept nowhere (DESIGN D4). Pure.

What is free is cut from the beginning of each run of free time, so that the same slots are found whatever one asks for
besides; what is too short for the shortest service is left over. Nothing goes beyond midnight (UTC).
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from telemed.booking.ground import Ground
from telemed.booking.planner import DAY, HORIZON, moment_of, runs, tick_after, tick_of, ticks_in
from telemed.directory.calendar import Span, merged
from telemed.directory.model import Device, Directory, slot_of
from telemed.fhir.bundle import Entry
from telemed.fhir.search import Order
from telemed.fhir.values import Window
from telemed.interop import leafing
from telemed.interop.leafing import Page, Turn

SHORTEST = timedelta(minutes=5)
"""The length of a slot where no service says more: one tick."""
PROFILE = "https://gematik.de/fhir/isik/StructureDefinition/ISiKTerminblock"


class Slot(NamedTuple):
    """A piece of a schedule, in ticks; sorted by when it begins."""

    first: int
    schedule_id: str
    last: int
    free: bool

    @property
    def id(self) -> str:
        """As `telemed.directory.model.slot_id`."""
        return f"{self.schedule_id}.{_texts(self.first)[0]}.{(self.last - self.first) * 5}"

    @property
    def start(self) -> datetime:
        return moment_of(self.first)

    @property
    def status(self) -> str:
        return "free" if self.free else "busy"

    def content(self) -> bytes:
        """The FHIR R4 Slot (ISiKTerminblock) as JSON."""
        return _content(self)


@lru_cache(maxsize=32_768)
def _content(slot: Slot) -> bytes:
    """Ids are of a safe alphabet, so nothing needs escaping."""
    return (
        f'{{"resourceType":"Slot","id":"{slot.id}",'
        f'"meta":{{"profile":["{PROFILE}"]}},"schedule":{{"reference":"Schedule/{slot.schedule_id}"}},'
        f'"status":"{slot.status}","start":"{_texts(slot.first)[1]}","end":"{_texts(slot.last)[1]}"}}'
    ).encode()


@lru_cache(maxsize=32_768)
def entry(row: "Row") -> Entry:
    """A slot as what a search matches."""
    slot = Slot._make(row)
    return Entry(f"Slot/{slot.id}", slot.content())


@lru_cache(maxsize=65_536)
def _texts(tick: int) -> tuple[str, str]:
    """The moment as an id and as an instant has it."""
    moment = moment_of(tick)
    return f"{moment:%Y%m%dT%H%MZ}", f"{moment:%Y-%m-%dT%H:%M:%SZ}"


BOTH = frozenset({"free", "busy"})
Row = tuple[int, str, int, bool]
"""What a `Slot` has; made of it are only those that are shown."""

MANY = 1024
"""Schedules whose slots are remembered."""
_cut: dict[tuple[str, frozenset[str]], tuple[tuple[object, ...], list[Row]]] = {}
"""By schedule and status: what they were cut from, and the slots. A claim makes another mask, so nothing grows old."""


def of_schedules(
    here: Ground,
    schedule_ids: Iterable[str],
    windows: Sequence[Window],
    *,
    now: datetime,
    statuses: frozenset[str] = BOTH,
) -> list[Row]:
    """The slots that begin within one of *windows*, after *now* and as far as one may book, by start."""
    earliest, latest = tick_of(now) + 1, tick_of(now + HORIZON)
    found: list[Row] = []
    bounds = [
        (
            earliest if window.start is None else max(earliest, tick_after(window.start)),
            latest if window.end is None else min(latest, tick_after(window.end)),
        )
        for window in windows
    ]
    several = False
    for schedule_id in schedule_ids:
        rows = _of_schedule(here, schedule_id, statuses)
        for first, last in bounds:
            low = bisect_left(rows, (first,))
            several = several or bool(found)
            found += rows[low : bisect_left(rows, (max(first, last),), lo=low)]
    return sorted(set(found)) if several else found


ORDERS = frozenset({"start", "schedule", "status", "_id"})
"""By what they may be sorted."""


def sorted_by(rows: Sequence[Row], turn: Turn, by: Sequence[Order]) -> tuple[list[Row], Page]:
    """The page of *rows*, which come by their start."""
    falling = [one.descending for one in by] or [False]
    if [one.name for one in by] in ([], ["start"]):
        return leafing.paged(rows, turn, falling)
    keyed = sorted(
        (leafing.key([_key(row, one.name) for one in by], falling), f"{row[0]} {row[1]}", row) for row in rows
    )
    shown, page = leafing.paged(keyed, turn, falling)
    return [row for _, _, row in shown], page


def _key(row: Row, name: str) -> int | str:
    match name:
        case "start":
            return row[0]
        case "schedule":
            return row[1]
        case "status":
            return "free" if row[3] else "busy"
        case _:
            return Slot._make(row).id


def _of_schedule(here: Ground, schedule_id: str, statuses: frozenset[str]) -> list[Row]:
    """All of one schedule, by start."""
    known = here.directory
    actors = known.schedules.get(schedule_id, ())
    key = (known, here.window, *(here.busy(one) for one in actors))
    remembered = _cut.get((schedule_id, statuses))
    if remembered is not None and remembered[0] == key:
        return remembered[1]
    if len(_cut) >= MANY:
        _cut.clear()
    rows = sorted(_pieces(here, schedule_id, actors, statuses))
    _cut[schedule_id, statuses] = key, rows
    return rows


def _pieces(here: Ground, schedule_id: str, actors: tuple[str, ...], statuses: frozenset[str]) -> Iterator[Row]:
    opened = here.window.all if actors else 0
    busy = 0
    for actor_id in actors:
        actor = here.directory.actor(actor_id)
        opened &= here.opened(actor) if actor is not None else 0
        busy |= here.busy(actor_id)
    length, offset = ticks_in(slot_length(here.directory, actors)), here.window.first
    for a, b in _by_day(opened & ~busy, offset) if "free" in statuses else ():
        for start in range(a, b - length + 1, length):
            yield start, schedule_id, start + length, True
    for a, b in _by_day(opened & busy, offset) if "busy" in statuses else ():
        yield a, schedule_id, b, False


def _by_day(mask: int, offset: int) -> Iterator[tuple[int, int]]:
    """The runs of set bits as ticks, none beyond midnight."""
    for a, b in runs(mask):
        start, end = a + offset, b + offset
        while start < end:
            midnight = min((start // DAY + 1) * DAY, end)
            yield start, midnight
            start = midnight


def named(here: Ground, slot_id: str, *, now: datetime) -> Slot | None:
    """The slot of this id, whoever cut it: any time in which the schedule is open has one. None if it is closed then.

    It is free while it may be booked as a whole.
    """
    schedule_id, start, end = slot_of(slot_id) or ("", None, None)
    actors = here.directory.schedules.get(schedule_id, ())
    if start is None or end is None or opened(here.directory, actors, start, end) != [(start, end)]:
        return None
    wanted = here.window.mask(tick_of(start), tick_after(end))
    free = wanted.bit_count() == tick_after(end) - tick_of(start) and start > now
    for actor_id in actors:
        free = free and here.free(actor_id) & wanted == wanted
    return Slot(tick_of(start), schedule_id, tick_after(end), free)


def opened(directory: Directory, actor_ids: Sequence[str], start: datetime, end: datetime) -> list[Span]:
    """When all these actors are open between two moments; nothing for one without opening hours."""
    found: list[Span] = [(start, end)]
    for actor_id in actor_ids:
        found = _both(found, _open_one(directory, actor_id, start, end))
    return found if actor_ids else []


def _open_one(directory: Directory, actor_id: str, start: datetime, end: datetime) -> list[Span]:
    known = directory.actor(actor_id)
    if known is None:
        return []
    if isinstance(known, Device) and known.until is not None:
        end = min(end, known.until)
    return known.hours.between(start, end, directory.zone)


def _both(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """What lies in both; pieces that touch become one."""
    return merged((max(a, c), min(b, d)) for a, b in some for c, d in others)


@lru_cache(maxsize=4096)
def slot_length(directory: Directory, actor_ids: tuple[str, ...]) -> timedelta:
    """The shortest service that one of these actors takes part in: what a slot of theirs is cut to."""
    doctors = {actor_id for actor_id in actor_ids if actor_id in directory.doctors}
    lengths = [
        service.length
        for service in directory.services.values()
        if doctors & {doctor.id for doctor in directory.doctors_for(service)} or set(service.room_ids) & set(actor_ids)
    ]
    return min(lengths, default=SHORTEST)
