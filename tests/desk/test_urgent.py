"""Staff book over others: who gives way is named, and a reason is asked for."""

import pytest

from telemed.booking.model import Reason, Status
from telemed.identity.model import Role
from telemed.kit.db import Database
from tests.desk.staff import (
    ORDERED,
    PERSON,
    URGENT,
    WAITING,
    WEDNESDAY,
    Staff,
    audited,
    booking_of,
    change,
    new_bookings,
    wall,
)
from tests.desk.world import NAMES, SERVICE, World, make_world


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def assistant(world: World) -> Staff:
    return Staff(world)


def by_hand(world: World, **changes: str) -> dict[str, str]:
    """The time of the first visit of the morning, by hand."""
    offer = booking_of(world, world.visits[0]).offer
    there = {"doctor": offer.doctor_id, "place": offer.room_id}
    return {"service": SERVICE, **there, "first": "2026-12-01", "time": wall(world, offer.start), **changes}


def test_who_would_give_way_is_named_and_a_reason_is_not_preset(world: World, assistant: Staff) -> None:
    before = audited(world, "displacing")
    page = assistant.get(URGENT, **by_hand(world))
    assert NAMES[0] in page.words
    assert NAMES[1] not in page.words
    assert page.found(".//input[@name='urgency'][@checked]") == []
    assert audited(world, "displacing") == before + 1


def test_without_a_reason_nobody_gives_way(world: World, assistant: Staff) -> None:
    page = assistant.get(URGENT, **by_hand(world))
    for urgency in ("", "bored"):
        answer = assistant.post(URGENT, assistant.filled(page, URGENT, urgency=urgency, **by_hand(world)))
        assert answer.status == 422
        assert "urgency-error" in answer.text
    assert booking_of(world, world.visits[0]).status is Status.BOOKED
    assert new_bookings(world) == []


def test_an_urgent_booking_displaces_who_was_named_and_says_whom_to_call(world: World, assistant: Staff) -> None:
    page = assistant.get(URGENT, **by_hand(world))
    fields = assistant.filled(page, URGENT, urgency="emergency")
    done = assistant.post(URGENT, fields)
    assert done.status == 200
    assert "Bitte jetzt anrufen" in done.words
    assert NAMES[0] in done.words
    lost = booking_of(world, world.visits[0])
    assert (lost.status, lost.reason) == (Status.CANCELLED, Reason.DISPLACED)
    assert len(new_bookings(world)) == 1
    again = assistant.post(URGENT, fields)
    assert again.status == 200
    assert len(new_bookings(world)) == 1
    waiting = assistant.get(WAITING).words
    assert NAMES[0] in waiting
    assert "zuerst, verlor einen Termin" in waiting


def test_who_was_not_named_does_not_give_way(world: World, assistant: Staff) -> None:
    page = assistant.get(URGENT, **by_hand(world))
    fields = assistant.filled(page, URGENT, urgency="emergency", displaced=[])
    answer = assistant.post(URGENT, fields)
    assert answer.status == 409
    assert booking_of(world, world.visits[0]).status is Status.BOOKED


def test_a_closed_time_can_be_had_for_a_reason(world: World, assistant: Staff) -> None:
    page = assistant.get(URGENT, **by_hand(world, first="2026-12-05", time="11:00"))
    assert "Niemand verliert einen Termin." in page.words
    assert assistant.post(URGENT, assistant.filled(page, URGENT, urgency="doctor-asked")).status == 200
    assert new_bookings(world)[0].extras.urgency == "doctor-asked"


def test_no_reason_helps_against_an_absence(world: World, assistant: Staff) -> None:
    away = {"description": "Urlaub", "during": {"start": WEDNESDAY, "end": WEDNESDAY}}
    change(world, "doctors", "rolle-weiss", notAvailable=[away])
    page = assistant.get(URGENT, **by_hand(world, doctor="weiss", first=WEDNESDAY, time="10:00"))
    assert page.status == 409
    assert page.found(f".//form[@action='{URGENT}']") == []


def test_a_free_time_needs_no_reason(world: World, assistant: Staff) -> None:
    page = assistant.get(URGENT, **by_hand(world, first=WEDNESDAY, time="10:00"))
    assert "Diese Zeit ist frei." in page.words
    assert page.found(f".//form[@action='{URGENT}']") == []
    usual = assistant.get(PERSON, **page.form(PERSON))
    assert "Mittwoch, 2. Dezember, 10:00 Uhr" in usual.words


def test_what_is_past_or_begun_stays(world: World, assistant: Staff) -> None:
    page = assistant.get(URGENT, **by_hand(world, time="07:00"))
    assert page.status == 422


def test_an_assistant_displaces_in_her_rooms_and_a_doctor_in_her_own_time(world: World, assistant: Staff) -> None:
    elsewhere = by_hand(world, service="sprechstunde-15", doctor="vogt", place="wohnung-1", first="2026-12-05")
    assert assistant.get(URGENT, **elsewhere).status == 403
    other = Staff(world, Role.DOCTOR, "vogt")
    assert other.get(URGENT, **by_hand(world)).status == 403
    page = assistant.get(URGENT, **by_hand(world))
    assert other.post(URGENT, assistant.filled(page, URGENT, urgency="emergency")).status == 403
    assert booking_of(world, world.visits[0]).status is Status.BOOKED


def test_an_urgent_time_that_lacks_an_order_or_an_answer_is_only_asked_for(assistant: Staff, world: World) -> None:
    assert assistant.get(URGENT).status == 200
    page = assistant.get(URGENT, **by_hand(world, service=ORDERED, doctor="vogt"))
    assert "Das braucht eine Anordnung." in page.words
    assert page.found(f".//form[@action='{URGENT}']") == []
