"""Help is asked of the room's assistants, after 60 s of others, then of doctor and operator; each step is recorded."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from fastapi.testclient import TestClient

from telemed.directory import service as directory
from telemed.help import service as helping
from telemed.help.model import Asked, HelpCall, HelpChanged, HelpState, Reach, Through, due
from telemed.identity.model import Role
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from telemed.kit.outbox import Relay, Subscription
from telemed.link.reactions import send_plan
from telemed.link.service import Lines
from tests.desk.test_pages import ASSISTANT, browser
from tests.desk.world import ROOM, SEED, TUESDAY_9, World, make_world

OTHER = "anderswo"
MINUTE = timedelta(seconds=60)


def elsewhere() -> Iterator[dict[str, object]]:
    """An assistant who looks after another room only."""
    for each in orjson.loads((SEED / "assistants.json").read_bytes())["entry"]:
        text = orjson.dumps(each["resource"]).decode().replace("lindner", OTHER).replace(ROOM, "raum-2")
        if OTHER in text:
            yield orjson.loads(text)


@pytest.fixture
def world(sqlite_database: Database) -> World:
    made = make_world(sqlite_database)
    with made.centre.db.transaction() as tx:
        for resource in elsewhere():
            directory.take(tx, resource, now=made.now)
    return made


def asked(world: World, what: Asked = Asked.HELP, *, waits: timedelta = timedelta(0), visit_id: str = "") -> str:
    call = HelpCall(new_id(), ROOM, visit_id or None, what, Through.KEY, world.now - waits)
    for _ in ("told", "told again"):
        with world.centre.db.transaction() as tx:
            helping.take_in(tx, call, now=world.now)
    return call.id


def kept(world: World, help_id: str) -> HelpCall:
    with world.centre.db.reading() as tx:
        return helping.get(tx, help_id)


def look(world: World, *, later: timedelta) -> None:
    with world.centre.db.transaction() as tx:
        helping.look_after(tx, now=world.now + later)


def sees(client: TestClient, path: str) -> bool:
    answer = client.get(path)
    assert answer.status_code == 200
    return "data-help=" in answer.text


def test_whom_a_call_reaches_by_when() -> None:
    at = HelpCall("h-1", ROOM, None, Asked.HELP, Through.SCREEN, TUESDAY_9)

    def reached(*, others: bool) -> list[Reach]:
        return [due(at, TUESDAY_9 + timedelta(seconds=each), others=others) for each in (0, 59, 60, 119, 120)]

    room, some, everybody = Reach.ROOM, Reach.OTHERS, Reach.ALL
    assert reached(others=True) == [room, room, some, some, everybody]
    assert reached(others=False) == [room, room, everybody, everybody, everybody]
    assert due(replace(at, state=HelpState.COMING), TUESDAY_9 + timedelta(hours=1), others=True) is room
    assert due(replace(at, reach=everybody), TUESDAY_9, others=True) is everybody


def test_it_goes_on_from_one_to_the_next_until_somebody_comes(world: World) -> None:
    own, other = browser(world, Role.ASSISTANT, ASSISTANT), browser(world, Role.ASSISTANT, OTHER)
    doctor, operator = browser(world, Role.DOCTOR, world.doctor), browser(world, Role.OPERATOR, "stadtwerke")

    def reached() -> list[bool]:
        pages = ((own, "/assistenz/alarm"), (other, "/assistenz/alarm"), (doctor, "/arzt/hilfe"))
        return [sees(client, path) for client, path in (*pages, (operator, "/betrieb/hilfe"))]

    assert reached() == [False] * 4
    help_id = asked(world)
    assert reached() == [True, False, False, False]
    assert other.post(f"/assistenz/hilfe/{help_id}/komme").status_code == 404
    look(world, later=MINUTE - timedelta(seconds=1))
    assert kept(world, help_id).reach_at is None
    look(world, later=MINUTE)
    assert reached() == [True, True, False, False]
    look(world, later=2 * MINUTE)
    assert reached() == [True] * 4
    assert (kept(world, help_id).reach, kept(world, help_id).reach_at) == (Reach.ALL, kept(world, help_id).reach_at)
    assert operator.post(f"/betrieb/hilfe/{help_id}/komme").status_code == 303
    came = kept(world, help_id)
    assert (came.state, came.answered_by) == (HelpState.COMING, "operator stadtwerke")
    assert "unterwegs" in own.get("/assistenz").text
    assert own.post(f"/assistenz/hilfe/{help_id}/fertig").headers["location"] == "/assistenz"
    assert reached() == [False] * 4


def test_who_cannot_come_passes_it_on_at_once(world: World) -> None:
    help_id = asked(world, Asked.NEW_APPOINTMENT)
    own = browser(world, Role.ASSISTANT, ASSISTANT)
    assert "einen neuen Termin geben" in own.get("/assistenz/alarm").text
    reaches = []
    for _ in range(3):
        assert own.post(f"/assistenz/hilfe/{help_id}/weiter").status_code == 303
        reaches.append(kept(world, help_id).reach)
    assert reaches == [Reach.OTHERS, Reach.ALL, Reach.ALL]


def test_the_doctor_in_whose_talk_it_is_knows_at_once_and_no_other(world: World) -> None:
    asked(world, visit_id=world.visits[0])
    assert sees(browser(world, Role.DOCTOR, world.doctor), "/arzt/hilfe?still=true")
    assert "<button" not in browser(world, Role.DOCTOR, world.doctor).get("/arzt/hilfe?still=true").text
    assert not sees(browser(world, Role.DOCTOR, "nobody"), "/arzt/hilfe")


def test_what_a_room_tells_late_has_waited_already_and_what_is_over_stays_so(world: World) -> None:
    late = asked(world, waits=10 * MINUTE)
    assert kept(world, late).reach is Reach.ALL
    for state in (HelpState.OVER, HelpState.COMING, HelpState.ASKED):
        with world.centre.db.transaction() as tx:
            helping.take_in(tx, replace(kept(world, late), state=state), now=world.now)
        assert kept(world, late).state is HelpState.OVER
    foreign = asked(world)
    with world.centre.db.transaction() as tx:
        ours = replace(kept(world, foreign), room_id="raum-2", state=HelpState.OVER)
        helping.take_in(tx, ours, now=world.now)
    assert kept(world, foreign).is_open


def test_who_forgets_to_say_that_it_is_done_has_been_there_by_then(world: World) -> None:
    help_id = asked(world)
    browser(world, Role.ASSISTANT, ASSISTANT).post(f"/assistenz/hilfe/{help_id}/komme")
    look(world, later=timedelta(minutes=16))
    assert not kept(world, help_id).is_open


def test_each_change_wakes_the_room_and_old_calls_are_forgotten(world: World) -> None:
    woken: list[str] = []

    class Woken(Lines):
        def wake(self, room_ids: object = None) -> None:
            woken.append(str(room_ids))

    told = [Subscription("link.help", HelpChanged, send_plan(Woken()))]
    relay = Relay(world.centre.db, told, world.centre.clock)
    asked(world)
    relay.deliver()
    assert woken == [f"['{ROOM}']"]
    with world.centre.db.transaction() as tx:
        helping.forget_old(tx, now=world.now + timedelta(days=31))
        assert helping.going_on(tx) == []
