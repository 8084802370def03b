"""The line as staff see it, what they note in it, and the doctor's own word: pages over HTTP."""

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from schemas.day import FactKind
from telemed.identity.model import Role
from telemed.kit.clock import ExerciseClock
from telemed.kit.db import Database
from telemed.queue import service as queue
from telemed.queue.model import NOBODY_COMES, UNDO
from telemed.visit import service as visit
from telemed.visit.model import VisitState
from tests.desk.test_pages import browser, state
from tests.desk.world import ROOM, World, make_world

MISTAKE = {"grund": "mistake"}


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def doctor(world: World) -> TestClient:
    return browser(world, Role.DOCTOR, world.doctor)


@pytest.fixture
def assistant(world: World) -> TestClient:
    return browser(world, Role.ASSISTANT, "lindner")


def forward(world: World, by: timedelta) -> None:
    assert isinstance(world.centre.clock, ExerciseClock)
    world.centre.clock.forward(by)


def line(world: World) -> list[str]:
    with world.centre.db.reading() as tx:
        found = queue.day(tx, ROOM, now=world.now, clock=world.centre.clock)
    return [entry.visit.visit_id for entry in found.standing.line]


def chips(page: str) -> list[str]:
    return re.findall(r'data-place="\d">([^<]+)<', page)


def test_the_assistant_skips_puts_back_and_opens_again_each_with_a_reason(world: World, assistant: TestClient) -> None:
    first, second = world.visits
    for each in (first, second):
        world.happen(each, FactKind.ARRIVED)
    assert chips(assistant.get("/assistenz").text) == ["Platz 1", "Platz 2"]
    address = f"/assistenz/besuch/{first}"
    assert assistant.post(f"{address}/ueberspringen").status_code == 422
    assert assistant.post(f"{address}/ueberspringen", data={"grund": "not-ready"}).status_code == 303
    assert line(world) == [second, first]
    assert "Platz 2: einmal übersprungen (noch nicht bereit)" in assistant.get("/assistenz").text
    world.happen(second, FactKind.CALLED)
    assert assistant.post(f"/assistenz/besuch/{second}/noch-einmal").status_code == 303
    assert assistant.post(f"/assistenz/besuch/{second}/zurueckstellen", data=MISTAKE).status_code == 303
    assert (line(world), state(world, second)) == ([second, first], VisitState.ARRIVED)
    world.happen(second, FactKind.CALLED, FactKind.ENDED)
    assert assistant.post(f"/assistenz/besuch/{second}/wieder-offen", data=MISTAKE).status_code == 303
    assert state(world, second) is VisitState.ARRIVED


def test_who_says_to_come_later_is_noted_with_the_minutes(world: World, assistant: TestClient) -> None:
    address = f"/assistenz/besuch/{world.visits[0]}/kommt-spaeter"
    assert assistant.post(address, data={"minuten": "1000"}).status_code == 422
    assert assistant.post(address, data={"minuten": "20"}).status_code == 303
    assert "kommt 20 Minuten später" in assistant.get("/assistenz").text
    with world.centre.db.reading() as tx:
        assert [fact.minutes for fact in visit.facts_of(tx, world.visits[0])] == [20]


def test_the_assistant_is_told_when_nobody_comes_and_the_word_is_not_a_name(
    world: World, assistant: TestClient
) -> None:
    first = world.visits[0]
    world.happen(first, FactKind.ARRIVED, FactKind.CALLED)
    assert f'data-fetch="{first}"' not in assistant.get("/assistenz/alarm").text
    forward(world, NOBODY_COMES)
    told = assistant.get("/assistenz/alarm").text
    assert f'data-fetch="{first}"' in told
    assert "niemand ist gekommen" in told
    assert "Sommer" not in told
    assistant.post(f"/assistenz/besuch/{first}/noch-einmal")
    assert "data-fetch" not in assistant.get("/assistenz/alarm").text
    forward(world, NOBODY_COMES)
    assert "data-fetch" in assistant.get("/assistenz").text
    world.happen(first, FactKind.ENTERED)
    assert "data-fetch" not in assistant.get("/assistenz/alarm").text


def test_the_doctor_says_with_one_tap_that_it_will_be_later_and_takes_it_back(doctor: TestClient) -> None:
    before = doctor.get("/arzt/stand").json()["version"]
    assert doctor.post("/arzt/wort", data={"wort": "later-20"}).headers["location"] == "/arzt"
    page = doctor.get("/arzt").text
    assert "Es geht 20 Minuten später weiter." in page
    assert doctor.get("/arzt/stand").json()["version"] != before
    (undo,) = re.findall(r'action="(/arzt/wort/[^"]+/zuruecknehmen)"', page)
    assert doctor.post(undo).status_code == 303
    assert "Es geht 20 Minuten" not in doctor.get("/arzt").text
    assert doctor.get("/arzt/stand").json()["version"] == before


def test_after_ten_seconds_there_is_no_undo_but_she_can_be_back(world: World, doctor: TestClient) -> None:
    doctor.post("/arzt/wort", data={"wort": "emergency"})
    (undo,) = re.findall(r'action="(/arzt/wort/[^"]+/zuruecknehmen)"', doctor.get("/arzt").text)
    forward(world, UNDO)
    page = doctor.get("/arzt").text
    assert "Sie haben einen Notfall." in page
    assert undo not in page
    assert doctor.post(undo).status_code == 409
    assert doctor.post("/arzt/wort", data={"wort": "back"}).status_code == 303
    assert "Sie haben einen Notfall." not in doctor.get("/arzt").text
    assert doctor.post("/arzt/wort", data={"wort": "holiday"}).status_code == 422


def test_a_doctor_moves_only_her_own(world: World, doctor: TestClient) -> None:
    first = world.visits[0]
    world.happen(first, FactKind.ARRIVED, FactKind.CALLED)
    other = browser(world, Role.DOCTOR, "brandt")
    assert other.post(f"/arzt/reihe/{first}/zurueckstellen", data=MISTAKE).status_code == 404
    assert doctor.post(f"/arzt/reihe/{first}/noch-einmal").status_code == 303
    assert doctor.post(f"/arzt/reihe/{first}/zurueckstellen", data=MISTAKE).status_code == 303
    assert state(world, first) is VisitState.ARRIVED
