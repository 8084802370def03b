"""The FHIR interface as a client meets it."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from telemed.directory.model import slot_id
from telemed.fhir import xml
from telemed.fhir.validate import validate
from telemed.identity import granted
from telemed.identity import service as identity
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor, Role
from telemed.interop import looking
from telemed.kit.db import Database
from tests.builders import World, make_booking, make_world, moment
from tests.counts import Counted
from tests.interop import fuzzed
from tests.interop.program import app_of, auditing

SEARCHES = 60


class Client:
    """A program with a bearer token for each role."""

    def __init__(self, world: World, *, works_for: str = EVERYONE) -> None:
        with world.db.transaction() as tx:
            granted.work_for(tx, "program", [works_for] if works_for else [])
        self._http = TestClient(app_of(world))
        self._world = world

    def ask(self, path: str, *, role: Role | None = Role.CLIENT, method: str = "GET", **more: Any) -> Response:
        headers = {**self._token(role), **more.pop("headers", {})}
        answer: Response = self._http.request(method, path, headers=headers, **more)
        return answer

    def found(self, path: str) -> list[dict[str, Any]]:
        answer = self.ask(path)
        assert answer.status_code == 200, answer.text
        assert validate(answer.content).kind == "Bundle"
        return [entry["resource"] for entry in answer.json().get("entry", [])]

    def _token(self, role: Role | None) -> dict[str, str]:
        if role is None:
            return {}
        with self._world.db.transaction() as tx:
            token = identity.give_bearer(tx, Actor(role, "program"), now=self._world.now)
        return {"authorization": f"Bearer {token}"}


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def client(world: World) -> Iterator[Client]:
    with auditing(world):
        yield Client(world)


def outcome_of(answer: Response) -> tuple[int, str]:
    resource = validate(answer.content)
    assert resource.kind == "OperationOutcome"
    return answer.status_code, resource.fields["issue"][0]["code"]


def test_the_statement_is_open_and_valid(client: Client) -> None:
    answer = client.ask("/fhir/metadata", role=None)
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    statement = validate(answer.content).fields
    assert statement["fhirVersion"] == "4.0.1"
    assert {resource["type"] for resource in statement["rest"][0]["resource"]} >= {
        "Schedule",
        "Slot",
        "Appointment",
        "HealthcareService",
        "Practitioner",
        "PractitionerRole",
        "Location",
        "Device",
    }


def test_every_search_that_the_statement_names_is_answered(client: Client) -> None:
    statement = client.ask("/fhir/metadata", role=None).json()
    values = {"token": "x", "uri": "urn:x", "string": "x", "reference": "x", "date": "2027-01-12", "composite": "x$y"}
    for resource in statement["rest"][0]["resource"]:
        needed = "&schedule=calendar-weiss" if resource["type"] == "Slot" else ""
        for parameter in resource["searchParam"]:
            asked = f"{parameter['name']}={values[parameter['type']]}"
            answer = client.ask(f"/fhir/{resource['type']}?{asked}{needed}")
            assert answer.status_code == 200, asked
            assert parameter["name"] in parse_qs(urlsplit(answer.json()["link"][0]["url"]).query)


@pytest.mark.parametrize("path", ["/fhir/Location", "/fhir/Location/room-1", "/fhir/Nonsense", "/fhir/a/b/c"])
def test_everything_else_needs_a_token(client: Client, path: str) -> None:
    answer = client.ask(path, role=None)
    assert outcome_of(answer) == (401, "login")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "smart-configuration" in answer.json()["issue"][0]["diagnostics"]
    assert outcome_of(client.ask(path, role=Role.DOCTOR)) == (403, "forbidden")


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("GET", "/fhir/Location/nobody", {}, (404, "not-found")),
        ("GET", "/fhir/Nonsense", {}, (404, "not-supported")),
        ("GET", "/fhir/Nonsense/1", {}, (404, "not-supported")),
        ("GET", "/fhir/Location/room-1/_history/9", {}, (404, "not-found")),
        ("GET", "/fhir/Appointment/nobody", {}, (404, "not-found")),
        ("GET", "/fhir/Slot/nobody", {}, (404, "not-found")),
        ("PUT", "/fhir/ValueSet/x", {}, (405, "not-supported")),
        ("DELETE", "/fhir/Appointment/1", {}, (405, "not-supported")),
        ("GET", "/fhir/Location", {"accept": "text/html"}, (406, "not-supported")),
        ("GET", "/fhir/Location", {"accept": "application/fhir+json; fhirVersion=5.0"}, (406, "not-supported")),
        ("POST", "/fhir/Location/_search", {"content-type": "application/fhir+json"}, (415, "not-supported")),
        ("GET", "/fhir/Location?name:not=x", {}, (400, "invalid")),
        ("GET", "/fhir/Appointment?date=soon", {}, (400, "invalid")),
        ("GET", "/fhir/Slot?status=free", {}, (422, "business-rule")),
    ],
)
def test_every_no_is_an_outcome(
    client: Client, method: str, path: str, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    assert outcome_of(client.ask(path, method=method, headers=headers)) == expected


def test_what_is_unknown_or_empty_is_left_out_of_the_self_link(client: Client) -> None:
    answer = client.ask("/fhir/Location?colour=red&status=&name=Raum%201&_format=json")
    assert answer.json()["link"] == [{"relation": "self", "url": "https://centre.test/fhir/Location?name=Raum+1"}]
    assert answer.json()["total"] == 1


def test_a_search_by_form_finds_the_same(client: Client) -> None:
    answer = client.ask("/fhir/Practitioner/_search?active=true", method="POST", data={"name": "weiß"})
    assert [entry["resource"]["id"] for entry in answer.json()["entry"]] == ["weiss"]


def test_pages_follow_each_other_until_all_was_seen(client: Client) -> None:
    seen, path = [], "/fhir/Practitioner?_count=2"
    while path:
        page = client.ask(path).json()
        assert page["total"] == 5
        seen += [entry["resource"]["id"] for entry in page["entry"]]
        links = {link["relation"]: link["url"] for link in page["link"]}
        path = links.get("next", "").removeprefix("https://centre.test")
    assert seen == ["brandt", "hofer", "kaya", "lindner", "weiss"]


def test_xml_says_the_same_as_json(client: Client) -> None:
    as_json = client.ask("/fhir/Location/room-1")
    as_xml = client.ask("/fhir/Location/room-1", headers={"accept": "application/fhir+xml"})
    assert as_xml.headers["content-type"] == "application/fhir+xml; charset=utf-8"
    assert json.loads(xml.to_json(as_xml.content)) == as_json.json()
    assert client.ask("/fhir/Location?_format=xml").content.startswith(b"<?xml")
    refused = client.ask("/fhir/Location/nobody?_format=xml")
    assert json.loads(xml.to_json(refused.content))["resourceType"] == "OperationOutcome"


def test_an_appointment_is_read_and_found_by_what_takes_part(client: Client, world: World) -> None:
    first, second = make_booking(world, at="10:00"), make_booking(world, at="11:00", doctor="brandt")
    assert client.ask(f"/fhir/Appointment/{first.id}").json()["status"] == "booked"
    asked = {
        "actor=Practitioner/weiss": [first.id],
        "actor=Practitioner/weiss,Practitioner/brandt": [first.id, second.id],
        "actor=Location/room-1&status=booked": [first.id, second.id],
        "status=http://hl7.org/fhir/appointmentstatus|booked&_count=1": [first.id],
        "status=cancelled": [],
        "status:not=booked": [],
        "status=fulfilled": [],
        "date=2026-11-24": [first.id, second.id],
        "date=ge2026-11-24T10:30:00%2B01:00": [second.id],
        "date=lt2026-11-24": [],
        f"_id={second.id}": [second.id],
        f"_id={second.id}&_id={first.id}": [],
    }
    for query, ids in asked.items():
        assert [found["id"] for found in client.found(f"/fhir/Appointment?{query}")] == ids, query


def test_free_and_busy_slots_of_a_day(client: Client, world: World) -> None:
    make_booking(world, at="10:00")
    day = "schedule=Schedule/calendar-weiss&start=2026-11-24&_count=500"
    slots = client.found(f"/fhir/Slot?{day}")
    free = [slot["start"] for slot in slots if slot["status"] == "free"]
    busy = [(slot["start"], slot["end"]) for slot in slots if slot["status"] == "busy"]
    assert busy == [("2026-11-24T09:00:00Z", "2026-11-24T09:20:00Z")]
    assert free[:4] == [f"2026-11-24T{wall}:00Z" for wall in ("08:20", "08:40", "09:20", "09:40")]
    assert client.found(f"/fhir/Slot?{day}&status=free") == [s for s in slots if s["status"] == "free"]
    assert client.found(f"/fhir/Slot?{day}&status:not=free") == [s for s in slots if s["status"] == "busy"]
    for slot in slots:
        assert validate(slot).id == slot["id"]
        assert client.ask(f"/fhir/Slot/{slot['id']}").json() == slot


def test_a_slot_is_what_one_asks_for_as_long_as_it_is_open(client: Client, world: World) -> None:
    part = slot_id("calendar-weiss", moment(world, "11:05"), moment(world, "11:55"))
    assert client.ask(f"/fhir/Slot/{part}").json()["status"] == "free"
    night = slot_id("calendar-weiss", moment(world, "05:00"), moment(world, "05:20"))
    assert client.ask(f"/fhir/Slot/{night}").status_code == 404
    assert client.found(f"/fhir/Slot?_id={part},{night}")[0]["id"] == part


@pytest.mark.parametrize("when", ["lt2026-11-24T08:00:00Z", "gt9998", "lt0002", "ge2028"])
def test_no_slots_lie_in_the_past_or_beyond_what_may_be_booked(client: Client, when: str) -> None:
    assert client.found(f"/fhir/Slot?schedule=calendar-weiss&start={when}") == []


def test_a_file_is_imported_while_the_centre_runs(client: Client) -> None:
    content = json.dumps({"resourceType": "Location", "id": "new", "name": "Neu"})
    asked: dict[str, Any] = {"method": "POST", "content": content}
    assert client.ask("/import?file=new.json", role=None, **asked).status_code == 401
    answer = client.ask("/import?file=new.json", role=Role.OPERATOR, **asked)
    assert answer.json() == {"outcomes": [{"text": "new.json Location/new übernommen", "refused": False}]}
    kept = client.ask("/fhir/Location/new").json()
    assert kept.pop("meta")["versionId"] == "1"
    assert kept == json.loads(content)


def test_a_file_to_import_has_a_name(client: Client) -> None:
    answer = client.ask("/import", role=Role.OPERATOR, method="POST", content="{}")
    assert answer.status_code == 422


def test_every_type_served_is_read_and_searched(client: Client) -> None:
    for kind in looking.SERVED:
        assert client.ask(f"/fhir/{kind}?schedule=calendar-weiss").status_code == 200


def test_a_program_sees_the_appointments_of_its_practice_and_of_nobody_else(client: Client, world: World) -> None:
    own, other = make_booking(world, at="10:00"), make_booking(world, doctor="brandt", at="11:00")
    with world.db.transaction() as tx:
        granted.work_for(tx, "program", ["weiss"])
    fhir = client
    assert [one["id"] for one in fhir.found("/fhir/Appointment?date=2026-11-24")] == [own.id]
    for asked in (f"_id={other.id}", "actor=Practitioner/brandt", f"_id={own.id},{other.id}&actor=Practitioner/brandt"):
        assert fhir.found(f"/fhir/Appointment?{asked}") == []
    assert fhir.ask(f"/fhir/Appointment/{own.id}").status_code == 200
    unknown, hidden = (fhir.ask(f"/fhir/Appointment/{one}") for one in ("unheard-of", other.id))
    assert (hidden.status_code, hidden.content) == (unknown.status_code, unknown.content)
    assert hidden.status_code == 404
    assert Client(world, works_for="").found("/fhir/Appointment") == []


def test_no_search_of_a_program_finds_somebody_else_s(sqlite_database: Database, counted: Counted) -> None:
    world, doctors = fuzzed.a_quarter(sqlite_database)
    with auditing(world):
        found = fuzzed.agree(world, doctors, SEARCHES, seed=20_261_127)
    assert found > SEARCHES / 4
    counted(f"searches of one program: {SEARCHES}, {found} appointments, none of another doctor's, none lacking")
