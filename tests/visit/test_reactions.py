"""Who does not come leaves the rest of the time to others."""

from datetime import timedelta

import pytest

from schemas.day import FactKind
from telemed.booking import holding
from telemed.booking.model import WaitState
from telemed.booking.planner import What, Wish
from telemed.kit.db import Database
from telemed.kit.outbox import Relay, Subscription
from telemed.visit import service as visit
from telemed.visit.model import FactKnown
from telemed.visit.reactions import give_back
from tests.builders import RESIDENT, SERVICE, SOMMER, World, make_booking, make_fact, make_world, moment, offer_at


@pytest.fixture
def world(database: Database) -> World:
    made = make_world(database)
    told = [Subscription("visit.give_back", FactKnown, give_back(made.secrets))]
    made.centre.live[Relay] = Relay(database, told, made.clock)
    return made


def note(world: World, visit_id: str, *kinds: FactKind) -> None:
    for kind in kinds:
        with world.db.transaction() as tx:
            visit.record(tx, visit_id=visit_id, kind=kind, by="assistant", now=world.now)
        world.clock.forward(timedelta(seconds=1))


def deliver(world: World) -> None:
    world.centre.the(Relay).deliver()


def is_free(world: World, at: str) -> bool:
    try:
        offer_at(world, at)
    except AssertionError:
        return False
    return True


def test_who_was_said_not_to_come_leaves_the_whole_time(world: World) -> None:
    missed = make_booking(world, at="10:00")
    assert not is_free(world, "10:00")
    note(world, missed.id, FactKind.NO_SHOW)
    deliver(world)
    assert is_free(world, "10:00")


def test_a_no_show_that_the_room_tells_leaves_what_is_left(world: World) -> None:
    missed = make_booking(world, at="10:00")
    world.clock.set(moment(world, "10:10"))
    with world.db.transaction() as tx:
        visit.take_in(tx, "room-1", (make_fact(missed.id, "no-show", world.now),), now=world.now)
    deliver(world)
    assert is_free(world, "10:15")


def test_the_freed_time_is_kept_for_who_waits(world: World) -> None:
    missed, wish = make_booking(world, at="10:00"), Wish(What(SERVICE), moment(world, "10:00"), moment(world, "10:20"))
    with world.db.transaction() as tx:
        waiting, _ = holding.join(tx, world.secrets, wish, SOMMER, actor=RESIDENT, now=world.now)
    note(world, missed.id, FactKind.NO_SHOW)
    deliver(world)
    with world.db.reading() as tx:
        assert holding.waiting_of(tx, waiting.id).state is WaitState.OFFERED


def test_who_came_after_all_keeps_the_time_although_the_news_was_late(world: World) -> None:
    missed = make_booking(world, at="10:00")
    note(world, missed.id, FactKind.NO_SHOW, FactKind.ARRIVED)
    deliver(world)
    assert not is_free(world, "10:00")


def test_other_facts_free_nothing(world: World) -> None:
    here = make_booking(world, at="10:00")
    note(world, here.id, FactKind.ARRIVED, FactKind.CALLED, FactKind.ENDED)
    deliver(world)
    assert not is_free(world, "10:00")
