"""What is in memory is what is on disk, whoever wrote it and whenever a hold ran out."""

from datetime import timedelta

import pytest

from telemed.booking import claims, holding, planner, search
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import HOLD, Request
from telemed.booking.planner import Offer, What, Wish
from telemed.directory import service as directory
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from tests.builders import RESIDENT, SERVICE, SOMMER, World, book, make_booking, make_world, offer_at, quarter


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def index(world: World) -> Index:
    return world.centre.the(Index)


def starts(world: World, memory: Index | None = None) -> list[str]:
    """The first starts that memory offers, as wall time."""
    wish = Wish(What(SERVICE, ("weiss",)), world.now, world.now + timedelta(hours=3), align_minutes=30)
    with (memory or index(world)).at(world.now) as here:
        found = search.offers(here, wish, now=world.now, limit=4)
    return [f"{one.start.astimezone(world.directory.zone):%H:%M}" for one in found]


def as_on_disk(world: World) -> bool:
    with index(world).at(world.now) as here, world.db.reading() as tx:
        on_disk = planner.masks(claims.claimed(tx, here.window, now=world.now), here.window)
        return all(here.busy(one) == on_disk.get(one, 0) for one in (*world.directory.rooms, *world.directory.doctors))


def hold(world: World, offer: Offer, request_id: str) -> None:
    with world.db.transaction() as tx:
        holding.hold(tx, world.secrets, request_id, offer, now=world.now)


def test_what_is_booked_is_not_offered_any_more_and_what_is_cancelled_is_again(world: World) -> None:
    assert starts(world) == ["09:30", "10:00", "10:30", "11:00"]
    booked = make_booking(world, at="10:00")
    assert starts(world) == ["09:30", "10:30", "11:00", "11:30"]
    with world.db.transaction() as tx:
        booking.cancel(tx, world.secrets, booked.id, actor=RESIDENT, now=world.now)
    assert starts(world) == ["09:30", "10:00", "10:30", "11:00"]


def test_time_that_is_freed_and_taken_in_one_transaction_is_taken(world: World) -> None:
    offer = offer_at(world, "10:00", doctor="brandt", room=None)
    booked = make_booking(world, at="10:00")
    assert starts(world)
    with world.db.transaction() as tx:
        booking.cancel(tx, world.secrets, booked.id, actor=RESIDENT, now=world.now)
        booking.book(tx, world.secrets, Request(new_id(), offer, SOMMER), actor=RESIDENT, now=world.now)
    assert as_on_disk(world)
    assert "10:00" not in starts(world)


def test_a_hold_ends_by_itself_and_not_what_was_booked_over_it_meanwhile(world: World) -> None:
    offer = offer_at(world, "10:00")
    hold(world, offer, new_id())
    assert "10:00" not in starts(world)
    world.clock.forward(HOLD)
    book(world, Request(new_id(), offer, SOMMER))  # before anybody looked again
    assert as_on_disk(world)
    assert "10:00" not in starts(world)


def test_a_hold_that_was_there_before_the_index_ends_as_well(world: World) -> None:
    hold(world, offer_at(world, "10:00"), new_id())
    later = Index(world.db)
    assert "10:00" not in starts(world, later)
    world.clock.forward(HOLD)
    assert "10:00" in starts(world, later)


def test_nothing_of_what_failed_is_in_memory(world: World) -> None:
    offer = offer_at(world, "10:00")
    assert "10:00" in starts(world)

    def fail() -> None:
        with world.db.transaction() as tx:
            booking.book(tx, world.secrets, Request(new_id(), offer, SOMMER), actor=RESIDENT, now=world.now)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert "10:00" in starts(world)
    assert as_on_disk(world)


def test_a_change_of_the_directory_is_seen_at_once(world: World) -> None:
    assert "10:00" in starts(world)
    role = next(dict(one) for one in quarter() if one["id"] == "role-weiss")
    away = {"start": "2026-11-24T10:00:00+01:00", "end": "2026-11-24T11:00:00+01:00"}
    with world.db.transaction() as tx:
        directory.take(tx, {**role, "notAvailable": [{"description": "away", "during": away}]}, now=world.now)
    assert starts(world) == ["09:30", "11:00", "11:30"]


def test_the_window_moves_on_with_the_day(world: World) -> None:
    assert starts(world)
    world.clock.forward(timedelta(days=1))
    assert starts(world) == ["09:30", "10:00", "10:30", "11:00"]
    assert as_on_disk(world)


@pytest.mark.postgres
def test_what_another_process_wrote_is_taken_in(postgres_database: Database) -> None:
    world = make_world(postgres_database)
    elsewhere = Database(world.db.url.render_as_string(hide_password=False))
    memory = Index(elsewhere)
    try:
        assert "10:00" in starts(world, memory)
        booked = make_booking(world, at="10:00")
        memory.refresh(world.now)
        assert "10:00" not in starts(world, memory)
        with world.db.transaction() as tx:
            booking.cancel(tx, world.secrets, booked.id, actor=RESIDENT, now=world.now)
            holding.hold(tx, world.secrets, new_id(), offer_at_start(world, memory), now=world.now)
        memory.refresh(world.now)
        assert starts(world, memory)[:2] == ["10:00", "10:30"]
        world.clock.forward(HOLD)
        assert starts(world, memory)[0] == "09:30"
        with world.db.transaction() as tx:
            directory.take(tx, next(one for one in quarter() if one["id"] == "room-1"), now=world.now)
        memory.refresh(world.now)
        with memory.at(world.now) as here, world.db.reading() as tx:
            assert here.directory.version == directory.load(tx).version
    finally:
        elsewhere.dispose()


def offer_at_start(world: World, memory: Index) -> Offer:
    wish = Wish(What(SERVICE, ("weiss",)), world.now, world.now + timedelta(hours=3), align_minutes=30)
    with memory.at(world.now) as here:
        return search.offers(here, wish, now=world.now, limit=1)[0]
