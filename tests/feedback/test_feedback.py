"""Faces are counted without a person and shown from five on; what hinders somebody reaches the operator, sealed."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from telemed.feedback import jobs, model, service
from telemed.feedback.model import Face, Help
from telemed.feedback.store import barriers, faces
from telemed.identity.model import Role
from telemed.kit.db import Database
from tests.builders import HandClock
from tests.desk.test_guests import House
from tests.desk.world import TUESDAY_9, World, make_world

READ = "/betrieb/rueckmeldungen"
TEXT = "Die Schrift ist zu klein"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, visits=0, clock=HandClock(TUESDAY_9), exercise=False)


@pytest.fixture
def house(world: World) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(world, stack)


def say(client: TestClient, face: Face, times: int = 1) -> None:
    for _ in range(times):
        assert client.post("/rueckmeldung", data={"face": face.value}).headers["location"] == "/rueckmeldung/danke"


def test_an_answer_is_one_press_and_leaves_a_count_and_nothing_else(house: House) -> None:
    client = house.browser()
    assert client.get("/rueckmeldung").text.count('name="face"') == len(Face)
    say(client, Face.GOOD, 2)
    assert client.post("/rueckmeldung/danke", data={"help_with": Help.DEVICES.value}).status_code == 303
    assert client.post("/rueckmeldung", data={"face": "angry"}).status_code == 422
    with house.world.centre.db.reading() as tx:
        rows = {tuple(row) for row in tx.execute(select(faces))}
    assert rows == {("2026-12", "good", 2), ("2026-12", "devices", 1)}
    assert set(faces.c.keys()) == {"month", "said", "count"}


def test_fewer_than_five_are_shown_nowhere(house: House) -> None:
    client, operator = house.browser(), house.browser(Role.OPERATOR, "op")
    say(client, Face.GOOD, model.FEWEST - 1)
    say(client, Face.BAD, 2)
    assert "Noch hat keine Antwort fünf erreicht" in operator.get(READ).text
    say(client, Face.GOOD)
    with house.world.centre.db.reading() as tx:
        (month,) = service.months(tx)
    assert month.counts[Face.GOOD] == model.FEWEST
    assert month.counts[Face.BAD] is None
    assert "unter 5" in operator.get(READ).text


def test_what_hinders_somebody_reaches_the_operator_and_goes_once_it_is_answered(house: House) -> None:
    client, operator = house.browser(), house.browser(Role.OPERATOR, "op")
    assert client.post("/barrierefreiheit", data={"text": " "}).status_code == 422
    sent = {"text": TEXT, "page": "/termin", "contact": "anna@beispiel.example"}
    assert "Danke" in client.post("/barrierefreiheit", data=sent).text
    with house.world.centre.db.reading() as tx:
        (row,) = tx.execute(select(barriers)).all()
    assert TEXT.encode() not in row.report
    page = operator.get(READ).text
    assert TEXT in page
    assert "anna@beispiel.example" in page
    done = f"{READ}/{row.id}/erledigt"
    assert operator.post(done).status_code == 303
    assert TEXT not in operator.get(READ).text
    assert operator.post(done).status_code == 404
    assert house.doctor().get(READ).status_code == 403


def test_old_answers_and_reports_are_forgotten(house: House) -> None:
    client, clock = house.browser(), house.world.centre.clock
    assert isinstance(clock, HandClock)
    say(client, Face.GOOD)
    client.post("/barrierefreiheit", data={"text": TEXT})
    clock.forward(service.KEEP + timedelta(days=1))
    jobs.forget_old(house.world.centre.db, clock)
    with house.world.centre.db.reading() as tx:
        assert tx.execute(select(barriers)).all() == []
        assert len(tx.execute(select(faces)).all()) == 1
    clock.forward(service.KEEP_COUNTS)
    jobs.forget_old(house.world.centre.db, clock)
    with house.world.centre.db.reading() as tx:
        assert tx.execute(select(faces)).all() == []
