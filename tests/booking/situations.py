"""Made-up quarters with wishes and claims, and the planner's rules once more as a slow, obvious reference."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import strategies as st

from telemed.booking import planner
from telemed.booking.planner import What, Wish, moment_of, tick_of, ticks_in
from telemed.directory.calendar import Hours, Opening
from telemed.directory.model import (
    LEVELS,
    Assistant,
    Buffers,
    Device,
    Directory,
    Doctor,
    Interpreter,
    Room,
    Service,
)
from tests.builders import ZONE

DAY, LEAP = date(2026, 11, 24), date(2028, 2, 29)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
Busy = set[tuple[str, int]]


def hours(*openings: tuple[time, time]) -> Hours:
    """The same on each day of the week."""
    return Hours((tuple(Opening(*one) for one in sorted(openings)),) * 7)


ALWAYS = hours((time(0), time(0)))


def directory(
    *,
    doctors: Iterable[Doctor],
    assistants: Iterable[Assistant],
    rooms: Iterable[Room],
    devices: Iterable[Device] = (),
    interpreters: Iterable[Interpreter] = (),
    services: Iterable[Service],
) -> Directory:
    return Directory(
        zone=ZONE,
        doctors={one.id: one for one in doctors},
        assistants={one.id: one for one in assistants},
        rooms={one.id: one for one in rooms},
        devices={one.id: one for one in devices},
        services={one.id: one for one in services},
        schedules={},
        version=1,
        quarter_name="quarter",
        interpreters={one.id: one for one in interpreters},
    )


def open_at(open_hours: Hours, tick: int) -> bool:
    """By the wall clock, minute by minute as people read it."""
    wall = moment_of(tick).astimezone(ZONE)
    minutes = wall.hour * 60 + wall.minute
    for opening in open_hours.by_weekday[wall.weekday()]:
        start, end = (at.hour * 60 + at.minute for at in (opening.start, opening.end))
        if start <= minutes and minutes + 5 <= (end or 24 * 60):
            return not any(a < moment_of(tick + 1) and moment_of(tick) < b for a, b in open_hours.closed)
    return False


@dataclass(frozen=True)
class Reference:
    """The rules once more, in the plainest words: sets of ticks and nested loops."""

    known: Directory
    busy: Busy

    def ready(self, actor_id: str, first: int, ticks: int) -> bool:
        actor = self.known.actor(actor_id)
        assert actor is not None
        visit = range(first, first + ticks)
        if isinstance(actor, Room) and not actor.is_claimed:
            return all(open_at(actor.hours, tick) for tick in visit)
        kept = range(visit.start - ticks_in(actor.buffers.before), visit.stop + ticks_in(actor.buffers.after))
        if isinstance(actor, Device) and actor.bookable_until and moment_of(visit.stop) > actor.bookable_until:
            return False
        return all((actor_id, tick) not in self.busy for tick in kept) and all(open_at(actor.hours, t) for t in visit)

    def possible(self, what: What, service: Service, room: Room, first: int) -> bool:
        """Whether somebody of each kind is ready, by trying everybody."""
        ticks, known = ticks_in(service.length), self.known
        ready = [d for d in known.doctors_for(service) if self.ready(d.id, first, ticks)]
        ready = [d for d in ready if not what.doctor_ids or d.id in what.doctor_ids]
        if what.language:
            speaks = any(what.language in doctor.languages for doctor in ready)
            helped = any(
                what.language in one.languages and self.ready(one.id, first, ticks)
                for one in known.interpreters.values()
            )
            if not speaks and not helped:
                return False
        if not ready or not self.ready(room.id, first, ticks):
            return False
        return not room.is_claimed or self._helped(what, service, room, first)

    def _helped(self, what: What, service: Service, room: Room, first: int) -> bool:
        ticks, stays = ticks_in(service.length), ticks_in(service.assistant_for or service.length)
        helpers = [a for a in self.known.assistants_at(what.level or "helper", room.id)]
        helpers = [a for a in helpers if a in self.known.assistants_at(service.assistant_level, room.id)]
        kinds = [*service.devices, *(kind for kind in what.devices if kind not in service.devices)]
        there = [d for d in self.known.devices_in(room.id) if self.ready(d.id, first, ticks)]
        enough = all(sum(d.kind == kind for d in there) >= kinds.count(kind) for kind in kinds)
        return enough and any(self.ready(a.id, first, min(ticks, stays)) for a in helpers)

    def fits(self, what: What, service: Service, room: Room) -> bool:
        home = not room.is_claimed and bool(service.devices or what.devices)
        asked = (not what.wheelchair or room.wheelchair) and (not what.companion or room.companion)
        return asked and not home and (not what.room_ids or room.id in what.room_ids)

    def offered(self, wish: Wish, now: datetime) -> set[tuple[datetime, str]]:
        """Every (start, room) at which the wish can be met."""
        service, found = self.known.services[wish.what.service_id], set()
        for first in range(tick_of(min(wish.earliest, now)), tick_of(wish.latest) + 1):
            start = moment_of(first)
            if start < max(wish.earliest, now + planner.TICK) or start + service.length > wish.latest:
                continue
            if start.astimezone(ZONE).minute % wish.align_minutes:
                continue
            for room_id in service.room_ids:
                room = self.known.rooms[room_id]
                if self.fits(wish.what, service, room) and self.possible(wish.what, service, room, first):
                    found.add((start, room_id))
        return found


WALLS = [time(0), time(1, 30), time(2), time(3), time(3, 5), time(8), time(9, 15), time(12), time(18, 30), time(23, 55)]
openings = (
    st.tuples(st.sampled_from(WALLS), st.sampled_from([*WALLS[1:], time(0)]))
    .filter(lambda pair: pair[1] == time(0) or pair[0] < pair[1])
    .map(lambda pair: Opening(*pair))
)
some_hours = st.lists(openings, max_size=2).map(lambda found: Hours((tuple(sorted(found, key=lambda o: o.start)),) * 7))
minutes = st.integers(0, 6).map(lambda n: timedelta(minutes=5 * n))
buffers = st.builds(Buffers, minutes, minutes)
days = st.sampled_from([DAY, SPRING, AUTUMN, LEAP])


@dataclass(frozen=True)
class Situation:
    reference: Reference
    wish: Wish
    now: datetime

    @property
    def known(self) -> Directory:
        return self.reference.known


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    midnight = datetime.combine(draw(days), time(0), tzinfo=ZONE).astimezone(UTC)

    def some_moment() -> datetime:
        return midnight + timedelta(minutes=draw(st.integers(-60, 26 * 60)), seconds=draw(st.sampled_from([0, 0, 7])))

    def at_times() -> Hours:
        start = some_moment()
        away = ((start, start + timedelta(minutes=draw(st.integers(1, 300)))),)
        return replace(draw(some_hours | st.just(ALWAYS)), closed=draw(st.sampled_from([(), away])))

    known = directory(
        doctors=[
            Doctor(f"d{n}", "", ("X",), at_times(), f"role{n}", (), draw(st.sampled_from([(), ("ar",)])), draw(buffers))
            for n in (1, 2)
        ],
        assistants=[
            Assistant("a1", "", "helper", at_times(), (), draw(buffers)),
            Assistant("a2", "", "nurse", at_times(), ("r1",)),
        ],
        interpreters=[Interpreter("i1", "", ("ar",), at_times(), draw(buffers))],
        rooms=[
            Room("r1", "r1", at_times(), draw(minutes), "", "", draw(minutes), wheelchair=draw(st.booleans())),
            Room("r2", "r2", at_times(), draw(minutes), "", "", companion=draw(st.booleans())),
            Room("r3", "r3", at_times(), timedelta(0), "", "", setting="home"),
        ],
        devices=[
            Device(f"{kind}-{room}-{n}", kind, room, draw(st.none() | st.just(some_moment())), "", at_times())
            for kind in ("cuff", "oximeter")
            for room in ("r1", "r2")
            for n in range(draw(st.integers(0, 3)))
        ],
        services=[draw(services())],
    )
    earliest = some_moment()
    latest = earliest + timedelta(minutes=draw(st.integers(5, 10 * 60)))
    wish = Wish(draw(whats), earliest, latest, draw(st.sampled_from([5, 10, 15, 20])))
    return Situation(Reference(known, draw(claimed(known, midnight))), wish, some_moment())


@st.composite
def services(draw: st.DrawFn) -> Service:
    kinds = draw(st.sampled_from([(), ("cuff",), ("cuff", "oximeter"), ("cuff", "cuff")]))
    length = timedelta(minutes=5 * draw(st.integers(1, 9)))
    rooms = draw(st.sampled_from([("r1",), ("r1", "r2"), ("r1", "r2", "r3")]))
    level = draw(st.sampled_from(LEVELS))
    return Service("s", "", "X", length, kinds, level, rooms, draw(st.none() | minutes.filter(bool)))


whats = st.builds(
    What,
    st.just("s"),
    doctor_ids=st.sampled_from([(), ("d1",), ("d1", "d2")]),
    room_ids=st.sampled_from([(), (), ("r1",)]),
    devices=st.sampled_from([(), (), ("oximeter",)]),
    level=st.sampled_from([None, "nurse"]),
    language=st.sampled_from(["", "", "ar", "ru"]),
    wheelchair=st.booleans(),
    companion=st.booleans(),
)


@st.composite
def claimed(draw: st.DrawFn, known: Directory, midnight: datetime) -> Busy:
    ids = [*known.doctors, *known.assistants, *known.rooms, *known.devices, *known.interpreters]
    busy: Busy = set()
    for _ in range(draw(st.integers(0, 12))):
        first, count = tick_of(midnight) + draw(st.integers(-20, 330)), draw(st.integers(1, 40))
        busy |= {(draw(st.sampled_from(ids)), tick) for tick in range(first, first + count)}
    return busy
