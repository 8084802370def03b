"""Appointments of other systems that are held until they are confirmed: nobody sees them before, nothing overlaps."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from telemed.booking import asking, holding, pending, seeking, several
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.jobs import expire
from telemed.booking.model import (
    HOLD,
    AlreadyCancelled,
    Booking,
    HoldGone,
    NotOffered,
    Reason,
    Request,
    SlotTaken,
    Status,
    Urgency,
    WaitState,
)
from telemed.booking.pending_fhir import HELD_UNTIL
from telemed.booking.pending_model import BEFORE_START, CONFIRM_WITHIN, Completed, Confirms, Proposal, deadline
from telemed.booking.planner import What, Wish
from telemed.booking.sought import Is, Kept, Sought
from telemed.directory import service as directory
from telemed.identity.allowed import program
from telemed.kit import outbox
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from telemed.kit.refusal import NotFound
from telemed.people import service as people
from telemed.privacy import own
from telemed.visit import service as visit
from tests.builders import CLIENT, OPERATOR, RESIDENT, SOMMER, World, book, make_world, moment, offer_at


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def do(world: World, verb: Any, *given: Any, **named: Any) -> Any:
    with world.db.transaction() as tx:
        return verb(tx, world.secrets, *given, now=world.now, **named)


def look(world: World, verb: Any, *given: Any, **named: Any) -> Any:
    with world.db.reading() as tx:
        return verb(tx, *given, **named)


def events(world: World) -> list[str]:
    """What was told, in order."""
    with world.db.reading() as tx:
        return list(tx.execute(select(outbox.events.c.kind).order_by(outbox.events.c.id)).scalars())


def pend(world: World, at: str = "10:00", confirms: Confirms = Confirms.CLIENT, **more: Any) -> Booking:
    made: Booking = do(world, pending.pend, Proposal(new_id(), offer_at(world, at), confirms, **more), actor=CLIENT)
    return made


def shown(world: World, booking_id: str) -> dict[str, Any]:
    """The Appointment as a program reads it."""
    content = do_read(world, booking_id)
    found: dict[str, Any] = orjson.loads(content)
    return found


def do_read(world: World, booking_id: str) -> bytes:
    with world.db.transaction() as tx:
        return booking.show_appointment(tx, world.secrets, booking_id, asker=program(CLIENT, world.now))


def test_its_program_reads_and_finds_it_as_pending_with_its_deadline(world: World) -> None:
    made = pend(world, person=SOMMER)
    said = shown(world, made.id)
    assert (said["status"], said["id"]) == ("pending", made.id)
    told = [datetime.fromisoformat(one["valueInstant"]) for one in said["extension"] if one["url"] == HELD_UNTIL]
    assert told == [world.now + HOLD]
    waits = [one["actor"]["reference"] for one in said["participant"] if one["status"] == "needs-action"]
    assert waits == [f"Patient/{made.person_id}"]
    with world.db.transaction() as tx:
        asker, waiting = program(CLIENT, world.now), Is(Kept.STATUS, frozenset({"pending"}))
        assert [hit.id for hit in seeking.seek(tx, Sought(waiting), asker=asker).hits] == [said["id"]]


def test_no_list_of_a_day_no_plan_and_no_page_knows_of_it(world: World) -> None:
    made, day = pend(world), world.now.date()
    known = world.directory
    assert look(world, booking.on_day, known, day) == []
    assert look(world, booking.cancelled_on_day, day, room_id="room-1") == []
    assert look(world, visit.visits_on, "room-1", now=world.now) == []
    assert look(world, booking.of_people, [made.person_id], since=world.now) == []
    with world.db.reading() as tx:
        for asker in (asking.asking(tx, OPERATOR, now=world.now), program(CLIENT, world.now)):
            assert asking.visible_on_day(tx, asker, day) == []
    for verb in (booking.get, booking.current):
        with pytest.raises(NotFound):
            look(world, verb, made.id)
    assert events(world) == ["BookingPending"]


def test_what_is_pending_nobody_else_gets_and_memory_offers_it_to_nobody(world: World) -> None:
    made = pend(world)
    with pytest.raises(SlotTaken):
        book(world, Request(new_id(), made.offer, SOMMER))
    with pytest.raises(SlotTaken):
        do(world, pending.pend, Proposal(new_id(), made.offer, Confirms.STAFF), actor=CLIENT)
    with world.centre.the(Index).at(world.now) as here:
        assert here.busy("weiss")


def test_confirmed_it_is_an_appointment_like_any_other_and_again_is_once(world: World) -> None:
    made = pend(world)
    booked = do(world, pending.confirm, made.id, actor=CLIENT, said=Completed(replace(SOMMER, language="tr")))
    again = do(world, pending.confirm, made.id, actor=CLIENT)
    assert (again.status, again.version, again.extras.language) == (Status.BOOKED, 2, "tr")
    assert [one.id for one in look(world, booking.on_day, world.directory, world.now.date())] == [made.id]
    assert look(world, booking.get, made.id) == booked == again
    assert events(world) == ["BookingPending", "BookingConfirmed"]
    said = shown(world, made.id)
    assert said["status"] == "booked"
    assert "extension" not in said
    assert said["meta"]["versionId"] == "2"
    assert {one["status"] for one in said["participant"]} == {"accepted"}
    assert said["participant"][0]["actor"]["display"] == SOMMER.name
    with world.db.transaction() as tx:
        person = people.details(tx, world.secrets, made.person_id, actor=CLIENT, purpose="day list", now=world.now)
    assert person == replace(SOMMER, language="tr")
    world.clock.forward(HOLD)
    expire(world.db, world.secrets, world.clock)
    with pytest.raises(SlotTaken):
        book(world, Request(new_id(), made.offer, SOMMER))


def test_two_that_are_confirmed_have_different_tickets_that_day(world: World) -> None:
    for at in ("10:00", "11:00"):
        do(world, pending.confirm, pend(world, at).id, actor=CLIENT)
    one, two = look(world, booking.on_day, world.directory, world.now.date())
    assert one.ticket != two.ticket


def test_what_ran_out_is_free_at_once_is_swept_as_cancelled_and_is_never_confirmed(world: World) -> None:
    made = pend(world)
    world.clock.forward(HOLD)
    with pytest.raises(HoldGone):
        do(world, pending.confirm, made.id, actor=CLIENT)
    taken = book(world, Request(new_id(), made.offer, SOMMER))  # nobody has swept
    assert expire(world.db, world.secrets, world.clock) == 1
    assert expire(world.db, world.secrets, world.clock) == 0
    said = shown(world, made.id)
    assert said["status"] == "cancelled"
    assert said["cancelationReason"]["coding"][0]["code"] == "other"
    assert look(world, booking.cancelled_on_day, world.now.date(), room_id="room-1") == []
    assert [one.id for one in look(world, booking.on_day, world.directory, world.now.date())] == [taken.id]
    assert events(world) == ["BookingPending", "BookingConfirmed", "PendingEnded"]
    with pytest.raises(HoldGone):
        do(world, pending.confirm, made.id, actor=CLIENT)
    with pytest.raises(AlreadyCancelled):
        do(world, pending.pend, Proposal(made.id, offer_at(world, "11:00"), Confirms.CLIENT), actor=CLIENT)


def test_staff_confirm_within_a_day_or_an_hour_before_it_begins(world: World) -> None:
    made = pend(world, "15:00", Confirms.STAFF, person=SOMMER)
    ((found, waits),) = look(world, pending.waiting_for_staff, now=world.now)
    assert found.id == made.id
    assert waits.held_until == made.offer.start - BEFORE_START
    assert [one["status"] for one in shown(world, made.id)["participant"]].count("needs-action") == 2
    far = replace(made.offer, start=world.now + timedelta(days=9), end=world.now + timedelta(days=9, minutes=20))
    assert deadline(Confirms.STAFF, far, now=world.now) == world.now + CONFIRM_WITHIN
    soon = replace(made.offer, start=world.now + timedelta(minutes=40))
    assert deadline(Confirms.STAFF, soon, now=world.now) == world.now + timedelta(minutes=20)
    do(world, pending.refuse, made.id, actor=OPERATOR)
    assert look(world, pending.waiting_for_staff, now=world.now) == []
    assert shown(world, made.id)["cancelationReason"]["coding"][0]["code"] == Reason.PRACTITIONER.value


def test_an_extension_holds_it_longer_also_in_memory(world: World) -> None:
    made = pend(world, "15:00")
    world.clock.forward(HOLD - timedelta(minutes=1))
    longer = do(world, pending.extend, made.id, actor=CLIENT)
    assert longer.held_until == world.now + HOLD
    world.clock.forward(timedelta(minutes=5))
    assert expire(world.db, world.secrets, world.clock) == 0
    with pytest.raises(SlotTaken):
        book(world, Request(new_id(), made.offer, SOMMER))
    with world.centre.the(Index).at(world.now) as here:
        assert here.busy("weiss")
    world.clock.forward(HOLD)
    with pytest.raises(HoldGone):
        do(world, pending.extend, made.id, actor=CLIENT)
    with world.centre.the(Index).at(world.now) as here:
        assert not here.busy("weiss")


def test_refused_time_goes_at_once_to_who_waits(world: World) -> None:
    wish = Wish(What("general-20", ("weiss",)), moment(world, "10:00"), moment(world, "10:20"))
    made = pend(world)
    entry, _ = do(world, holding.join, wish, SOMMER, actor=RESIDENT)
    do(world, pending.refuse, made.id, actor=OPERATOR)
    assert look(world, holding.waiting_of, entry.id).state is WaitState.OFFERED
    with pytest.raises(HoldGone):
        do(world, pending.refuse, made.id, actor=OPERATOR)


def test_staff_who_book_over_others_end_it(world: World) -> None:
    made = pend(world)
    done = do(world, several.override, Request(new_id(), made.offer, SOMMER), Urgency.EMERGENCY, actor=OPERATOR)
    assert done.displaced == ()
    assert shown(world, made.id)["status"] == "cancelled"
    assert look(world, booking.get, done.booked.id).offer == made.offer


def test_who_is_away_by_then_is_not_confirmed(world: World) -> None:
    made = pend(world, "15:00", Confirms.STAFF)
    away = moment(world, "14:00"), moment(world, "18:00")
    with world.db.transaction() as tx:
        directory.add_absence(tx, "weiss", *away, now=world.now)
    with pytest.raises(NotOffered):
        do(world, pending.confirm, made.id, actor=OPERATOR)


def test_erasing_the_person_ends_it(world: World) -> None:
    made = pend(world, person=SOMMER)
    do(world, own.erase, made.person_id, actor=RESIDENT)
    book(world, Request(new_id(), made.offer, SOMMER))
    world.clock.forward(HOLD)
    assert expire(world.db, world.secrets, world.clock) == 0
