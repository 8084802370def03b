"""Programs read over FHIR what the audit says of them; the operator reads all of it."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from telemed.fhir.validate import validate
from telemed.identity import granted
from telemed.identity import service as identity
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor, Role
from telemed.interop import audit_routes, bundle_routes, operations, routes
from telemed.interop.audited import Audited
from telemed.kit.db import Database
from telemed.web import refusals
from tests.builders import World, make_booking, make_world
from tests.interop.program import PATIENT, appt, auditing, parameters, resource
from tests.people import balp
from tests.web.apps import make_pages

AUDIT = "/fhir/AuditEvent"
FORGED = urlsafe_b64encode(b'[true, "9999-12-31T23:59:59-23:59", "x"]').decode()
"""A place beyond all time."""
CLIENT = "https://telemed.example/fhir/CodeSystem/client"


class Asker:
    """Somebody with a bearer token at the whole interface."""

    def __init__(self, world: World, name: str, role: Role = Role.CLIENT) -> None:
        app = FastAPI()
        app.state.centre = world.centre
        app.add_middleware(Audited, prefix=routes.PREFIX, state=app.state)
        refusals.install(app, make_pages(), edges=routes.EDGES)
        for router in (operations, bundle_routes, audit_routes, routes):
            app.include_router(router.routes)
        with world.db.transaction() as tx:
            granted.work_for(tx, name, [EVERYONE])
            token = identity.give_bearer(tx, Actor(role, name), now=world.now)
        self._http = TestClient(app, headers={"authorization": f"Bearer {token}"}, raise_server_exceptions=False)

    def ask(self, path: str, method: str = "GET", **more: Any) -> Response:
        answer: Response = self._http.request(method, path, **more)
        return answer

    def found(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.ask(f"{AUDIT}?{query}")
        assert answer.status_code == 200, answer.text
        assert validate(answer.content).kind == "Bundle"
        return [entry["resource"] for entry in answer.json().get("entry", [])]


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    made = make_world(database)
    with auditing(made):
        yield made


def done(asker: Asker, world: World) -> str:
    """A little of everything; the id of what was booked."""
    asker.ask("/fhir/Practitioner?name=Sommer&_count=5", headers={"x-request-id": "cc6d168e-5871-11ec"})
    asker.ask("/fhir/Location/room-1")
    asker.ask("/fhir/Location/unheard-of")
    body = parameters(resource(appt(world)), {"name": "patient", "resource": PATIENT})
    booked = asker.ask("/fhir/Appointment/$book", "POST", json=body)
    assert booked.status_code == 201, booked.text
    appointment_id: str = booked.json()["id"]
    asker.ask(f"/fhir/Appointment/{appointment_id}")
    asker.ask("/fhir/Appointment?status=booked")
    asker.ask("/fhir/Appointment/$find?start=2027-01-12", "GET")
    return appointment_id


def test_a_program_reads_what_it_did_and_each_event_is_as_balp_asks(world: World) -> None:
    one = Asker(world, "one")
    appointment_id = done(one, world)
    events = one.found("_count=100")
    for event in events:
        assert validate(one.ask(f"{AUDIT}/{event['id']}").content).fields == event
        if "profile" in event["meta"]:
            assert balp.faults(event) == [], event
    profiles = {event["meta"].get("profile", [""])[0].rpartition("IHE.")[2] for event in events}
    assert profiles >= {
        *(f"BasicAudit.{name}" for name in ("Read", "Query", "PatientCreate", "PatientRead", "PatientQuery")),
        "Scheduling.Book.Audit.Recipient",
    }
    assert "" in profiles  # what was refused
    assert not any("Winter" in str(event) for event in events)
    queries = [b64decode(e["query"]).decode() for event in events for e in event["entity"] if "query" in e]
    assert "Practitioner?name=&_count=5" in queries
    assert not any("Sommer" in query for query in queries)
    about = one.found(f"entity=Appointment/{appointment_id}")
    assert [event["subtype"][-1]["code"] for event in about] == ["ITI-117"]


def test_each_sees_its_own_lines_and_the_operator_all(world: World) -> None:
    one, other = Asker(world, "one"), Asker(world, "other")
    operator = Asker(world, "one", Role.OPERATOR)  # a name is no reason to see more, or to be mistaken
    done(one, world)
    mine = {event["id"] for event in one.found("_count=100")}
    theirs = {event["id"] for event in other.found("_count=100")}
    assert len(mine) > 8
    assert theirs == set()
    assert {other.ask(f"{AUDIT}/{each}").status_code for each in sorted(mine)} == {404}
    every = {event["id"] for event in operator.found("_count=500")}
    assert every >= mine
    again = one.found(f"agent:identifier={CLIENT}|other&_count=100"), operator.found(f"agent:identifier={CLIENT}|other")
    assert [len(found) > 0 for found in again] == [False, True]
    assert {event["agent"][2]["who"]["identifier"]["system"] for event in one.found("_count=500")} == {CLIENT}
    assert operator.ask("/fhir/Location").status_code == 403
    assert operator.ask("/fhir/Location").json()["resourceType"] == "OperationOutcome"


def test_to_read_the_audit_leaves_a_line(world: World) -> None:
    one, operator = Asker(world, "one"), Asker(world, "chief", Role.OPERATOR)
    for asker in (one, operator):
        asker.found("action=E")
        assert b64decode(asker.found("action=E")[0]["entity"][0]["query"]) == b"AuditEvent?action=E"
    who = operator.found()[0]["agent"][2]["who"]["identifier"]
    assert who == {"system": CLIENT.replace("/client", "/operator"), "value": "chief"}


def test_what_a_program_calls_its_request_is_said_again_and_kept(world: World) -> None:
    one = Asker(world, "one")
    answer = one.ask("/fhir/Location/room-1", headers={"x-request-id": "cc6d168e-5871-11ec"})
    assert answer.headers["x-request-id"] == "cc6d168e-5871-11ec"
    assert "x-request-id" not in one.ask("/fhir/Location/room-1", headers={"x-request-id": "Frau Sommer, 78"}).headers
    named = [
        e["what"]["identifier"]["value"]
        for event in one.found()
        for e in event["entity"]
        if e["type"]["code"] == "XrequestId"
    ]
    assert named == ["cc6d168e-5871-11ec"]


def test_the_audit_is_searched_by_what_its_events_say(world: World) -> None:
    one = Asker(world, "one")
    done(one, world)
    every = one.found("_count=500")
    last = every[0]["recorded"]

    def ids(query: str) -> set[str]:
        return {event["id"] for event in one.found(f"_count=500&date=le{last.replace('+', '%2B')}&{query}")}

    known = {event["id"] for event in every}
    for query, fits in (
        ("action=R", lambda event: event["action"] == "R"),
        ("action:not=R", lambda event: event["action"] != "R"),
        ("outcome=4", lambda event: event["outcome"] == "4"),
        ("subtype=read", lambda event: "read" in {each["code"] for each in event["subtype"]}),
        ("subtype=urn:ihe:event-type-code|ITI-117", lambda event: "ITI-117" in str(event["subtype"])),
        ("entity=Location/room-1", lambda event: "Location/room-1" in str(event["entity"])),
        (f"_id={every[0]['id']}", lambda event: event["id"] == every[0]["id"]),
    ):
        assert ids(query) & known == {event["id"] for event in every if fits(event)} != set(), query
    for everything in ("type=rest", f"agent:identifier={CLIENT}|one", "action:missing=false"):
        assert ids(everything) >= known, everything
    for nothing in ("type=http://example.org|", "agent=Practitioner/weiss", "entity=Location/ROOM-1", "date=lt2020"):
        assert ids(nothing) == set(), nothing
    for wrong in ("date=never", "agent=???", "entity:missing=true", "_sort=action", "_cursor=x", f"_cursor={FORGED}"):
        assert one.ask(f"{AUDIT}?{wrong}").status_code == 400, wrong


def test_pages_follow_each_other_over_both_tables(world: World) -> None:
    one, operator = Asker(world, "one"), Asker(world, "chief", Role.OPERATOR)
    done(one, world)
    make_booking(world, at="11:00")
    by_time = walked(operator, f"agent:identifier={CLIENT}|one&_sort=date")
    assert walked(operator, f"agent:identifier={CLIENT}|one") == by_time[::-1]
    assert len(by_time) > 8
    assert operator.ask(f"{AUDIT}?_summary=count").json().get("entry") is None


def walked(asker: Asker, query: str) -> list[str]:
    """The ids on pages of four, forwards; that the last leads back is looked at too."""
    page = asker.ask(f"{AUDIT}?{query}&_count=4").json()
    pages, total = [], page["total"]
    while True:
        pages.append([entry["resource"]["id"] for entry in page["entry"]])
        links = {link["relation"]: link["url"].removeprefix("https://centre.test") for link in page["link"]}
        if "next" not in links:
            break
        page = asker.ask(links["next"]).json()
    back = asker.ask(links["previous"]).json()
    assert [entry["resource"]["id"] for entry in back["entry"]] == pages[-2]
    seen = [each for page in pages for each in page]
    assert len(seen) == total
    return seen


def test_a_batch_and_a_form_read_it_too(world: World) -> None:
    one = Asker(world, "one")
    one.ask("/fhir/Location/room-1")
    sent = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": "AuditEvent?action=R"}}],
    }
    answer = one.ask("/fhir", "POST", json=sent).json()
    assert answer["entry"][0]["resource"]["total"] == 1
    form = one.ask(f"{AUDIT}/_search", "POST", data={"action": "R"})
    assert form.json()["total"] == 1
