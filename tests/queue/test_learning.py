"""The centre learns from finished days, each once; rooms hear of it; nobody who came is in it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from schemas.day import DayPlan, FactKind
from telemed.kit.db import Database
from telemed.queue import jobs, learning, learnt_store, service
from telemed.queue.model import standing
from telemed.visit import service as visit
from tests.builders import TUESDAY, World, make_booking, make_world

HOURS = (1, 1.5, 2, 2.5)


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def live_a_day(world: World, *, minutes: int, days: int = 0) -> list[str]:
    """Everybody comes, and stays for *minutes*; *days* later."""
    begins = [TUESDAY + timedelta(days=days, hours=each) for each in HOURS]
    booked = [make_booking(world, at=each) for each in begins]
    for at, one in zip(begins, booked, strict=True):
        steps = {"arrived": -5, "called": 1, "ended": 1 + minutes, "cleaned": 8 + minutes}
        for kind, minute in steps.items():
            with world.db.transaction() as tx:
                moment = at + timedelta(minutes=minute)
                visit.record(tx, visit_id=one.id, kind=FactKind(kind), by="room", now=moment)
    return [one.id for one in booked]


def learn(world: World) -> int:
    return jobs.learn(world.db, world.clock)


def plan(world: World) -> DayPlan:
    with world.db.reading() as tx:
        return service.day(tx, "room-1", now=world.now, clock=world.clock).plan


def test_a_day_is_learnt_when_it_is_over_and_once(world: World) -> None:
    live_a_day(world, minutes=19)
    learn(world)
    assert plan(world).learnt is None
    world.clock.set(TUESDAY + timedelta(days=1))
    assert learn(world) == 1
    assert learn(world) == 0
    make_booking(world, at=TUESDAY + timedelta(days=1, hours=2))
    known = plan(world).learnt
    assert known is not None
    assert known.days == 1
    assert {each.key for each in known.spreads} >= {"length|general-20|weiss", "arrival", "no-show", "cleaning"}


def test_how_good_intervals_were_is_known_once_a_learnt_day_was_followed_by_another(world: World) -> None:
    live_a_day(world, minutes=19)
    for days, known in ((1, False), (2, True)):
        world.clock.set(TUESDAY + timedelta(days=days))
        learn(world)
        with world.db.reading() as tx:
            found = service.quality(tx)
        assert (found is not None) is known
        if days == 1:
            live_a_day(world, minutes=19, days=1)
    assert found is not None
    assert (found.days, 0 <= found.percent <= 100, found.made > 0) == (2, True, True)


def test_long_visits_of_earlier_days_make_todays_forecast_later(world: World) -> None:
    live_a_day(world, minutes=19)
    world.clock.set(TUESDAY + timedelta(days=1))
    learn(world)
    for hour in (1, 2):
        make_booking(world, at=TUESDAY + timedelta(days=1, hours=hour))
    short = plan(world)
    assert short.learnt is not None
    stretched = short.learnt.model_copy(
        update={
            "spreads": tuple(
                each.model_copy(update={"values": tuple(3.2 * value for value in each.values)})
                if each.key.startswith("length|")
                else each
                for each in short.learnt.spreads
            )
        }
    )
    usual, longer = (
        standing(short.model_copy(update={"learnt": learnt}), (), world.now).visits[1].start
        for learnt in (short.learnt, stretched)
    )
    assert usual is not None
    assert longer is not None
    assert usual.low <= usual.expected <= usual.high
    assert longer.high > usual.high


def test_a_plan_has_only_what_concerns_its_doctors(world: World) -> None:
    live_a_day(world, minutes=19)
    world.clock.set(TUESDAY + timedelta(days=1))
    learn(world)
    make_booking(world, doctor="brandt", at=TUESDAY + timedelta(days=1, hours=2))
    known = plan(world).learnt
    assert known is not None
    assert not [each.key for each in known.spreads if "weiss" in each.key]
    assert "length|general-20|" in {each.key for each in known.spreads}


def test_nothing_that_is_kept_names_a_visit_or_its_time(world: World) -> None:
    ids = live_a_day(world, minutes=19)
    world.clock.set(TUESDAY + timedelta(days=1))
    learn(world)
    with world.db.reading() as tx:
        kept = [str(row) for table in (learnt_store.tallies, learnt_store.spreads) for row in tx.execute(select(table))]
    assert kept
    text = "".join(kept)
    assert not [each for each in [*ids, "Sommer", "1948"] if each in text]


def test_of_two_processes_that_learn_the_same_day_one_counts_it(world: World) -> None:
    live_a_day(world, minutes=19)
    world.clock.set(TUESDAY + timedelta(days=1))
    with world.db.reading() as tx:
        first, second = (learning.next_lesson(tx, now=world.now, clock=world.clock) for _ in range(2))
    assert first is not None
    assert second is not None
    for lesson, counted in ((first, True), (second, False)):
        tally = learning.learn(lesson, now=world.now)
        with world.db.transaction() as tx:
            assert learning.keep(tx, lesson, tally, now=world.now) is counted
