"""The planner's big integers against a slow, obvious reference of sets of ticks."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from telemed.booking import planner
from telemed.booking.planner import Ground, Offer, Window, Wish, moment_of, tick_after, tick_of
from telemed.directory.model import Assistant, Device, Directory, Doctor, Hours, Opening, Room, Service
from tests.builders import ZONE

DAY = date(2026, 11, 24)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
FAR = 2_000
Busy = set[tuple[str, int]]


def hours(*openings: tuple[time, time]) -> Hours:
    """The same on each day of the week."""
    return Hours((tuple(Opening(*one) for one in sorted(openings)),) * 7)


ALWAYS = hours((time(0), time(0)))


def directory(
    *,
    doctors: tuple[Doctor, ...],
    assistants: tuple[Assistant, ...],
    rooms: tuple[Room, ...],
    devices: tuple[Device, ...] = (),
    services: tuple[Service, ...],
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
    )


def open_at(open_hours: Hours, tick: int) -> bool:
    """By the wall clock, minute by minute as people read it."""
    wall = moment_of(tick).astimezone(ZONE)
    minutes = wall.hour * 60 + wall.minute
    for opening in open_hours.by_weekday[wall.weekday()]:
        start, end = (at.hour * 60 + at.minute for at in (opening.start, opening.end))
        if start <= minutes and minutes + 5 <= (end or 24 * 60):
            return True
    return False


def expected(known: Directory, busy: Busy, wish: Wish, now: datetime) -> set[tuple[datetime, str]]:
    """Every (start, room) at which the wish can be met, by trying each tick of the window."""
    service = known.services[wish.service_id]
    ticks = service.length // planner.TICK
    found = set()
    for first in range(tick_of(min(wish.earliest, now)), tick_of(wish.latest) + 1):
        start = moment_of(first)
        visit = range(first, first + ticks)
        if start < max(wish.earliest, now + planner.TICK) or start + service.length > wish.latest:
            continue
        if start.astimezone(ZONE).minute % wish.align_minutes:
            continue
        for room_id in service.room_ids:
            if wish.room_id in (None, room_id) and possible(known, busy, service, known.rooms[room_id], visit, wish):
                found.add((start, room_id))
    return found


def possible(known: Directory, busy: Busy, service: Service, room: Room, visit: range, wish: Wish) -> bool:
    def free(resource_id: str, ticks: range) -> bool:
        return all((resource_id, tick) not in busy for tick in ticks)

    def there(person: Doctor | Assistant) -> bool:
        return free(person.id, visit) and all(open_at(person.hours, tick) for tick in visit)

    def usable(device: Device) -> bool:
        until = device.bookable_until
        return free(device.id, visit) and (until is None or moment_of(visit.stop) <= until)

    cleaned = range(visit.start, visit.stop + room.cleaning // planner.TICK)
    doctors = [d for d in known.doctors_for(service) if wish.doctor_id in (None, d.id) and there(d)]
    assistants = [a for a in known.assistants_for(service, room.id) if there(a)]
    devices = [any(usable(d) for d in known.devices_in(room.id) if d.kind == kind) for kind in service.devices]
    is_open = all(open_at(room.hours, tick) for tick in visit) and free(room.id, cleaned)
    return bool(is_open and doctors and assistants and all(devices))


WALLS = [time(0), time(1, 30), time(2), time(3), time(3, 5), time(8), time(9, 15), time(12), time(18, 30), time(23, 55)]
openings = (
    st.tuples(st.sampled_from(WALLS), st.sampled_from([*WALLS[1:], time(0)]))
    .filter(lambda pair: pair[1] == time(0) or pair[0] < pair[1])
    .map(lambda pair: Opening(*pair))
)
some_hours = st.lists(openings, max_size=2).map(lambda found: Hours((tuple(sorted(found, key=lambda o: o.start)),) * 7))
minutes = st.integers(0, 12).map(lambda n: timedelta(minutes=5 * n))
days = st.sampled_from([DAY, SPRING, AUTUMN])


@st.composite
def situations(draw: st.DrawFn) -> tuple[Directory, Busy, Wish, datetime]:
    midnight = datetime.combine(draw(days), time(0), tzinfo=ZONE).astimezone(UTC)

    def some_moment() -> datetime:
        return midnight + timedelta(minutes=draw(st.integers(-60, 26 * 60)), seconds=draw(st.sampled_from([0, 0, 7])))

    kinds = draw(st.sampled_from([(), ("cuff",), ("cuff", "oximeter")]))
    length = timedelta(minutes=5 * draw(st.integers(1, 9)))
    rooms = tuple(Room(f"r{n}", f"r{n}", draw(some_hours | st.just(ALWAYS)), draw(minutes), "", "") for n in (1, 2))
    known = directory(
        doctors=tuple(Doctor(f"d{n}", "", ("X",), draw(some_hours | st.just(ALWAYS)), f"role{n}") for n in (1, 2)),
        assistants=tuple(Assistant(f"a{n}", "", "helper", draw(some_hours | st.just(ALWAYS))) for n in (1, 2)),
        rooms=rooms,
        devices=tuple(
            Device(f"{kind}-{room}-{n}", kind, room, draw(st.none() | st.just(some_moment())), "")
            for kind in ("cuff", "oximeter")
            for room in ("r1", "r2")
            for n in range(draw(st.integers(0, 2)))
        ),
        services=(Service("s", "", "X", length, kinds, "helper", draw(st.sampled_from([("r1",), ("r1", "r2")]))),),
    )
    ids = [*known.doctors, *known.assistants, *known.rooms, *known.devices]
    busy: Busy = set()
    for _ in range(draw(st.integers(0, 12))):
        first, count = tick_of(midnight) + draw(st.integers(-20, 330)), draw(st.integers(1, 40))
        busy |= {(draw(st.sampled_from(ids)), tick) for tick in range(first, first + count)}
    doctor = draw(st.sampled_from([None, "d1"]))
    room = draw(st.sampled_from([None, "r1"]))
    earliest = some_moment()
    latest = earliest + timedelta(minutes=draw(st.integers(5, 10 * 60)))
    wish = Wish("s", earliest, latest, doctor, room, draw(st.sampled_from([5, 10, 15, 20])))
    return known, busy, wish, some_moment()


def ground(known: Directory, busy: Busy, window: Window) -> Ground:
    near = [(r, t) for r, t in busy if window.first <= t <= window.last + planner.LONGEST_CLEANING]
    return Ground(known, planner.masks(near, window), window)


@settings(max_examples=120, deadline=None)
@given(situations())
def test_what_is_offered_is_just_what_is_possible(situation: tuple[Directory, Busy, Wish, datetime]) -> None:
    known, busy, wish, now = situation
    start = max(now, wish.earliest)
    if start >= wish.latest:
        return
    found = planner.offers(ground(known, busy, Window.of(start, wish.latest)), wish, now=now, limit=FAR)
    assert {(offer.start, offer.room_id) for offer in found} == expected(known, busy, wish, now)
    assert len(found) == len({(offer.start, offer.room_id) for offer in found})
    assert found == sorted(found, key=lambda offer: (offer.start, offer.room_id))


@settings(max_examples=80, deadline=None)
@given(situations())
def test_what_is_offered_is_admitted_and_its_claims_are_free(
    situation: tuple[Directory, Busy, Wish, datetime],
) -> None:
    known, busy, wish, now = situation
    start = max(now, wish.earliest)
    if start >= wish.latest:
        return
    for offer in planner.offers(ground(known, busy, Window.of(start, wish.latest)), wish, now=now, limit=FAR):
        alone = ground(known, busy, Window.of(offer.start, offer.end + timedelta(days=1)))
        assert alone.admits(offer)
        assert not set(planner.claims(offer, known)) & busy


@settings(max_examples=80, deadline=None)
@given(situations(), st.integers(0, 300))
def test_what_is_not_possible_is_not_admitted(situation: tuple[Directory, Busy, Wish, datetime], at: int) -> None:
    known, busy, wish, _ = situation
    service, room = known.services["s"], known.rooms[known.services["s"].room_ids[0]]
    start = moment_of(tick_of(wish.earliest) + at)
    anyone = Wish("s", start, start + service.length, "d1", room.id, 5)
    devices = tuple(next((d.id for d in known.devices_in(room.id) if d.kind == k), "none") for k in service.devices)
    offer = Offer("s", start, start + service.length, "d1", room.id, "a1", devices)
    only = directory(
        doctors=(known.doctors["d1"],),
        assistants=(known.assistants["a1"],),
        rooms=tuple(known.rooms.values()),
        devices=tuple(d for d in known.devices.values() if d.id in devices),
        services=(service,),
    )
    wanted = (start, room.id) in expected(only, busy, anyone, start - timedelta(days=1))
    assert ground(known, busy, Window.of(start, offer.end + timedelta(days=1))).admits(offer) == wanted


def simple(*, open_hours: Hours = ALWAYS, until: datetime | None = None) -> Directory:
    return directory(
        doctors=(Doctor("d", "", ("X",), ALWAYS, "role"),),
        assistants=(Assistant("a", "", "helper", ALWAYS),),
        rooms=(Room("r", "r", open_hours, timedelta(minutes=10), "", ""),),
        devices=(Device("cuff", "cuff", "r", until, ""),),
        services=(Service("s", "", "X", timedelta(minutes=20), ("cuff",), "helper", ("r",)),),
    )


def offered(known: Directory, start: datetime, end: datetime, *, align: int = 5) -> list[Offer]:
    found = Ground(known, {}, Window.of(start, end))
    return planner.offers(found, Wish("s", start, end, align_minutes=align), now=start - timedelta(days=1), limit=FAR)


def test_the_nights_of_the_clock_change_are_an_hour_shorter_and_longer() -> None:
    known = simple(open_hours=hours((time(0), time(6))))
    for day, long in ((SPRING, 5), (AUTUMN, 7), (DAY, 6)):
        start, end = planner.day_window(day, known)
        assert end - start == timedelta(hours={SPRING: 23, AUTUMN: 25}.get(day, 24))
        found = offered(known, start, end)
        assert found[0].start == start
        assert found[-1].end == start + timedelta(hours=long)
        assert len(found) == long * 12 - 3


def test_hours_after_the_clock_change_are_those_on_the_wall() -> None:
    known = simple(open_hours=hours((time(9), time(17))))
    for day in (SPRING, AUTUMN):
        found = offered(known, *planner.day_window(day, known))
        assert found[0].start.astimezone(ZONE).time() == time(9)
        assert found[-1].end.astimezone(ZONE).time() == time(17)


def test_the_room_alone_is_claimed_for_the_cleaning() -> None:
    known = simple()
    start = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    offer = Offer("s", start, start + timedelta(minutes=20), "d", "r", "a", ("cuff",))
    taken = planner.claims(offer, known)
    assert taken == sorted(taken)
    first = tick_of(start)
    per = {resource: [t for r, t in taken if r == resource] for resource in ("d", "a", "cuff", "r")}
    assert per["d"] == per["a"] == per["cuff"] == list(range(first, first + 4))
    assert per["r"] == list(range(first, first + 6))


def test_a_device_is_offered_until_its_inspection_is_due_and_not_a_tick_longer() -> None:
    start = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    known = simple(until=start + timedelta(hours=1, minutes=3))
    assert offered(known, start, start + timedelta(hours=4))[-1].end == start + timedelta(hours=1)


def test_a_wish_that_is_shorter_than_visit_and_cleaning_is_met_all_the_same() -> None:
    start = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert [offer.start for offer in offered(simple(), start, start + timedelta(minutes=20))] == [start]


def test_other_resources_than_the_right_ones_are_not_admitted() -> None:
    known = simple()
    start = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    end = start + timedelta(minutes=20)
    here = Ground(known, {}, Window.of(start, end + timedelta(days=1)))
    assert here.admits(Offer("s", start, end, "d", "r", "a", ("cuff",)))
    shifted = start + timedelta(minutes=2)
    for wrong in (
        Offer("s", start, end, "d", "r", "a", ()),
        Offer("s", start, end, "d", "r", "a", ("cuff", "cuff")),
        Offer("s", start, end, "a", "r", "d", ("cuff",)),
        Offer("s", start, end + planner.TICK, "d", "r", "a", ("cuff",)),
        Offer("s", start, end, "d", "elsewhere", "a", ("cuff",)),
        Offer("other", start, end, "d", "r", "a", ("cuff",)),
        Offer("s", shifted, shifted + timedelta(minutes=20), "d", "r", "a", ("cuff",)),
        Offer("s", end, start, "d", "r", "a", ("cuff",)),
    ):
        assert not here.admits(wrong), wrong


@given(st.integers(0, (1 << 300) - 1), st.integers(0, 10_000))
def test_spans_are_the_runs_of_set_bits(mask: int, first: int) -> None:
    window = Window(first, first + 300)
    ticks = {first + bit for bit in range(300) if mask >> bit & 1}
    found = planner.spans(mask, window)
    covered = {tick for start, end in found for tick in range(tick_of(start), tick_of(end))}
    assert covered == ticks
    assert all(before[1] < after[0] for before, after in itertools.pairwise(found))


@given(st.integers(0, (1 << 80) - 1), st.integers(1, 20))
def test_eroded_keeps_where_so_many_in_a_row_are_set(mask: int, ticks: int) -> None:
    row = (1 << ticks) - 1
    assert planner.eroded(mask, ticks) == sum(1 << bit for bit in range(80) if mask >> bit & row == row)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))
def test_ticks_round_outward(moment: datetime) -> None:
    assert moment_of(tick_of(moment)) <= moment < moment_of(tick_of(moment) + 1)
    assert moment_of(tick_after(moment) - 1) < moment <= moment_of(tick_after(moment))
