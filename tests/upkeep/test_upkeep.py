"""What a room finds broken is planned without, on both databases, until the room finds it mended."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from schemas.checks import BlockedDevice
from telemed.booking import search
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import NotOffered, Request
from telemed.booking.planner import Offer, What, Wish
from telemed.booking.search import Rule
from telemed.directory import service as directory
from telemed.kit.db import Database, Tx
from telemed.kit.outbox import Relay, Subscription, events
from telemed.queue import service as queue
from telemed.upkeep import service
from telemed.upkeep.model import Broken, DeviceBlocked
from telemed.upkeep.reactions import use_others
from tests.builders import OPERATOR, SOMMER, WITH_CUFF, World, book, make_booking, make_world, moment, offer_at, quarter

SINCE = datetime(2026, 11, 24, 7, 58, tzinfo=UTC)


def blocked(*device_ids: str, code: str = "not-found") -> list[BlockedDevice]:
    return [BlockedDevice(device_id=one, kind="blood-pressure", code=code, since=SINCE) for one in device_ids]


def take_in(world: World, told: Iterable[BlockedDevice], room: str = "room-1") -> None:
    with world.db.transaction() as tx:
        service.take_in(tx, room, told, now=world.now)


def broken(world: World) -> list[Broken]:
    with world.db.reading() as tx:
        return service.broken(tx)


def offers(world: World, service_id: str = WITH_CUFF, room: str = "room-1") -> list[Offer]:
    wish = Wish(What(service_id, room_ids=(room,)), world.now, world.now + timedelta(days=7))
    with world.centre.the(Index).at(world.now) as here:
        return search.offers(here, wish, now=world.now, limit=3)


def must_move(world: World) -> list[tuple[str, Rule, str]]:
    with world.db.reading() as tx:
        found = booking.unplaceable(tx, directory.load(tx), now=world.now)
    return [(one.id, broken.rule, broken.resource_id) for one, broken in found]


def told(world: World) -> list[str]:
    with world.db.reading() as tx:
        kinds = tx.execute(select(events.c.kind).order_by(events.c.id)).scalars()
        return [kind for kind in kinds if kind.startswith("Device")]


def test_a_blocked_device_is_in_no_offer_until_it_is_free(database: Database) -> None:
    world = make_world(database)
    assert offers(world)
    take_in(world, blocked("cuff-1"))
    assert offers(world) == []
    assert offers(world, "general-20")
    take_in(world, [])
    assert offers(world)


def test_nobody_books_it_meanwhile(database: Database) -> None:
    world = make_world(database)
    offer = offer_at(world, "10:00", service=WITH_CUFF)
    take_in(world, blocked("cuff-1"))
    with pytest.raises(NotOffered) as refused:
        book(world, Request("again", offer, SOMMER))
    assert refused.value.key == "refusal.not_offered.blocked"


def test_what_is_booked_with_it_must_be_moved_until_it_is_free(database: Database) -> None:
    world = make_world(database)
    booked = make_booking(world, service=WITH_CUFF)
    make_booking(world, at="11:00")
    take_in(world, blocked("cuff-1"))
    assert must_move(world) == [(booked.id, Rule.BLOCKED, "cuff-1")]
    take_in(world, [])
    assert must_move(world) == []


def test_what_has_begun_stays(database: Database) -> None:
    world = make_world(database)
    make_booking(world, service=WITH_CUFF)
    world.clock.forward(timedelta(hours=1, minutes=5))
    take_in(world, blocked("cuff-1"))
    assert must_move(world) == []


def test_it_is_known_what_is_broken_and_since_when(database: Database) -> None:
    world = make_world(database, rooms=2)
    take_in(world, blocked("cuff-1", code="battery-empty"))
    take_in(world, blocked("cuff-2"), room="room-2")
    assert broken(world) == [
        Broken("cuff-1", "room-1", "blood-pressure", "battery-empty", SINCE),
        Broken("cuff-2", "room-2", "blood-pressure", "not-found", SINCE),
    ]


def test_the_same_again_changes_nothing_and_is_told_once(database: Database) -> None:
    world = make_world(database)
    take_in(world, blocked("cuff-1"))
    with world.db.reading() as tx:
        before = directory.load(tx)
    world.clock.forward(timedelta(minutes=5))
    take_in(world, blocked("cuff-1", code="timeout"))
    with world.db.reading() as tx:
        assert directory.load(tx) is before
    take_in(world, [])
    take_in(world, [])
    assert told(world) == ["DeviceBlocked", "DeviceFreed"]


def test_a_room_speaks_of_its_own_devices_only(database: Database) -> None:
    world = make_world(database, rooms=2)
    take_in(world, blocked("cuff-2", "nobodys"))
    assert broken(world) == []
    take_in(world, blocked("cuff-2"), room="room-2")
    take_in(world, [])
    assert [one.device_id for one in broken(world)] == ["cuff-2"]


def test_the_operators_own_words_about_it_stay(database: Database) -> None:
    world = make_world(database)
    with world.db.reading() as tx:
        before = directory.read(tx, "Device", "cuff-1")
    take_in(world, blocked("cuff-1"))
    with world.db.transaction() as tx:
        assert directory.read(tx, "Device", "cuff-1") == before
        directory.take(tx, before, now=world.now)
    assert offers(world) == []


def second_cuff() -> Iterable[Any]:
    """Room 1 has two."""
    for resource in quarter():
        yield resource
        if resource["id"] == "cuff-1":
            yield {**resource, "id": "cuff-1b", "deviceName": [{"name": "Zweite", "type": "user-friendly-name"}]}


def devices_of(world: World, booking_id: str) -> tuple[str, ...]:
    with world.db.reading() as tx:
        return booking.get(tx, booking_id).offer.device_ids


def test_another_cuff_in_the_room_takes_its_place_where_it_is_free(database: Database) -> None:
    world = make_world(database, resources=list(second_cuff()))
    subscription = Subscription("upkeep.use_others", DeviceBlocked, use_others(world.secrets))
    relay = Relay(database, [subscription], world.clock)
    one = make_booking(world, service=WITH_CUFF)
    (used,) = devices_of(world, one.id)
    other = {"cuff-1": "cuff-1b", "cuff-1b": "cuff-1"}[used]
    take_in(world, blocked(used))
    assert [rule for _, rule, _ in must_move(world)] == [Rule.BLOCKED]
    assert relay.deliver() == 1
    assert devices_of(world, one.id) == (other,)
    assert must_move(world) == []
    with world.db.transaction() as tx:
        sealed = booking.read_appointment(tx, world.secrets, one.id, actor=OPERATOR, now=world.now)
    found = json.loads(sealed)
    assert [each["actor"] for each in found["participant"] if "Device/" in each["actor"]["reference"]] == [
        {"reference": f"Device/{other}", "display": world.directory.name_of(other)}
    ]
    assert found["meta"]["versionId"] == "2"
    take_in(world, [])
    with world.db.reading() as tx:
        free = {one_id for one_id in (used, other) if _is_free(tx, world, one_id)}
    assert free == {used}


def _is_free(tx: Tx, world: World, device_id: str) -> bool:
    """Whether nobody has it from 10:00 on."""
    start, end = moment(world, "10:00"), moment(world, "10:20")
    spans = booking.free_slots(tx, directory.load(tx), [device_id], start, end, now=world.now)
    return spans == [(start, end)]


def test_where_no_other_is_free_it_must_be_moved(database: Database) -> None:
    world = make_world(database, resources=list(second_cuff()))
    one = make_booking(world, service=WITH_CUFF)
    used = devices_of(world, one.id)[0]
    take_in(world, blocked("cuff-1", "cuff-1b"))
    with world.db.transaction() as tx:
        service.use_others(tx, world.secrets, DeviceBlocked(used, "room-1"), now=world.now)
    assert devices_of(world, one.id) == (used,)
    assert len(must_move(world)) == 1


def device(**fields: Any) -> Iterable[Any]:
    for resource in quarter():
        yield {**resource, **fields} if resource["id"] == "cuff-1" else resource


def test_the_rooms_plan_knows_its_devices_and_how_long_they_are_inspected(database: Database) -> None:
    until = {"url": "urn:telemed:fhir:bookable-until", "valueDateTime": "2027-01-01T00:00:00+01:00"}
    more = {
        "serialNumber": "A 71",
        "extension": [until],
        "deviceName": [{"name": "Manschette", "type": "user-friendly-name"}],
    }
    world = make_world(database, resources=list(device(**more)))
    take_in(world, blocked("cuff-1"))
    with world.db.reading() as tx:
        plan = queue.day(tx, "room-1", now=world.now, clock=world.centre.clock).plan
    cuff, oximeter = plan.devices
    assert (cuff.device_id, cuff.kind, cuff.name, cuff.serial) == ("cuff-1", "blood-pressure", "Manschette", "A 71")
    assert cuff.usable_until is not None
    assert cuff.usable_until.isoformat() == "2026-12-31"
    assert (oximeter.serial, oximeter.usable_until) == ("", None)
