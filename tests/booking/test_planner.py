"""The planner's big integers against a slow, obvious reference that tries each tick."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from telemed.booking import planner, search
from telemed.booking.ground import Ground, at_least
from telemed.booking.planner import Offer, What, Window, Wish, moment_of, tick_after, tick_of
from telemed.booking.search import Rule, nearest_bits
from telemed.directory.calendar import Hours
from telemed.directory.model import Assistant, Device, Directory, Doctor, Room, Service
from tests.booking.situations import (
    ALWAYS,
    AUTUMN,
    DAY,
    LEAP,
    SPRING,
    Situation,
    directory,
    hours,
    situations,
)
from tests.builders import ZONE

FAR = 2_000


def ground(situation: Situation, start: datetime, end: datetime) -> Ground:
    window = Window.around(start, end)
    return Ground(situation.known, window, planner.masks(situation.reference.busy, window))


@settings(max_examples=150, deadline=None)
@given(situations())
def test_what_is_offered_is_just_what_is_possible(situation: Situation) -> None:
    wish, now = situation.wish, situation.now
    found = search.offers(ground(situation, wish.earliest, wish.latest), wish, now=now, limit=FAR)
    assert {(offer.start, offer.room_id) for offer in found} == situation.reference.offered(wish, now)
    assert found == sorted(found, key=lambda offer: (offer.start, offer.room_id))
    assert len(found) == len({(offer.start, offer.room_id) for offer in found})


@settings(max_examples=100, deadline=None)
@given(situations())
def test_what_is_offered_holds_and_its_claims_are_free(situation: Situation) -> None:
    here = ground(situation, situation.wish.earliest, situation.wish.latest)
    for offer in search.offers(here, situation.wish, now=situation.now, limit=FAR):
        alone = ground(situation, offer.start, offer.end)
        assert search.objection(alone, offer) is None
        assert not set(planner.claims(offer, situation.known)) & situation.reference.busy


@settings(max_examples=100, deadline=None)
@given(situations())
def test_what_is_offered_is_the_same_after_changes_as_from_the_beginning(situation: Situation) -> None:
    """Claims that come and go leave a ground as one that is made anew: nothing remembered is wrong."""
    wish, now = situation.wish, situation.now
    changed = Ground(situation.known, Window.around(wish.earliest, wish.latest))
    search.offers(changed, wish, now=now, limit=FAR)
    for resource_id, mask in planner.masks(situation.reference.busy, changed.window).items():
        changed.claim(resource_id, mask | 1)
        search.offers(changed, wish, now=now, limit=FAR)
        changed.free_up(resource_id, 1 & ~mask)
    fresh = ground(situation, wish.earliest, wish.latest)
    assert search.offers(changed, wish, now=now, limit=FAR) == search.offers(fresh, wish, now=now, limit=FAR)


@settings(max_examples=60, deadline=None)
@given(situations(), st.integers(1, 30))
def test_a_limit_gives_the_first_and_spread_gives_one_for_each_half_of_a_day(situation: Situation, limit: int) -> None:
    wish, now = situation.wish, situation.now
    here = ground(situation, wish.earliest, wish.latest)
    everything = search.offers(here, wish, now=now, limit=FAR)
    assert search.offers(here, wish, now=now, limit=limit) == everything[:limit]
    halves: dict[tuple[date, bool], Offer] = {}
    for offer in everything:
        wall = offer.start.astimezone(ZONE)
        halves.setdefault((wall.date(), wall.hour < 12), offer)
    assert search.offers(here, replace(wish, spread=True), now=now, limit=FAR) == list(halves.values())


def simple(
    *, open_hours: Hours = ALWAYS, until: datetime | None = None, kinds: tuple[str, ...] = ("cuff",), cuffs: int = 1
) -> Directory:
    return directory(
        doctors=[Doctor("d", "", ("X",), ALWAYS, "role")],
        assistants=[Assistant("a", "", "helper", ALWAYS)],
        rooms=[Room("r", "r", open_hours, timedelta(minutes=10), "", "")],
        devices=[Device(f"cuff-{n}", "cuff", "r", until, "") for n in range(cuffs)],
        services=[Service("s", "", "X", timedelta(minutes=20), kinds, "helper", ("r",))],
    )


def offered(known: Directory, start: datetime, end: datetime, *, align: int = 5, **what: object) -> list[Offer]:
    found = Ground(known, Window.around(start, end))
    asked = Wish(What("s", **what), start, end, align)  # type: ignore[arg-type]
    return search.offers(found, asked, now=start - timedelta(days=1), limit=FAR)


def test_the_nights_of_the_clock_change_are_an_hour_shorter_and_longer() -> None:
    known = simple(open_hours=hours((time(0), time(6))))
    for day, long in ((SPRING, 5), (AUTUMN, 7), (DAY, 6), (LEAP, 6)):
        start, end = planner.day_window(day, known)
        assert end - start == timedelta(hours={SPRING: 23, AUTUMN: 25}.get(day, 24))
        found = offered(known, start, end)
        assert found[-1].end - found[0].start == timedelta(hours=long)


def test_starts_lie_on_the_wall_clock_on_both_sides_of_a_change() -> None:
    known = simple()
    for day in (SPRING, AUTUMN, LEAP):
        found = offered(known, *planner.day_window(day, known), align=15)
        assert {offer.start.astimezone(ZONE).minute for offer in found} == {0, 15, 30, 45}


def test_two_devices_of_one_kind_are_two() -> None:
    start, end = planner.day_window(DAY, simple())
    assert offered(simple(kinds=("cuff", "cuff"), cuffs=1), start, end) == []
    found = offered(simple(kinds=("cuff", "cuff"), cuffs=3), start, end)
    assert len(found[0].device_ids) == len(set(found[0].device_ids)) == 2


@given(st.lists(st.integers(0, 255), max_size=6), st.integers(1, 4))
def test_counters_count(members: list[int], count: int) -> None:
    expected = sum(1 << bit for bit in range(8) if sum(mask >> bit & 1 for mask in members) >= count)
    assert at_least(count, members) == expected


def test_nothing_is_offered_beyond_the_day_of_inspection_and_the_refusal_says_so() -> None:
    start, end = planner.day_window(DAY, simple())
    until = start + timedelta(hours=12)
    found = offered(simple(until=until), start, end)
    assert max(offer.end for offer in found) == until
    late = replace(found[-1], start=until, end=until + timedelta(minutes=20))
    refused = search.objection(Ground(simple(until=until), Window.around(start, end)), late)
    assert refused == search.Objection(Rule.INSPECTION, "cuff-0")


def test_work_goes_to_who_has_least() -> None:
    known = simple()
    second = Doctor("b", "", ("X",), ALWAYS, "role-b")
    known = directory(
        doctors=[*known.doctors.values(), second],
        assistants=known.assistants.values(),
        rooms=known.rooms.values(),
        devices=known.devices.values(),
        services=known.services.values(),
    )
    start, end = planner.day_window(DAY, known)
    here = Ground(known, Window.around(start, end))
    wish = Wish(What("s"), start, end)
    now = start - timedelta(days=1)
    given_to = []
    for _ in range(6):
        offer = search.offers(here, wish, now=now, limit=1)[0]
        given_to.append(offer.doctor_id)
        for resource_id, mask in planner.masks(planner.claims(offer, known), here.window).items():
            here.claim(resource_id, mask)
    assert given_to == ["b", "d"] * 3


def test_an_order_is_needed_where_the_service_says_so() -> None:
    known = simple()
    service = replace(known.services["s"], needs_order=True)
    known = replace(known, services={"s": service})
    start, end = planner.day_window(DAY, known)
    assert offered(known, start, end) == []
    ordered = offered(known, start, end, ordered=True)[0]
    here = Ground(known, Window.around(start, end))
    assert search.objection(here, ordered) == search.Objection(Rule.ORDER)
    assert search.objection(here, ordered, ordered=True) is None


def test_the_nearest_rooms_come_first_and_those_without_a_place_are_not_near() -> None:
    known = simple(kinds=())
    rooms = [
        replace(known.rooms["r"], id=name, position=position)
        for name, position in (("far", (50.95, 11.6)), ("near", (50.881, 11.61)), ("unknown", None))
    ]
    service = replace(known.services["s"], room_ids=("far", "near", "unknown"))
    known = replace(known, rooms={room.id: room for room in rooms}, services={"s": service})
    start, end = planner.day_window(DAY, known)
    first, second, third = offered(known, start, end, near=(50.88, 11.61))[:3]
    assert [first.room_id, second.room_id, third.room_id] == ["near", "far", "near"]
    assert {offer.room_id for offer in offered(known, start, end, near=(50.88, 11.61), nearest=1)} == {"near"}


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
def test_moments_round_outward(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    assert moment_of(tick_of(moment)) <= moment <= moment_of(tick_after(moment))
    assert tick_after(moment) - tick_of(moment) in (0, 1)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 400)), max_size=300))
def test_masks_hold_just_the_claims_inside_the_window(rows: list[tuple[str, int]]) -> None:
    window = Window(100, 300)
    made = planner.masks(rows, window)
    for resource in "ab":
        inside = {tick for name, tick in rows if name == resource and 100 <= tick < 300}
        assert made.get(resource, 0) == sum(1 << tick - 100 for tick in inside)


@given(st.integers(0, (1 << 60) - 1))
def test_runs_are_the_set_bits(mask: int) -> None:
    bits = list(itertools.chain.from_iterable(range(first, last) for first, last in planner.runs(mask)))
    assert sum(1 << bit for bit in bits) == mask
    assert bits == sorted(bits)


@given(st.integers(0, (1 << 40) - 1), st.integers(0, 45), st.integers(1, 5))
def test_the_nearest_bits_are_the_nearest(mask: int, to: int, count: int) -> None:
    bits = [bit for bit in range(40) if mask >> bit & 1]
    expected = sorted(sorted(bits, key=lambda bit: (abs(bit - to), bit))[:count])
    assert nearest_bits(mask, to, count) == expected
