"""Whatever a program does at the FHIR interface leaves a line before it is answered, refusals too."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from fhir.resources.R4B.auditevent import AuditEvent
from httpx import Response

from telemed.directory.model import slot_id
from telemed.identity.allowed import EVERYONE
from telemed.kit.db import Database
from telemed.people import service as people
from telemed.people.act_fhir import act_event
from telemed.people.acts import Act, Did, what_was_done, without_words
from tests.builders import World, make_booking, make_world, moment
from tests.interop.program import app_of, auditing, token_of
from tests.people import balp

AT = datetime(2027, 1, 12, 9, tzinfo=UTC)


class Program:
    def __init__(self, world: World) -> None:
        self._http, self._world = TestClient(app_of(world), raise_server_exceptions=False), world
        self._token = token_of(world, "program", EVERYONE)

    def ask(self, path: str, method: str = "GET", *, known: bool = True, **more: Any) -> Response:
        headers = {"authorization": f"Bearer {self._token}"} if known else {}
        answer: Response = self._http.request(method, path, headers={**headers, **more.pop("headers", {})}, **more)
        return answer

    @property
    def acts(self) -> list[Act]:
        """The newest first."""
        with self._world.db.reading() as tx:
            return people.acts_of(tx, "program")


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


@pytest.fixture
def program(world: World) -> Iterator[Program]:
    with auditing(world):
        yield Program(world)


def test_what_concerns_no_person_leaves_a_line(program: Program, world: World) -> None:
    slot = slot_id("calendar-weiss", moment(world, "09:00"), moment(world, "09:20"))
    program.ask("/fhir/Slot?schedule=Schedule/calendar-weiss&status=free&unheard=Sommer")
    program.ask("/fhir/Slot/" + slot)
    program.ask("/fhir/Practitioner/_search", "POST", data={"name": "Weiss", "_count": "3"})
    program.ask("/fhir/metadata")  # is open
    newest = program.acts
    assert [(act.did, act.kind, act.status) for act in newest] == [
        (Did.SEARCH, "Practitioner", 200),
        (Did.READ, "Slot", 200),
        (Did.SEARCH, "Slot", 200),
    ]
    assert newest[-1].asked == "schedule=Schedule/calendar-weiss&status=free"
    assert newest[-2].ids == (slot,)
    assert newest[-3].asked == "name=&_count=3"
    assert newest[-1].at == world.now


def test_a_read_of_an_appointment_has_the_line_of_its_person_and_no_second(program: Program, world: World) -> None:
    booked = make_booking(world)
    assert program.ask(f"/fhir/Appointment/{booked.id}").status_code == 200
    assert program.acts == []
    program.ask("/fhir/Appointment?_id=" + booked.id)
    assert [(act.did, act.kind) for act in program.acts] == [(Did.SEARCH, "Appointment")]


def test_a_bundle_leaves_a_line_and_one_for_each_entry(program: Program) -> None:
    asked = [
        {"request": {"method": "GET", "url": url}}
        for url in ("Location/room-1", "Location/x", "Practitioner?name=Sommer")
    ]
    place = {"resourceType": "Location", "id": "own", "name": "Vier"}
    sent = [*asked, {"request": {"method": "PUT", "url": "Location/own"}, "resource": place}]
    for kind in ("batch", "transaction"):
        program.ask("/fhir", "POST", json={"resourceType": "Bundle", "type": kind, "entry": sent})
    assert {(one.did, one.kind, one.ids, one.status) for one in program.acts} == {
        (Did.OTHER, "Bundle", (), 404),
        (Did.OTHER, "Bundle", (), 200),
        (Did.READ, "Location", ("room-1",), 200),
        (Did.READ, "Location", ("x",), 404),
        (Did.SEARCH, "Practitioner", (), 200),
        (Did.UPDATE, "Location", ("own",), 201),
    }
    assert not any("Sommer" in one.asked for one in program.acts)


def test_what_is_refused_leaves_a_line(program: Program) -> None:
    asked = {
        ("GET", "/fhir/Appointment/unheard-of"): 404,
        ("GET", "/fhir/Slot"): 400,
        ("DELETE", "/fhir/Appointment/x"): 405,
        ("GET", "/fhir/Nonsense"): 404,
    }
    for (method, path), status in asked.items():
        answer = program.ask(path, method)
        assert answer.status_code in (status, 422), path
        assert program.acts[0].status == answer.status_code
    assert [act.did for act in program.acts] == [Did.SEARCH, Did.DELETE, Did.SEARCH, Did.READ]


def test_of_whom_nothing_is_known_nothing_is_kept(program: Program, world: World) -> None:
    assert program.ask("/fhir/Slot", known=False).status_code == 401
    assert program.ask("/fhir/Slot", known=False, headers={"authorization": "Bearer wrong"}).status_code == 401
    with world.db.reading() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM people_act").scalar() == 0


def test_what_cannot_be_written_down_is_not_answered(program: Program, world: World) -> None:
    with world.db.transaction() as tx:
        tx.exec_driver_sql("ALTER TABLE people_act RENAME TO gone")
    assert program.ask("/fhir/Practitioner").status_code == 500
    with world.db.transaction() as tx:
        tx.exec_driver_sql("ALTER TABLE gone RENAME TO people_act")


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "Slot", (Did.SEARCH, "Slot", "")),
        ("POST", "Slot/_search", (Did.SEARCH, "Slot", "")),
        ("GET", "Slot/s1", (Did.READ, "Slot", "s1")),
        ("POST", "Appointment/$find", (Did.FIND, "Appointment", "")),
        ("GET", "Appointment/$find", (Did.FIND, "Appointment", "")),
        ("POST", "Appointment/$hold", (Did.HOLD, "Appointment", "")),
        ("POST", "Appointment/$book", (Did.BOOK, "Appointment", "")),
        ("PATCH", "Appointment/a1", (Did.UPDATE, "Appointment", "a1")),
        ("PUT", "Location/r1", (Did.UPDATE, "Location", "r1")),
        ("POST", "Location", (Did.CREATE, "Location", "")),
        ("DELETE", "Subscription/s1", (Did.DELETE, "Subscription", "s1")),
        ("POST", "", (Did.OTHER, "", "")),
        ("GET", "Subscription/s1/$events", (Did.OTHER, "Subscription", "")),
        ("GET", "Frau Sommer/1", (Did.OTHER, "", "1")),
    ],
)
def test_method_and_path_say_what_was_done(method: str, path: str, found: tuple[Did, str, str]) -> None:
    assert what_was_done(method, path) == found


def test_words_of_people_are_not_kept() -> None:
    items = [
        ("start", "ge2027-01-12"),
        ("schedule.actor:Practitioner.name", "Sommer"),
        ("schedule.actor:HealthcareService.type", "a|b"),
        ("name:contains", "Som"),
        ("Frau Sommer", "x"),
        ("patient", "Patient/p-1"),
        ("status", "Frau Sommer"),
    ]
    assert without_words(items) == (
        "start=ge2027-01-12&schedule.actor:Practitioner.name=&schedule.actor:HealthcareService.type=a|b"
        "&name:contains=&patient=Patient/p-1&status="
    )


@pytest.mark.parametrize("did", Did)
@pytest.mark.parametrize("status", [200, 403, 409, 500])
@pytest.mark.parametrize("person_id", ["", "person-1"])
def test_each_act_is_an_audit_event(did: Did, status: int, person_id: str) -> None:
    asked, ids = "start=ge2027-01-12", () if did in (Did.SEARCH, Did.FIND) else ("a-1",)
    act = Act("program", did, "Appointment", AT, asked, 3, ids, person_id, status, "line-1")
    event = act_event(act, server="centre.test", url="https://centre.test/fhir")
    AuditEvent.model_validate(event)
    assert event["outcome"] == {200: "0", 403: "8", 409: "4", 500: "12"}[status]
    profiles = event.get("meta", {}).get("profile", [""])
    assert (profiles[0] != "") == (status == 200 and did is not Did.OTHER)
    assert ("IHE.Scheduling" in profiles[0]) == (
        status == 200 and person_id != "" and did in (Did.HOLD, Did.BOOK) and bool(ids)
    )
    assert any("query" in one for one in event["entity"]) == (did in (Did.SEARCH, Did.FIND))
    assert event["extension"] == [{"url": "urn:telemed:fhir:found", "valueInteger": 3}]
    assert not profiles[0] or balp.faults(event) == []
