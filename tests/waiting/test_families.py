"""The simulators do what they say, and keep apart what must be apart."""

import itertools
import statistics
from random import Random

import pytest

from schemas.day import Fact, FactKind
from tests.waiting.families import Family, GammaMixture, Lognormal
from tests.waiting.simulator import SimulatedDay, moment, simulate
from tests.waiting.worlds import CLEANING, Booked, Purpose, World

FAMILIES = (Lognormal(), GammaMixture())


def _days(family: Family, load: float = 0.9, count: int = 20) -> list[SimulatedDay]:
    return [simulate(World(family, load), Purpose.TRAINING, number) for number in range(count)]


def _at(day: SimulatedDay, one: Booked, kind: FactKind) -> float | None:
    found: list[Fact] = [fact for fact in day.facts if fact.visit_id == one.visit_id and fact.kind is kind]
    return (found[0].at - moment(day.day, 0)).total_seconds() / 60 if found else None


@pytest.mark.parametrize("family", FAMILIES, ids=lambda each: each.name)
def test_a_doctor_is_in_one_room_and_a_room_holds_one_and_is_cleaned_in_between(family: Family) -> None:
    for day in _days(family, count=8):
        held: dict[str, list[tuple[float, float]]] = {}
        for one in day.visits:
            called, ended, cleaned = (_at(day, one, k) for k in (FactKind.CALLED, FactKind.ENDED, FactKind.CLEANED))
            if called is None:
                assert one.arrives is None
                continue
            assert one.arrives is not None
            assert ended is not None
            assert cleaned is not None
            assert called >= one.arrives - 0.02
            held.setdefault(one.doctor, []).append((called, ended))
            held.setdefault(one.room, []).append((called, cleaned))
        for times in held.values():
            ranked = sorted(times)
            assert all(after[0] >= before[1] - 0.02 for before, after in itertools.pairwise(ranked))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda each: each.name)
def test_about_fifteen_in_a_hundred_do_not_come(family: Family) -> None:
    booked = [one for day in _days(family) for one in day.visits if not one.walk_in]
    assert 0.11 < sum(one.arrives is None for one in booked) / len(booked) < 0.19


@pytest.mark.parametrize("family", FAMILIES, ids=lambda each: each.name)
@pytest.mark.parametrize("load", [0.7, 0.9, 1.1])
def test_the_work_is_as_much_as_the_load_says(family: Family, load: float) -> None:
    work, planned = 0.0, 0.0
    for day in _days(family, load, count=40):
        for one in day.visits:
            if one.room == "room-1" and not one.walk_in:
                planned += one.end - one.start + CLEANING
                work += one.length + one.cleaning + one.gap if one.arrives is not None else 0.0
    assert abs(work / planned / load - 1) < 0.15


def test_of_the_gamma_family_one_visit_in_twenty_is_three_times_as_long() -> None:
    family, stream = GammaMixture(), Random(3)
    lengths = [family.length(stream, 20.0) for _ in range(10_000)]
    assert abs(statistics.mean(lengths) - 20) < 0.6
    assert 0.02 < sum(length > 45 for length in lengths) / len(lengths) < 0.05


def test_a_slow_day_is_slow_for_both_doctors_of_the_gamma_family_only() -> None:
    cases: tuple[tuple[Family, float, float], ...] = ((GammaMixture(), 0.35, 0.65), (Lognormal(), -0.15, 0.15))
    for family, low, high in cases:
        stream = Random(4)
        days = [family.weather(stream, ("a", "b")).pace for _ in range(800)]
        assert low < statistics.correlation([day["a"] for day in days], [day["b"] for day in days]) < high


def test_a_drift_comes_step_by_step_or_at_once() -> None:
    slow = World(GammaMixture(), 0.9, drift=0.25, drift_days=100)
    assert (slow.pace(0), slow.pace(50), slow.pace(300)) == (1.0, 1.125, 1.25)
    assert World(GammaMixture(), 0.9).drifted(0.25).pace(0) == 1.25


def test_the_same_day_is_the_same_and_purposes_share_none() -> None:
    world = World(Lognormal(), 0.9)
    made = {purpose: simulate(world, purpose, 5) for purpose in Purpose}
    assert made[Purpose.HELD_BACK] == simulate(world, Purpose.HELD_BACK, 5)
    lengths = [{one.length for one in day.visits} for day in made.values()]
    assert not lengths[0] & lengths[1]
    assert not lengths[0] & lengths[2]
    assert not lengths[1] & lengths[2]


def test_a_room_sees_nothing_of_what_comes() -> None:
    day = next(day for day in _days(Lognormal()) if any(one.walk_in for one in day.visits))
    late = next(one for one in day.visits if one.walk_in)
    before, after = (moment(day.day, late.known_from + step) for step in (-1, 1))
    for now, known in ((before, False), (after, True)):
        plan, facts = day.seen(late.room, now)
        assert any(visit.visit_id == late.visit_id for visit in plan.visits) is known
        assert all(fact.at <= now for fact in facts)
        assert all(fact.at <= now for other in plan.elsewhere for fact in other.facts)
