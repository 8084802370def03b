"""PATCH of an appointment: cancelling it, other words, and what is not changed like this."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.day import FactKind
from telemed.fhir.validate import validate
from telemed.kit.db import Database
from telemed.visit import service as visit
from tests.builders import World, make_world
from tests.interop.program import Program, appt, auditing, patient, refusal_of, resource

REASONS = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
CANCEL = {"type": "replace", "path": "Appointment.status", "valueCode": "cancelled"}
JSON_PATCH = "application/json-patch+json"


def because(code: str) -> dict[str, Any]:
    concept = {"coding": [{"system": REASONS, "code": code}]}
    return {"type": "add", "path": "Appointment", "name": "cancelationReason", "valueCodeableConcept": concept}


@pytest.fixture
def world(sqlite_database: Database) -> Iterator[World]:
    world = make_world(sqlite_database)
    with auditing(world):
        yield world


@pytest.fixture
def program(world: World) -> Program:
    program = Program(world)
    made = program.book(resource(appt(world, id="a1", comment="alt", priority=3)), patient())
    assert made.status_code == 201, made.text
    return program


def json_patch(program: Program, *operations: dict[str, Any], **headers: str) -> Any:
    body = json.dumps(operations).encode()
    return program.send("PATCH", "/fhir/Appointment/a1", body, content_type=JSON_PATCH, **headers)


def test_a_cancelled_appointment_says_why_and_its_time_is_free(program: Program, world: World) -> None:
    answer = program.patch("a1", CANCEL, because("meds-inc"))
    made = validate(answer.content).fields
    assert (answer.status_code, made["status"], answer.headers["etag"]) == (200, "cancelled", 'W/"2"')
    assert made["cancelationReason"]["coding"][0]["code"] == "meds-inc"
    assert program.read("a1") == made
    again = program.patch("a1", CANCEL)
    assert (again.status_code, again.content) == (200, answer.content)
    back = program.patch("a1", {**CANCEL, "valueCode": "booked"})
    assert refusal_of(back) == (409, "conflict", "Parameters.parameter[0].part[1].valueString")
    assert program.book(resource(appt(world)), patient()).status_code == 201


def test_json_patch_says_the_same(program: Program) -> None:
    tested = {"op": "test", "path": "/status", "value": "booked"}
    cancel = {"op": "replace", "path": "/status", "value": "cancelled"}
    wrong = json_patch(program, {**tested, "value": "cancelled"}, cancel)
    assert refusal_of(wrong) == (422, "processing", "patch[0].value")
    words = json_patch(
        program,
        tested,
        {"op": "copy", "from": "/comment", "path": "/description"},
        {"op": "move", "from": "/comment", "path": "/patientInstruction"},
        {"op": "remove", "path": "/priority"},
        {"op": "add", "path": "/extension", "value": [{"url": "urn:x", "valueString": "y"}]},
    )
    made = validate(words.content).fields
    assert (made["description"], made["patientInstruction"]) == ("alt", "alt")
    assert not {"comment", "priority"} & set(made)
    assert json_patch(program, cancel).json()["status"] == "cancelled"


def test_words_are_changed_by_fhirpath_patch(program: Program) -> None:
    extension = {"url": "urn:x", "valueDecimal": 1.5}
    answer = program.patch(
        "a1",
        {"type": "replace", "path": "Appointment.comment", "valueString": "neu"},
        {"type": "add", "path": "Appointment", "name": "description", "valueString": "d"},
        {"type": "add", "path": "Appointment.priority", "name": "extension", "valueExtension": extension},
        {
            "type": "add",
            "path": "Appointment",
            "name": "extension",
            "valueExtension": {"url": "urn:a", "valueCode": "a"},
        },
        {
            "type": "insert",
            "path": "Appointment.extension",
            "index": 0,
            "valueExtension": {"url": "urn:b", "valueCode": "b"},
        },
        {"type": "move", "path": "Appointment.extension", "source": 0, "destination": 1},
        {"type": "replace", "path": "Appointment.extension[1].value", "valueCode": "c"},
        {"type": "delete", "path": "Appointment.description"},
        {"type": "delete", "path": "Appointment.patientInstruction"},
    )
    made = validate(answer.content).fields
    assert (made["comment"], made["_priority"]) == ("neu", {"extension": [extension]})
    assert [one["valueCode"] for one in made["extension"]] == ["a", "c"]
    assert "description" not in made
    assert made["meta"]["versionId"] == "2"


NOT_LIKE_THIS: list[tuple[dict[str, Any], int, str, int]] = [
    (
        {"type": "replace", "path": "Appointment.start", "valueInstant": "2026-11-24T12:00:00Z"},
        400,
        "business-rule",
        1,
    ),
    ({"type": "delete", "path": "Appointment.slot"}, 400, "business-rule", 1),
    ({"type": "replace", "path": "Appointment.id", "valueId": "b"}, 400, "business-rule", 1),
    (
        {"type": "replace", "path": "Appointment.participant[0].actor.reference", "valueString": "Patient/x"},
        400,
        "business-rule",
        1,
    ),
    (
        {"type": "replace", "path": "Appointment.participant.where(x).status", "valueCode": "x"},
        400,
        "not-supported",
        1,
    ),
    ({"type": "replace", "path": "Appointment.participant.status", "valueCode": "declined"}, 422, "processing", 1),
    ({"type": "replace", "path": "Appointment.nothing.at.all", "valueCode": "x"}, 422, "processing", 1),
    ({"type": "replace", "path": "Appointment.status", "valueCode": "fulfilled"}, 422, "business-rule", 1),
    ({"type": "replace", "path": "Appointment.status", "valueCode": "bogus"}, 422, "code-invalid", 1),
    ({"type": "replace", "path": "Appointment.comment", "valueInteger": 7}, 422, "value", 1),
    ({"type": "replace", "path": "Slot.status", "valueCode": "free"}, 422, "processing", 1),
    ({"type": "invent", "path": "Appointment.status", "valueCode": "cancelled"}, 400, "value", 0),
    (because("weather"), 422, "invariant", 1),
]


def test_what_is_not_changed_like_this_is_named(program: Program) -> None:
    before = program.read("a1")
    for operation, status, code, part in NOT_LIKE_THIS:
        refused = refusal_of(program.patch("a1", operation))
        form = "valueCode" if part == 0 else "valueString"
        assert refused == (status, code, f"Parameters.parameter[0].part[{part}].{form}"), operation
    assert program.read("a1") == before


def test_a_reason_is_one_of_isik_s(program: Program) -> None:
    refused = program.patch("a1", CANCEL, because("weather"))
    assert refusal_of(refused)[:2] == (422, "code-invalid")
    assert program.read("a1")["status"] == "booked"


def test_another_version_than_was_read_is_not_changed(program: Program) -> None:
    assert refusal_of(program.patch("a1", CANCEL, if_match='W/"7"'))[:2] == (412, "conflict")
    assert refusal_of(program.patch("a1", CANCEL, if_match="7"))[0] == 400
    assert program.patch("a1", CANCEL, if_match='W/"1"').status_code == 200


def test_what_is_no_patch_is_400(program: Program) -> None:
    for operations in [
        [],
        [{}],
        {"op": "add"},
        [{"op": "add", "path": "x", "value": 1}],
        [{"op": "fly", "path": "/a"}],
    ]:
        answer = program.send("PATCH", "/fhir/Appointment/a1", json.dumps(operations).encode(), content_type=JSON_PATCH)
        assert refusal_of(answer)[0] == 400
    assert refusal_of(program.send("PATCH", "/fhir/Appointment/a1", {"resourceType": "Parameters"}))[0] == 400


def test_a_visit_that_has_begun_is_not_cancelled(program: Program, world: World) -> None:
    with world.db.transaction() as tx:
        visit.record(tx, visit_id="a1", kind=FactKind.ARRIVED, by="room", now=world.now)
        visit.record(tx, visit_id="a1", kind=FactKind.CALLED, by="room", now=world.now)
    assert refusal_of(program.patch("a1", CANCEL))[0] in (409, 422)
    moved = program.book(resource(appt(world, "14:00", "14:20", id="a1")))
    assert refusal_of(moved)[0] in (409, 422)
    assert program.read("a1")["status"] == "booked"


def test_other_ways_to_write_say_what_to_do_instead(program: Program) -> None:
    ways = (
        ("POST", "Appointment"),
        ("PUT", "Appointment/1"),
        ("DELETE", "Appointment/1"),
        ("PATCH", "Appointment?actor=x"),
    )
    for method, path in ways:
        answer = program.send(method, f"/fhir/{path}", {"resourceType": "Appointment"})
        assert refusal_of(answer)[:2] == (405, "not-supported")
        assert "Appointment" in answer.json()["issue"][0]["diagnostics"]
