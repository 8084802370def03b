"""A call for help alarms the assistants of the room until one says that she comes; nobody else's business."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from schemas.day import Fact, FactKind
from telemed.desk.emergencies import unanswered
from telemed.identity.model import Role
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from telemed.visit import service as visit
from tests.desk.test_pages import ASSISTANT, browser, state
from tests.desk.world import ROOM, World, make_world


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def doctor(world: World) -> TestClient:
    return browser(world, Role.DOCTOR, world.doctor)


@pytest.fixture
def assistant(world: World) -> TestClient:
    return browser(world, Role.ASSISTANT, ASSISTANT)


def called(world: World) -> str:
    """The first visit, called."""
    visit_id = world.visits[0]
    world.happen(visit_id, FactKind.ARRIVED, FactKind.CALLED)
    return visit_id


def told_by_the_room(world: World, visit_id: str, *, ahead: timedelta = timedelta(0)) -> None:
    fact = Fact(fact_id=new_id(), visit_id=visit_id, kind=FactKind.EMERGENCY, at=world.now + ahead, by="room")
    with world.centre.db.transaction() as tx:
        visit.take_in(tx, ROOM, (fact,), now=world.now)


def alarm(assistant: TestClient) -> str:
    return assistant.get("/assistenz/alarm").text


def test_a_doctor_without_an_answer_from_the_room_alarms_from_here(
    world: World, doctor: TestClient, assistant: TestClient
) -> None:
    visit_id = called(world)
    before = state(world, visit_id)
    assert doctor.post(f"/arzt/besuch/{visit_id}/notfall").status_code == 204
    for page in (alarm(assistant), assistant.get("/assistenz").text):
        assert f'data-emergency="{visit_id}"' in page
        assert "Raum 1" in page
        assert "Erdgeschoss, links vom Eingang" in page
        assert "NOTFALL" in page
    assert state(world, visit_id) == before


def test_who_comes_ends_the_alarm_also_when_the_clock_of_the_room_is_ahead(world: World, assistant: TestClient) -> None:
    visit_id = called(world)
    told_by_the_room(world, visit_id, ahead=timedelta(seconds=40))
    assert "Jemand im Raum ruft Hilfe." in alarm(assistant)
    for _ in range(2):
        answer = assistant.post(f"/assistenz/besuch/{visit_id}/ich-komme")
        assert answer.headers["location"] == f"/assistenz/raum/{ROOM}"
    assert "data-emergency" not in alarm(assistant)
    with world.centre.db.reading() as tx:
        facts = [fact for fact in visit.facts_on(tx, ROOM, now=world.now) if fact.kind is FactKind.HELPED]
    assert [fact.by for fact in facts] == ["assistant"]
    told_by_the_room(world, visit_id, ahead=timedelta(seconds=50))
    assert "data-emergency" in alarm(assistant)


def test_a_call_that_nobody_answered_outlives_the_visit(world: World, assistant: TestClient) -> None:
    visit_id = called(world)
    told_by_the_room(world, visit_id)
    world.happen(visit_id, FactKind.ENDED)
    assert "data-emergency" in alarm(assistant)
    assistant.post(f"/assistenz/besuch/{visit_id}/ich-komme")
    assert "data-emergency" not in alarm(assistant)


def test_only_the_visits_own_doctor_calls_and_only_while_it_goes_on(world: World, doctor: TestClient) -> None:
    visit_id = world.visits[0]
    assert doctor.post(f"/arzt/besuch/{visit_id}/notfall").status_code == 409
    called(world)
    stranger = browser(world, Role.DOCTOR, "somebody-else")
    assert stranger.post(f"/arzt/besuch/{visit_id}/notfall").status_code == 403
    assert browser(world).post(f"/assistenz/besuch/{visit_id}/ich-komme").status_code in (303, 401, 403)


def test_help_answers_the_calls_before_it_and_no_later_one() -> None:
    def at(kind: FactKind, minute: int) -> Fact:
        return Fact.model_validate(
            {"fact_id": f"f{minute}", "visit_id": "v", "kind": kind, "at": f"2026-12-01T09:0{minute}:00Z", "by": "room"}
        )

    first, helped, later = at(FactKind.EMERGENCY, 1), at(FactKind.HELPED, 2), at(FactKind.EMERGENCY, 3)
    assert unanswered([]) is None
    assert unanswered([later, first]) == first
    assert unanswered([helped, first]) is None
    assert unanswered([later, helped, first]) == later
