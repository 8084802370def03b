"""The exercise clock's offset outlives the centre, and who follows it is told."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from schemas.checks import CheckReport
from telemed.booking import service as booking
from telemed.booking.model import Request
from telemed.booking.planner import What, Wish
from telemed.directory import fhir
from telemed.directory import service as directory
from telemed.directory.model import Template
from telemed.kit.clock import ExerciseClock, RealClock
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from telemed.kit.outbox import events
from telemed.kit.refusal import NotFound
from telemed.link.service import Lines
from telemed.operator import service
from telemed.operator.model import NoExercise, is_online
from tests.builders import SERVICE, SOMMER, book, make_booking, make_world, moment

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_the_offset_is_kept_to_the_second_and_replaced(database: Database) -> None:
    with database.transaction() as tx:
        assert service.saved_offset(tx) is None
        service.save_offset(tx, timedelta(days=3, seconds=1.5))
        service.save_offset(tx, timedelta(days=4, seconds=2.25))
    with database.reading() as tx:
        assert service.saved_offset(tx) == timedelta(days=4, seconds=2.25)


def test_moving_forward_adds_up_is_kept_and_is_told(database: Database) -> None:
    clock = ExerciseClock(timedelta(days=1))
    for minutes in (5, 12):
        with database.transaction() as tx:
            service.forward(tx, clock, timedelta(minutes=minutes))
    assert clock.offset == timedelta(days=1, minutes=17)
    with database.reading() as tx:
        assert service.saved_offset(tx) == clock.offset
        assert list(tx.execute(select(events.c.kind)).scalars()) == ["ClockMoved", "ClockMoved"]


def test_real_time_is_not_moved(database: Database) -> None:
    with database.transaction() as tx, pytest.raises(NoExercise):
        service.forward(tx, RealClock(), timedelta(minutes=5))


@pytest.mark.parametrize(("silence_s", "online"), [(0, True), (15, True), (16, False)])
def test_a_room_that_was_not_heard_for_15_seconds_is_offline(silence_s: int, online: bool) -> None:
    assert is_online(NOW - timedelta(seconds=silence_s), NOW) is online
    assert not is_online(None, NOW)


def test_no_machine_of_ours_stands_in_somebodys_home(database: Database) -> None:
    home = {"url": fhir.SETTING, "valueCode": "home"}
    world = make_world(database)
    with database.transaction() as tx:
        directory.take(tx, {"resourceType": "Location", "id": "home", "extension": [home]}, now=NOW)
        assert [room.room_id for room in service.rooms(tx, world.centre.the(Lines), now=NOW)] == ["room-1"]
        with pytest.raises(NotFound):
            service.new_pairing(tx, kind="kiosk", room_id="home", now=NOW)


@pytest.mark.parametrize("sealed_by", ["tpm", "file"])
def test_the_operator_learns_who_keeps_the_key_of_a_rooms_disk(database: Database, sealed_by: str) -> None:
    world = make_world(database)
    lines = world.centre.the(Lines)
    with database.transaction() as tx:
        assert [room.sealed_by for room in service.rooms(tx, lines, now=NOW)] == [""]
        said = {"room_id": "room-1", "at": NOW, "simulated": True, "results": (), "sealed_by": sealed_by}
        lines.checked(CheckReport.model_validate(said))
        assert [room.sealed_by for room in service.rooms(tx, lines, now=NOW)] == [sealed_by]


def test_a_second_encoder_is_told_while_the_room_is_heard(database: Database) -> None:
    world = make_world(database)
    lines = world.centre.the(Lines)
    said = {"room_id": "room-1", "at": NOW, "simulated": True, "results": (), "vp8_viewers": 2}
    seen = []
    with database.transaction() as tx:
        for heard, now in ((False, NOW), (True, NOW), (True, NOW + timedelta(minutes=1))):
            if heard:
                lines.beat("room-1", NOW)
                lines.checked(CheckReport.model_validate(said))
            seen += service.rooms(tx, lines, now=now)
    assert [room.vp8_viewers for room in seen] == [0, 2, 0]


def test_a_template_changes_what_is_offered_and_when_people_come_but_not_what_stands(database: Database) -> None:
    world = make_world(database)
    before = make_booking(world, at="10:10")
    with database.transaction() as tx:
        directory.use_template(tx, "weiss", Template.BAILEY_WELCH, now=world.now)
        known = directory.load(tx)
        assert known.doctors["weiss"].template is Template.BAILEY_WELCH
        assert booking.unplaceable(tx, known, now=world.now) == []
        day = moment(world, "00:00")
        wish = Wish(What(SERVICE, ("weiss",)), day, day + timedelta(days=1))
        offered = booking.offers(tx, known, wish, now=world.now, limit=100)
    steps = {(later.start - former.start) for former, later in itertools.pairwise(offered)}
    assert min(steps) >= known.services[SERVICE].length
    late = next(each for each in offered if each.start > world.now + timedelta(hours=1))
    booked = book(world, Request(new_id(), late, SOMMER))
    with database.reading() as tx:
        assert booking.get(tx, before.id).extras.come_before == timedelta(0)
        ahead = booking.get(tx, booked.id).extras.come_before
    assert ahead == steps.pop() if len(steps) == 1 else ahead >= timedelta(minutes=20)


def test_without_a_template_nothing_is_laid_out_and_the_doctors_resource_is_as_it_was(database: Database) -> None:
    world = make_world(database)
    role = world.directory.doctors["weiss"].role_id
    with database.transaction() as tx:
        as_it_was = directory.read(tx, "PractitionerRole", role)
        for template in (Template.DOME, Template.INDIVIDUAL):
            directory.use_template(tx, "weiss", template, now=world.now)
        assert json.loads(directory.read(tx, "PractitionerRole", role)) == json.loads(as_it_was)
        with pytest.raises(NotFound):
            directory.use_template(tx, "nobody", Template.DOME, now=world.now)
