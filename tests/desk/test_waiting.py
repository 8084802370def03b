"""The waiting list as staff see it."""

import re
from datetime import timedelta

import pytest

from telemed.booking import holding
from telemed.booking import service as booking
from telemed.booking.model import Reason, WaitState
from telemed.identity.model import Actor, Role
from telemed.kit.clock import ExerciseClock
from telemed.kit.db import Database
from telemed.people import service as people
from telemed.people.model import Way
from tests.desk.staff import (
    ORDERED,
    WAITING,
    Staff,
    audited,
    booking_of,
    waits,
)
from tests.desk.world import SERVICE, World, make_world


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def assistant(world: World) -> Staff:
    return Staff(world)


def cancelled(world: World, booking_id: str) -> None:
    with world.centre.db.transaction() as tx:
        booking.cancel(tx, world.centre.secrets, booking_id, actor=Actor(Role.ANYONE), now=world.now)


def entry_state(world: World, waiting_id: str) -> WaitState:
    with world.centre.db.reading() as tx:
        return holding.waiting_of(tx, waiting_id).state


@pytest.fixture
def late_world(sqlite_database: Database) -> World:
    """The same with its first visit an hour later, so that there is time to ask somebody."""
    made = make_world(sqlite_database, visits=0)
    made.visits.append(booked_after(made, timedelta(hours=1), "Erika Sommer"))
    return made


def booked_after(world: World, wait: timedelta, name: str) -> str:
    """Book the first time that is free after *wait*."""
    clock = world.centre.clock
    assert isinstance(clock, ExerciseClock)
    clock.forward(wait)
    made = world.book(name)
    clock.follow(clock.offset - wait)
    return made


def test_everybody_in_line_is_shown_in_order_and_each_look_is_audited(world: World, assistant: Staff) -> None:
    waits(world, first=False)
    waits(world, "Zoe Zweite", first=False, way=Way.EMAIL)
    before = audited(world, "waiting list")
    page = assistant.get(WAITING)
    assert page.words.index("Wanda Wartet") < page.words.index("Zoe Zweite")
    assert audited(world, "waiting list") == before + 2
    what_for, doctor = "Allgemeinmedizin, 20 Minuten, mit Blutdruck", Staff(world, Role.DOCTOR, "weiss")
    assert what_for not in page.words
    assert what_for in doctor.get(WAITING).words


def test_a_doctor_of_another_specialty_does_not_see_who_waits_and_can_do_nothing_about_it(world: World) -> None:
    entry, stranger = waits(world, first=False), Staff(world, Role.DOCTOR, "vogt")
    assert "Wanda Wartet" not in stranger.get(WAITING).text
    for what, fields in (("zusage", {}), ("absage", {}), ("streichen", {}), ("vorrang", {"priority": "1"})):
        answer = stranger.post(f"{WAITING}/{entry}/{what}", fields)
        assert answer.status == 404 or "Wanda Wartet" not in answer.text, what
    assert "Wanda Wartet" in Staff(world).get(WAITING).text


def test_freed_time_is_kept_and_a_yes_on_the_telephone_books_it(late_world: World) -> None:
    world, assistant = late_world, Staff(late_world)
    entry = waits(world)
    assert "1 anrufen" not in assistant.get("/assistenz").words
    cancelled(world, world.visits[0])
    assert "1 anrufen" in assistant.get("/assistenz").words
    page = assistant.get(WAITING)
    assert "bitte anrufen" in page.words
    assert "03641 987654" in page.words
    done = assistant.post(f"{WAITING}/{entry}/zusage")
    assert "Ihr Zeichen" in done.words
    assert entry_state(world, entry) is WaitState.TAKEN
    assert assistant.post(f"{WAITING}/{entry}/zusage").status == 410


def test_a_no_gives_the_time_to_the_next_and_keeps_the_place(late_world: World) -> None:
    world, assistant = late_world, Staff(late_world)
    first, second = waits(world), waits(world, "Zoe Zweite")
    cancelled(world, world.visits[0])
    assert assistant.post(f"{WAITING}/{first}/absage").headers["location"] == WAITING
    assert entry_state(world, first) is WaitState.WAITING
    assert entry_state(world, second) is WaitState.OFFERED
    assert assistant.post(f"{WAITING}/{first}/absage").status == 410


def test_who_has_a_later_appointment_keeps_its_slip(late_world: World) -> None:
    world, assistant = late_world, Staff(late_world)
    later = booked_after(world, timedelta(hours=3), "Lea Später")
    earlier = f"/assistenz/termin/{later}/frueher"
    fields = assistant.get(f"/assistenz/termin/{later}").form(earlier)
    for _ in range(2):  # sent twice, in line once
        assert assistant.post(earlier, fields).headers["location"] == WAITING
    cancelled(world, world.visits[0])
    with world.centre.db.reading() as tx:
        (entry,) = holding.everyone_waiting(tx, now=world.now)
    done = assistant.post(f"{WAITING}/{entry.id}/zusage")
    assert "gelten weiter" in done.words
    assert "/t/" not in done.text
    assert booking_of(world, later).reason is Reason.MOVED


def test_a_professional_sets_who_comes_first_and_a_helper_does_not(world: World, assistant: Staff) -> None:
    waits(world, first=False)
    second = waits(world, "Zoe Zweite", first=False)
    assert assistant.post(f"{WAITING}/{second}/vorrang", {"priority": "1"}).status == 303
    page = assistant.get(WAITING)
    assert page.words.index("Zoe Zweite") < page.words.index("Wanda Wartet")
    assert "Vorrang 1" in page.words
    assert audited(world, "priority") == 1
    helper = Staff(world, subject="haddad")
    assert "Ihre Rolle kann keinen Vorrang geben." in helper.get(WAITING).words
    assert helper.post(f"{WAITING}/{second}/vorrang", {"priority": "2"}).status == 403
    doctor = Staff(world, Role.DOCTOR, "weiss")
    assert doctor.post(f"{WAITING}/{second}/vorrang", {"priority": ""}).status == 303
    assert assistant.post(f"{WAITING}/{second}/vorrang", {"priority": "0"}).status == 422
    assert assistant.post(f"{WAITING}/unheard-of/vorrang", {"priority": "1"}).status == 404


def test_who_does_not_wait_any_more_is_removed(world: World, assistant: Staff) -> None:
    entry = waits(world, first=False)
    assert assistant.post(f"{WAITING}/{entry}/streichen").headers["location"] == WAITING
    assert "Wanda Wartet" not in assistant.get(WAITING).words
    assert assistant.post(f"{WAITING}/unheard-of/streichen").status == 404
    assert assistant.post(f"{WAITING}/{entry}/sonstwas").status == 422


def test_somebody_is_put_in_line_and_the_search_in_vain_is_counted(world: World, assistant: Staff) -> None:
    page = assistant.get(f"{WAITING}/eintragen", service=SERVICE)
    wrong = assistant.post(WAITING, assistant.filled(page, WAITING, name="", service=""))
    assert wrong.status == 422
    assert "Wählen Sie, wofür der Termin ist." in wrong.words
    assert assistant.post(WAITING, assistant.filled(page, WAITING, service=ORDERED)).status == 422
    fields = assistant.filled(page, WAITING)
    for _ in range(2):  # sent twice, in line once
        done = assistant.post(WAITING, fields)
    assert "Davor warten: 0" in done.words
    assert re.search(r"/w/[\w-]{22}", done.words)
    assert len(assistant.get(WAITING).found(".//*[@data-waiting]")) == 1
    assert assistant.post(WAITING, {**fields, "request_id": ["short"]}).form(WAITING)["name"] == ["Rosa Vogel"]
    with world.centre.db.reading() as tx:
        assert booking.unmet_counts(tx) == {("ALLG", 1): 1}


def test_whose_data_were_erased_stands_in_line_without_a_name(world: World, assistant: Staff) -> None:
    entry = waits(world, first=False)
    with world.centre.db.transaction() as tx:
        person_id = holding.waiting_of(tx, entry).person_id
        people.erase(tx, person_id, actor=Actor(Role.OPERATOR), now=world.now)
    page = assistant.get(WAITING)
    assert "Angaben gelöscht" in page.words
    assert "Wanda" not in page.text
