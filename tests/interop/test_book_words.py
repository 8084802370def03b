"""What a program wrote of an appointment, as it is kept and as it is answered."""

import json
from collections.abc import Iterator

import pytest

from telemed.booking.fhir import PROFILE
from telemed.fhir import xml
from telemed.fhir.validate import validate
from telemed.kit.db import Database
from tests.builders import World, make_world
from tests.interop.program import Program, appt, auditing, parameters, patient, refusal_of, resource
from tests.interop.test_book import CANCEL, kept


@pytest.fixture
def world(sqlite_database: Database) -> Iterator[World]:
    world = make_world(sqlite_database, rooms=2)
    with auditing(world):
        yield world


def test_a_program_s_own_words_are_kept_to_the_digit(program: Program, world: World) -> None:
    """Wherever a number stands: also within what the server stamps."""
    text = json.dumps(resource(appt(world, comment="Röntgen mitbringen", patientInstruction="nüchtern", priority=3)))
    inside = f'"contained":[{{"resourceType":"Basic","id":"b","code":{{"text":"x"}},"extension":[{_number("in")}]}}]'
    tag = '"tag":[{"system":"http://fhir.de/CodeSystem/common-meta-tag-de","code":"external"}]'
    v3 = "https://gematik.de/fhir/isik/v3/Terminplanung/StructureDefinition/ISiKTermin"
    meta = f'"meta":{{"versionId":"9","profile":["{v3}"],{tag},"extension":[{_number("meta")}]}}'
    first = f'"_priority":{{"extension":[{_number("priority")}]}},"supportingInformation":[{{"reference":"#b"}}]'
    text = text.replace('"resourceType"', f'{first},{inside},{meta},"resourceType"', 1)
    for where in ('"slot": [{', '"participant": [{', '"actor": {'):
        text = text.replace(where, f'{where}"extension":[{_number(where[1:5])}],', 1)
    body = f'{{"resourceType":"Parameters","parameter":[{text},{json.dumps(patient())}]}}'.encode()
    answer = program.send("POST", "/fhir/Appointment/$book", body)
    assert answer.status_code == 201, answer.text
    made = validate(answer.content).fields
    later = program.patch(made["id"], {"type": "replace", "path": "Appointment.comment", "valueString": "neu"})
    for said in (answer, later, program.patch(made["id"], CANCEL)):
        assert all(_number(one) in said.text for one in ("in", "meta", "priority", "slot", "part", "acto"))
    assert (made["comment"], made["patientInstruction"]) == ("Röntgen mitbringen", "nüchtern")
    assert (made["meta"]["tag"][0]["code"], made["meta"]["versionId"]) == ("external", "1")
    assert made["meta"]["profile"] == [v3, PROFILE]


def _number(name: str) -> str:
    return f'{{"url":"urn:{name}","valueDecimal":1.500}}'


def test_what_is_emitted_is_also_an_appointment_of_stufe_4(program: Program, world: World) -> None:
    """Start, end, who takes part by name, and a Fachrichtung, whatever was left out."""
    other = [{"coding": [{"system": "http://fhir.de/CodeSystem/dkgev/Fachabteilungsschluessel-erweitert"}]}]
    people = [{"actor": {"reference": one}, "status": "accepted"} for one in ("Patient/p1", "RelatedPerson/r1")]
    sent = appt(world, participant=people, start=None, end=None, specialty=other)
    answer = program.book(
        resource(sent), {"name": "patient", "resource": {"resourceType": "Patient", "birthDate": "1951"}}
    )
    made = validate(answer.content).fields
    assert (made["start"], made["end"]) == (appt(world)["start"], appt(world)["end"])
    assert all(one["actor"]["display"] for one in made["participant"])
    assert made["specialty"][0] == other[0]
    assert made["specialty"][1]["coding"][0]["code"] == "ALLG"


def test_the_appointment_alone_may_be_the_body_and_xml_is_spoken(program: Program, world: World) -> None:
    inside = {"resourceType": "Patient", "id": "p", "name": [{"text": "Karl Winter"}]}
    person = [{"actor": {"reference": "#p"}, "status": "accepted"}]
    alone = appt(world, contained=[inside], participant=person)
    xml_body = xml.from_json(json.dumps(alone).encode())
    answer = program.send(
        "POST", "/fhir/Appointment/$book", xml_body, content_type="application/fhir+xml", accept="application/fhir+xml"
    )
    assert answer.status_code == 201, answer.text
    made = json.loads(xml.to_json(answer.content))
    assert made["participant"][0]["actor"]["display"] == "Karl Winter"
    assert "contained" not in made
    again = program.send("POST", "/fhir/Appointment/$book", {**alone, "status": "booked"})
    assert refusal_of(again) == (422, "business-rule", "Appointment.status")


def test_a_related_person_takes_part(program: Program, world: World) -> None:
    related = {
        "resourceType": "RelatedPerson",
        "patient": {"reference": "Patient/p1"},
        "name": [{"text": "Anna Winter"}],
        "meta": {"versionId": "3"},
        "extension": [{"url": "urn:x", "valueDecimal": 1.25}],
    }
    sent = json.dumps(parameters(resource(appt(world)), patient(), resource(related, "related-person")))
    answer = program.send("POST", "/fhir/Appointment/$book", sent.replace("1.25", "1.250").encode())
    assert "1.250" in answer.text
    made = validate(answer.content).fields
    assert made["contained"][0]["resourceType"] == "RelatedPerson"
    assert {"Anna Winter"} <= {one["actor"].get("display") for one in made["participant"]}


def test_answers_are_as_the_client_prefers(program: Program, world: World) -> None:
    minimal = program.book(resource(appt(world)), patient(), prefer="return=minimal")
    assert (minimal.status_code, minimal.content) == (201, b"")
    assert minimal.headers["location"]
    said = program.book(resource(appt(world, "11:00", "11:20")), patient(), prefer="return=OperationOutcome")
    assert validate(said.content).kind == "OperationOutcome"
    assert program.book(resource(appt(world)), patient(), accept="text/html").status_code == 406
    assert kept(world) == 2
