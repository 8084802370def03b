"""What is red in a room before a visit calls its assistant, and the operator reads it; nobody else's business."""

from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from ops.programs import ROOT
from room_agent.checks.result import CODES, DEVICE, KINDS, result
from schemas.checks import BlockedDevice, CheckResult
from telemed.identity.model import Role
from telemed.kit.db import Database
from telemed.link.service import Line, Lines
from telemed.upkeep import service as upkeep
from tests.desk.test_pages import ASSISTANT, browser
from tests.desk.world import ROOM, World, make_world
from tests.rosters import publish_all


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def assistant(world: World) -> TestClient:
    return browser(world, Role.ASSISTANT, ASSISTANT)


@pytest.fixture
def operator(world: World) -> TestClient:
    return browser(world, Role.OPERATOR, "operator")


def red(world: World, *, alarm: bool = True, subject: str = "blood-pressure", code: str = "not-found") -> CheckResult:
    since = world.now - timedelta(minutes=3)
    return result(subject, code, "blutdruck-1").model_copy(update={"since": since, "alarm": alarm})


def test_an_alarm_says_where_what_since_when_and_what_to_do_on_each_of_her_pages(
    world: World, assistant: TestClient
) -> None:
    world.room_reports(red(world))
    for path in ("/assistenz", "/assistenz/alarm"):
        page = assistant.get(path).text
        assert 'data-subject="blood-pressure"' in page
        assert "Raum 1" in page
        assert "Seit 08:57 Uhr" in page
        assert "Schalten Sie das Gerät ein." in page
        assert "/static/checks/blood-pressure.svg" in page
    assert 'data-alarms="/assistenz/alarm"' in assistant.get("/assistenz/termine").text


def test_whatever_is_checked_has_a_picture() -> None:
    there = {each.stem for each in (ROOT / "telemed/web/static/checks").glob("*.svg")}
    assert KINDS.union(CODES) - {DEVICE} <= there


def test_red_without_alarm_is_shown_and_calls_nobody(world: World, assistant: TestClient) -> None:
    world.room_reports(red(world, alarm=False))
    page = assistant.get("/assistenz").text
    assert "data-alarm=" not in page
    assert 'data-subject="blood-pressure" data-severity="block"' in page


def test_a_room_that_is_not_heard_calls_its_assistant_if_a_visit_comes(
    world: World, assistant: TestClient, tmp_path: Path
) -> None:
    assert "Der Raum meldet sich nicht." in assistant.get("/assistenz/alarm").text
    lines = world.centre.the(Lines)
    lines.opened(Line(world.machine(tmp_path)[1], ROOM, None))  # type: ignore[arg-type]  # nobody wakes it
    assert "data-alarm=" not in assistant.get("/assistenz/alarm").text


def test_a_room_without_a_visit_may_be_silent(sqlite_database: Database) -> None:
    world = make_world(sqlite_database, visits=0)
    assert "data-alarm=" not in browser(world, Role.ASSISTANT, ASSISTANT).get("/assistenz/alarm").text


def test_an_alarm_of_a_room_that_is_now_silent_is_not_repeated(world: World, assistant: TestClient) -> None:
    world.room_reports(red(world))
    world.centre.the(Lines).beat(ROOM, world.now - timedelta(minutes=1))
    page = assistant.get("/assistenz/alarm").text
    assert page.count("data-alarm=") == 1
    assert "Der Raum meldet sich nicht." in page


@pytest.mark.parametrize(("role", "status"), [(Role.DOCTOR, 403), (Role.OPERATOR, 403), (None, 401)])
def test_alarms_are_for_assistants(world: World, role: Role | None, status: int) -> None:
    assert browser(world, role, "somebody").get("/assistenz/alarm").status_code == status


def test_the_operator_reads_what_is_not_well_and_what_is_blocked(
    world: World, operator: TestClient, tmp_path: Path
) -> None:
    world.machine(tmp_path)
    publish_all(world.centre)
    world.room_reports()
    assert "Alles ist in Ordnung." in operator.get("/betrieb").text
    before = operator.get("/betrieb/stand").json()["version"]
    world.room_reports(red(world), result("relay", "none"))
    device = BlockedDevice(device_id="blutdruck-1", kind="blood-pressure", code="not-found", since=world.now)
    with world.centre.db.transaction() as tx:
        upkeep.take_in(tx, ROOM, [device], now=world.now)
    page = operator.get("/betrieb").text
    assert "Assistenz ist gerufen" in page
    assert page.index('data-subject="blood-pressure"') < page.index('data-subject="relay"')
    assert "Gesperrt" in page
    assert operator.get("/betrieb/stand").json()["version"] != before


def test_the_operator_reads_that_a_room_with_machines_is_not_heard(
    world: World, operator: TestClient, tmp_path: Path
) -> None:
    world.machine(tmp_path)
    page = operator.get("/betrieb").text
    assert "Der Raum meldet sich nicht." in page
    assert "Alles ist in Ordnung." not in page


def test_a_blocked_device_must_be_moved_is_counted_on_her_page(world: World, assistant: TestClient) -> None:
    device = BlockedDevice(device_id="blutdruck-1", kind="blood-pressure", code="not-found", since=world.now)
    with world.centre.db.transaction() as tx:
        upkeep.take_in(tx, ROOM, [device], now=world.now)
    page = assistant.get("/assistenz/verlegen").text
    assert page.count("Das Gerät ist gestört") == len(world.visits)
