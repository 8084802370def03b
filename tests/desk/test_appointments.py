"""Appointments ahead: what must be moved, and what may be moved or cancelled."""

import pytest

from telemed.booking import service as booking
from telemed.booking.model import Reason, Status
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from telemed.people import service as people
from tests.desk.staff import WEDNESDAY, Staff, at, audited, booking_of, change
from tests.desk.world import NAMES, World, make_world


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def assistant(world: World) -> Staff:
    return Staff(world)


@pytest.fixture
def must_move(world: World) -> World:
    """The doctor of the morning turns out to be away in the afternoon, when somebody has an appointment."""
    at(world, "13:30")
    world.visits[:] = [world.book("Paula Planer", doctor_id="weiss"), world.book("Quirin Quer", doctor_id="weiss")]
    away = {"description": "krank", "during": {"start": "2026-12-01", "end": "2026-12-01"}}
    change(world, "doctors", "rolle-weiss", notAvailable=[away])
    return world


def test_what_cannot_take_place_is_named_with_the_reason_and_three_other_times(must_move: World) -> None:
    assistant = Staff(must_move)
    page = assistant.get("/assistenz/verlegen")
    entries = page.found(".//*[@data-booking]")
    assert [one.get("data-booking") for one in entries] == must_move.visits
    assert "Paula Planer" in page.words
    assert "Nicht da (Dr. med. Miriam Weiß)." in page.words
    assert len(page.buttons("offer", f"/assistenz/termin/{must_move.visits[0]}/verlegen")) == 3
    assert audited(must_move, "must be moved") == 2
    way = assistant.get("/assistenz").texts(".//a[@href='/assistenz/verlegen']")
    assert way == ["Verlegen 2"]


def test_one_press_moves_and_the_paper_goes_on(must_move: World) -> None:
    assistant, old_id = Staff(must_move), must_move.visits[0]
    move = f"/assistenz/termin/{old_id}/verlegen"
    page = assistant.get("/assistenz/verlegen")
    fields = {**page.form(move), "offer": page.buttons("offer", move)[:1]}
    done = assistant.post(move, fields)
    assert done.status == 200
    assert "gelten weiter" in done.words
    assert booking_of(must_move, old_id).reason is Reason.MOVED
    assert assistant.post(move, fields).words == done.words
    assert len(assistant.get("/assistenz/verlegen").found(".//*[@data-booking]")) == 1
    assert "verlegt" in assistant.get(f"/assistenz/termin/{old_id}").words


def test_what_is_not_theirs_is_unknown(must_move: World) -> None:
    stranger = Staff(must_move, Role.DOCTOR, "vogt")
    one = f"/assistenz/termin/{must_move.visits[0]}"
    assert "Nichts muss verlegt werden." in stranger.get("/assistenz/verlegen").words
    assert stranger.get(one).status == 404
    assert stranger.post(f"{one}/absagen", {"reason": "other"}).status == 404
    assert stranger.post(f"{one}/frueher", {"request_id": new_token()}).status == 404
    assert stranger.post(f"{one}/verlegen", {"offer": "x", "request_id": "y"}).status == 404
    assert "Paula Planer" in Staff(must_move, Role.DOCTOR, "weiss").get("/assistenz/verlegen").words


def test_a_time_lost_in_between_and_a_spoilt_one_move_nothing(world: World, assistant: Staff) -> None:
    old = world.visits[1]
    page, move = assistant.get(f"/assistenz/termin/{old}"), f"/assistenz/termin/{old}/verlegen"
    fields = {**page.form(move), "offer": page.buttons("offer", move)[:1]}
    assert assistant.post(move, {**fields, "offer": ["spoilt"]}).status == 404
    assert assistant.post(move, {**fields, "request_id": ["short"]}).status == 404
    assert assistant.post(move, {"request_id": "x"}).status == 422
    taken = Staff(world)
    other = taken.get(f"/assistenz/termin/{world.visits[0]}")
    first_move = f"/assistenz/termin/{world.visits[0]}/verlegen"
    assert taken.post(first_move, {**other.form(first_move), "offer": fields["offer"]}).status == 200
    lost = assistant.post(move, fields)
    assert lost.status == 409
    assert booking_of(world, old).status is Status.BOOKED


def test_a_day_lists_who_comes_and_leafs(world: World, assistant: Staff) -> None:
    page = assistant.get("/assistenz/termine")
    assert NAMES[0] in page.words
    assert NAMES[1] in page.words
    tomorrow = assistant.get("/assistenz/termine", tag=WEDNESDAY)
    assert "Termine am Mittwoch, 2. Dezember" in tomorrow.words
    assert NAMES[0] not in tomorrow.words
    assert assistant.get("/assistenz/termine", tag="spoilt").status == 200
    assert NAMES[0] not in Staff(world, Role.DOCTOR, "vogt").get("/assistenz/termine").words


def test_another_day_can_be_chosen_for_one(world: World, assistant: Staff) -> None:
    old = world.visits[0]
    page = assistant.get(f"/assistenz/termin/{old}", first="2026-12-08")
    move = f"/assistenz/termin/{old}/verlegen"
    offers = [value for value in page.buttons("offer") if "20261208" in value]
    assert offers
    assert assistant.post(move, {**page.form(move), "offer": offers[:1]}).status == 200
    assert "keine Zeit mehr frei" in assistant.get(f"/assistenz/termin/{world.visits[1]}", first="2026-12-06").words


def test_cancelling_asks_for_a_reason_and_keeps_it(world: World, assistant: Staff) -> None:
    old = world.visits[0]
    one = f"/assistenz/termin/{old}"
    for reason in ("", "moved", "bored"):
        assert assistant.post(f"{one}/absagen", {"reason": reason}).status == 422
    assert booking_of(world, old).status is Status.BOOKED
    assert assistant.post(f"{one}/absagen", {"reason": "prov"}).headers["location"] == one
    assert booking_of(world, old).reason is Reason.PRACTITIONER
    assert "Ärztin, Arzt oder Assistenz fällt aus" in assistant.get(one).words
    assert assistant.post(f"{one}/absagen", {"reason": "prov"}).status == 409
    assert assistant.post(f"{one}/frueher", {"request_id": new_token()}).status == 409


def test_what_has_begun_is_only_shown(world: World, assistant: Staff) -> None:
    at(world, "12:00")
    one = f"/assistenz/termin/{world.visits[0]}"
    assert "hat begonnen oder ist vorbei" in assistant.get(one).words
    assert assistant.post(f"{one}/absagen", {"reason": "other"}).status == 422


def test_whose_data_were_erased_cannot_be_moved(world: World, assistant: Staff) -> None:
    old = world.visits[0]
    page, move = assistant.get(f"/assistenz/termin/{old}"), f"/assistenz/termin/{old}/verlegen"
    with world.centre.db.transaction() as tx:
        people.erase(tx, booking.get(tx, old).person_id, actor=Actor(Role.OPERATOR), now=world.now)
    fields = {**page.form(move), "offer": page.buttons("offer", move)[:1]}
    answer = assistant.post(move, fields)
    assert answer.status == 410
    assert "Angaben gelöscht" in answer.words
    assert assistant.post(f"/assistenz/termin/{old}/frueher", {"request_id": new_token()}).status == 410
    assert assistant.post(f"/assistenz/termin/{old}/frueher").status == 404
