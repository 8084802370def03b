"""Who booked by pictures has no name: the assistant writes it down when she comes, once, and never over another."""

import orjson
import pytest
from fastapi.testclient import TestClient

from telemed.booking import service as booking
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.kit.i18n import words
from telemed.people import service as people
from tests.desk.test_pages import browser
from tests.desk.world import World, make_world

NAMELESS = words().text("pictures.nameless")
PAGE = "/assistenz/raum/raum-1"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, visits=0)


@pytest.fixture
def assistant(world: World) -> TestClient:
    return browser(world, Role.ASSISTANT, "lindner")


def test_the_assistant_writes_the_name_down_and_all_who_read_the_appointment_know_it(
    world: World, assistant: TestClient
) -> None:
    visit_id = world.book(NAMELESS)
    address = f"/assistenz/termin/{visit_id}/name"
    assert f'action="{address}"' in assistant.get(PAGE).text
    assert assistant.post(address, data={"name": "X"}).status_code == 422
    assert assistant.post(address, data={"name": " Ayşe  Demir "}).status_code == 303
    page = assistant.get(PAGE).text
    assert "Ayşe Demir" in page
    assert address not in page
    actor = Actor(Role.ASSISTANT, "lindner")
    with world.centre.db.transaction() as tx:
        found = booking.get(tx, visit_id)
        person = people.details(
            tx, world.centre.secrets, found.person_id, actor=actor, purpose="day list", now=world.now
        )
        read = booking.read_appointment(tx, world.centre.secrets, visit_id, actor=actor, now=world.now)
    named = [one["actor"].get("display") for one in orjson.loads(read)["participant"]]
    assert person.name == "Ayşe Demir"
    assert "Ayşe Demir" in named
    assert (orjson.loads(read)["meta"]["versionId"], NAMELESS in named) == (str(found.version), False)
    assert assistant.post(address, data={"name": "Jemand Anders"}).status_code == 409


def test_nobody_else_writes_a_name(world: World) -> None:
    visit_id = world.book(NAMELESS)
    for role, subject in ((Role.OPERATOR, "operator"), (Role.DOCTOR, world.doctor)):
        answer = browser(world, role, subject).post(f"/assistenz/termin/{visit_id}/name", data={"name": "Wer Auch"})
        assert answer.status_code == 403
