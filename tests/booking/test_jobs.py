"""What the clock does for booking."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from telemed.booking import claims, holding, jobs
from telemed.booking.index import REMEMBER_CHANGES
from telemed.booking.model import HOLD, WaitState
from telemed.booking.planner import What, Wish
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from tests.builders import RESIDENT, SERVICE, SOMMER, World, make_booking, make_world, offer_at


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def expire(world: World) -> int:
    return jobs.expire(world.db, world.secrets, world.clock)


def test_a_hold_that_ran_out_is_swept_by_the_centres_clock_and_not_before(world: World) -> None:
    with world.db.transaction() as tx:
        holding.hold(tx, world.secrets, new_token(), offer_at(world, "10:00"), now=world.now)
    assert expire(world) == 0
    world.clock.forward(HOLD)
    assert (expire(world), expire(world)) == (1, 0)
    with world.db.reading() as tx:
        assert tx.execute(select(func.count()).select_from(claims.claims)).scalar_one() == 0


def test_what_is_swept_is_kept_for_who_waits(world: World) -> None:
    offer = offer_at(world, "10:00")
    with world.db.transaction() as tx:
        holding.hold(tx, world.secrets, new_token(), offer, now=world.now)
        wish = Wish(What(SERVICE), offer.start, offer.end)
        waiting, _ = holding.join(tx, world.secrets, wish, SOMMER, actor=RESIDENT, now=world.now)
    world.clock.forward(HOLD)
    assert expire(world) == 1
    with world.db.reading() as tx:
        asked = holding.waiting_of(tx, waiting.id)
    assert asked.state is WaitState.OFFERED


def test_changes_are_forgotten_after_an_hour(world: World) -> None:
    make_booking(world)
    jobs.forget_changes(world.db, world.clock)
    assert changes(world) == (0 if world.db.is_sqlite else 1)
    world.clock.forward(REMEMBER_CHANGES + timedelta(minutes=1))
    jobs.forget_changes(world.db, world.clock)
    assert changes(world) == 0


def changes(world: World) -> int:
    with world.db.reading() as tx:
        return tx.execute(select(func.count()).select_from(claims.changes)).scalar_one()
