"""A visit from home: nobody but the two, no room that could be full, and on to a room with one action."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from schemas.day import FactKind
from telemed.booking import form, reading
from telemed.booking import service as booking
from telemed.booking.model import Booked, Request
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.kit.ids import new_link_token, new_token
from telemed.kit.refusal import NotAllowed
from telemed.people.consent import ConsentRefused
from telemed.people.model import Person, Way
from telemed.queue import service as queue
from telemed.visit import service as visit
from telemed.visit.model import VisitState, WrongMoment
from tests.builders import HandClock
from tests.desk.test_guests import House
from tests.desk.world import TUESDAY_9, World, make_world

AT_HOME = "sprechstunde-15"
HOME = "zu-hause"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, visits=0, clock=HandClock(TUESDAY_9), exercise=False)


@pytest.fixture
def house(world: World) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(world, stack)


def book_at_home(world: World, name: str = "Erika Sommer") -> Booked:
    """The first time at home; its doctor becomes the world's."""
    with world.centre.db.transaction() as tx:
        known = directory.load(tx)
        wish = Wish(What(AT_HOME, room_ids=(HOME,)), world.now, world.now + timedelta(hours=9))
        offer = booking.offers(tx, known, wish, now=world.now)[0]
        asked = Request(new_link_token(), offer, Person(name, 1948, Way.PAPER))
        made = booking.book(tx, world.centre.secrets, asked, actor=Actor(Role.ANYONE), now=world.now)
    world.doctor = offer.doctor_id
    world.visits.append(made.id)
    return made


def resident(house: House, booked: Booked) -> TestClient:
    return house.browser(Role.RESIDENT, booked.id)


def state(world: World, visit_id: str) -> VisitState:
    with world.centre.db.reading() as tx:
        return visit.state_of(tx, visit_id)


def call(house: House) -> None:
    assert house.doctor().post("/arzt/aufrufen").headers["location"].startswith("/arzt/besuch/")


def test_what_needs_a_device_is_not_offered_at_home(world: World) -> None:
    with world.centre.db.reading() as tx:
        known = directory.load(tx)
        at_home = [one.id for one in known.services.values() if HOME in one.room_ids]
        assert at_home == [AT_HOME]
        assert known.services[AT_HOME].devices == ()
        for one in known.services:
            wish = Wish(What(one, room_ids=(HOME,)), world.now, world.now + timedelta(days=3))
            assert bool(booking.offers(tx, known, wish, now=world.now)) is (one == AT_HOME)


def test_the_whole_visit_goes_without_a_room(house: House) -> None:
    made, world = book_at_home(house.world), house.world
    browser = resident(house, made)
    assert browser.get("/mein-termin/gespraech/stand").json() == {"door": "soon", "next": ""}
    browser.post("/mein-termin/bereit")
    browser.post("/mein-termin/bereit")  # pressed twice
    assert state(world, made.id) is VisitState.ARRIVED
    call(house)
    assert browser.get("/mein-termin/gespraech/stand").json()["door"] == "open"
    page = browser.get("/mein-termin/gespraech").text
    assert 'data-role="resident"' in page
    assert "guest-name" not in page  # the doctor knows who it is
    for _ in range(2):
        assert browser.post("/mein-termin/gespraech/da").status_code == 204
    assert state(world, made.id) is VisitState.INSIDE
    assert house.doctor().post(f"/arzt/besuch/{made.id}/ende").headers["location"] == "/arzt"
    assert browser.get("/mein-termin/gespraech/stand").json()["door"] == "over"


def test_at_home_nobody_waits_for_another_doctor_s_visit_and_nothing_is_wiped_down(world: World) -> None:
    first, second = book_at_home(world), book_at_home(world, "Karl Winter")
    world.happen(first.id, FactKind.ARRIVED, FactKind.CALLED)
    world.happen(second.id, FactKind.ARRIVED, FactKind.CALLED)
    world.happen(first.id, FactKind.ENTERED, FactKind.ENDED)
    with world.centre.db.reading() as tx:
        day = queue.day(tx, HOME, now=world.now, clock=world.centre.clock, doctor_id=world.doctor)
        other = queue.day(tx, HOME, now=world.now, clock=world.centre.clock, doctor_id="somebody-else")
    assert day.standing.uncleaned is None
    assert other.plan.visits == ()


def test_the_resident_joins_the_own_home_visit_and_no_other(house: House) -> None:
    world, made = house.world, book_at_home(house.world)
    other, in_room = book_at_home(world, "Karl Winter"), world.book("Mia Herbst")
    world.happen(made.id, FactKind.ARRIVED)

    def admits(visit_id: str, subject: str) -> str:
        with world.centre.db.reading() as tx:
            return visit.admit_resident(tx, visit_id, subject, now=world.now).id

    with pytest.raises(WrongMoment):
        admits(made.id, made.id)
    world.happen(made.id, FactKind.CALLED)
    world.happen(in_room, FactKind.ARRIVED, FactKind.CALLED)
    assert admits(made.id, made.id) == made.id
    for visit_id, subject in ((made.id, other.id), (in_room, in_room), (in_room, made.id)):
        with pytest.raises(NotAllowed):
            admits(visit_id, subject)
    assert resident(house, made).get("/mein-termin/gespraech").status_code == 200
    assert house.browser(Role.RESIDENT, in_room).get("/mein-termin/gespraech").status_code == 404


def test_the_doctor_goes_on_in_a_room_with_one_action_and_the_link_leads_there(house: House) -> None:
    world, made = house.world, book_at_home(house.world)
    world.happen(made.id, FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED)
    path, doctor = f"/arzt/besuch/{made.id}/raum", house.doctor()
    first = doctor.get(path).json()[0]
    assert "Uhr, " in first["said"]
    assert "Zu Hause" not in first["said"]
    chosen = {"offer": first["offer"], "request_id": new_token()}
    assert doctor.post(path, json=chosen).json() == doctor.post(path, json=chosen).json() == first
    browser = resident(house, made)
    assert browser.get("/mein-termin/gespraech/stand").json() == {"door": "open", "next": first["said"]}
    turkish = browser.get("/mein-termin/gespraech/stand?sprache=tr").json()["next"]
    assert "saat" in turkish
    assert "Misafir dairesi" in turkish
    assert browser.get("/mein-termin/gespraech").status_code == 200  # the talk goes on
    with world.centre.db.reading() as tx:
        moved = reading.by_link(tx, made.link_token)
        assert (moved.offer.doctor_id, moved.id != made.id) == (world.doctor, True)
        assert booking.get(tx, moved.id).person_id == booking.get(tx, made.id).person_id
        assert state(world, made.id) is VisitState.INSIDE
    again = {"offer": doctor.get(path).json()[0]["offer"], "request_id": new_token()}
    assert doctor.post(path, json=again).status_code == 409  # there is one already
    assert doctor.post(f"/arzt/besuch/{made.id}/ende").status_code == 303
    assert browser.get("/mein-termin/gespraech").status_code == 404


def test_only_the_doctor_of_a_home_visit_that_goes_on_moves_it_and_only_to_own_time_in_a_room(house: House) -> None:
    world, made = house.world, book_at_home(house.world)
    path = f"/arzt/besuch/{made.id}/raum"
    assert house.doctor().get(path).status_code == 409
    world.happen(made.id, FactKind.ARRIVED, FactKind.CALLED)
    assert house.browser(Role.DOCTOR, "somebody-else").get(path).status_code == 403
    wish = Wish(What(AT_HOME, (world.doctor,), (HOME,)), world.now, world.now + timedelta(days=2))
    with world.centre.db.reading() as tx:
        at_home = form.encode(booking.offers(tx, directory.load(tx), wish, now=world.now)[0])
    for offer in (at_home, "nonsense"):
        assert house.doctor().post(path, json={"offer": offer, "request_id": new_token()}).status_code == 404


def test_who_said_no_to_the_talk_is_asked_again_before_she_comes_in(house: House) -> None:
    booked = book_at_home(house.world)
    client, talk, consent = resident(house, booked), "/mein-termin/gespraech", "/mein-termin/einwilligung"
    house.world.happen(booked.id, FactKind.ARRIVED, FactKind.CALLED)
    client.post(consent, data={"purpose": "video", "answer": "no"})
    assert client.get(talk).headers["location"] == f"{consent}#video"
    with house.world.centre.db.reading() as tx, pytest.raises(ConsentRefused):
        visit.admit_resident(tx, booked.id, booked.id, now=house.world.now)
    client.post(consent, data={"purpose": "video", "answer": "yes"})
    assert client.get(talk).status_code == 200
