"""What another system asked for: staff see it, say yes or no, and nobody else knows of it before."""

from datetime import timedelta

import pytest

from telemed.booking import pending
from telemed.booking import service as booking
from telemed.booking.model import Status
from telemed.booking.pending_model import Confirms, Proposal
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from telemed.people.model import Person, Way
from tests.desk.staff import Staff
from tests.desk.world import SERVICE, World, make_world

HERE = "/assistenz/bestaetigen"
PROGRAM = Actor(Role.CLIENT, "practice", compartment=(EVERYONE,))


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


def asked(world: World, doctor: str = "weiss") -> str:
    """Karl Winter's practice asks for a time in the afternoon."""
    with world.centre.db.transaction() as tx:
        wish = Wish(What(SERVICE, (doctor,)), world.now + timedelta(days=1), world.now + timedelta(days=4))
        offer = booking.offers(tx, directory.load(tx), wish, now=world.now)[0]
        person = Person("Karl Winter", 1951, Way.PHONE, "030 1234567")
        proposal = Proposal(new_id(), offer, Confirms.STAFF, person)
        return pending.pend(tx, world.centre.secrets, proposal, actor=PROGRAM, now=world.now).id


def status_of(world: World, asked_id: str) -> Status:
    with world.centre.db.reading() as tx:
        return pending.find(tx, asked_id).status


def test_who_is_asked_sees_it_among_her_tasks_and_one_press_makes_it_an_appointment(world: World) -> None:
    asked_id, assistant = asked(world), Staff(world)
    assert assistant.get("/assistenz").texts(f".//a[@href='{HERE}']") == ["Bestätigen 1"]
    page = assistant.get(HERE)
    (card,) = page.found(".//*[@data-asked]")
    assert card.get("data-asked") == asked_id
    assert "Karl Winter" in page.words
    assert "Antwort bis" in page.words
    done = assistant.post(f"{HERE}/{asked_id}", page.form(f"{HERE}/{asked_id}"))
    assert (done.status, done.headers["location"]) == (303, HERE)
    assert status_of(world, asked_id) is Status.BOOKED
    assert "Keine Anfrage wartet auf Antwort." in assistant.get(HERE).words
    assert assistant.post(f"{HERE}/{asked_id}", {}).status == 404


def test_a_doctor_refuses_her_own_and_another_one_does_not_know_of_it(world: World) -> None:
    asked_id = asked(world)
    stranger = Staff(world, Role.DOCTOR, "vogt")
    assert "Karl Winter" not in stranger.get(HERE).words
    for path in (f"{HERE}/{asked_id}", f"{HERE}/{asked_id}/ablehnen"):
        assert stranger.post(path, {}).status == 404
    assert status_of(world, asked_id) is Status.PENDING
    own = Staff(world, Role.DOCTOR, "weiss")
    assert own.post(f"{HERE}/{asked_id}/ablehnen", {}).status == 303
    assert status_of(world, asked_id) is Status.CANCELLED


def test_what_ran_out_is_not_there_any_more_and_what_cannot_be_says_why(world: World) -> None:
    late, away = asked(world), asked(world)
    with world.centre.db.transaction() as tx:
        offer = pending.find(tx, away).offer
        directory.add_absence(tx, offer.doctor_id, offer.start, offer.end, now=world.now)
    refused = Staff(world).post(f"{HERE}/{away}", {})
    assert "Dr. med. Miriam Weiß" in refused.words
    assert status_of(world, away) is Status.PENDING
    world.centre.clock.forward(timedelta(days=1))  # type: ignore[attr-defined]  # a HandClock
    assert Staff(world).post(f"{HERE}/{late}", {}).status == 404
