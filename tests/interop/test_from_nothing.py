"""A centre that has nothing yet is set up by FHIR alone, and booked: the worked example of docs/fhir.md."""

from collections.abc import Iterator
from typing import Any

import pytest

from telemed.booking import service as booking
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.kit.db import Database
from tests.builders import World, make_world, moment
from tests.interop.program import Program, auditing, patient, refusal_of, resource
from tests.interop.worked_example import example

ORGANIZATION = {"resourceType": "Organization", "id": "centre", "active": True, "name": "Telemedizin (Beispiel)"}


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    made = make_world(database, resources=[ORGANIZATION])
    with auditing(made):
        yield made


def free(program: Program, schedule: str) -> list[dict[str, Any]]:
    found = program.send("GET", f"/fhir/Slot?schedule={schedule}&status=free&_count=500").json()
    return [entry["resource"] for entry in found.get("entry", [])]


def test_what_is_set_up_by_fhir_is_offered_found_and_booked_everywhere(world: World) -> None:
    program = Program(world)
    answer = program.send("POST", "/fhir", example())
    assert answer.status_code == 200, answer.text
    made = {
        entry["fullUrl"].split("/")[-2]: entry["fullUrl"].partition("/fhir/")[2] for entry in answer.json()["entry"]
    }
    slots = free(program, made["Schedule"])
    assert slots, "the new doctor has slots"
    first, others = slots[0], {slot["start"] for slot in slots}
    start, end = first["start"], first["end"]

    found = program.send("GET", f"/fhir/Appointment/$find?start={start}&end={end}".replace("+", "%2B")).json()
    assert start in {entry["resource"]["start"] for entry in found["entry"]}
    with world.db.reading() as tx:  # what the pages ask
        known = directory.load(tx)
        (service,) = known.services
        wish = Wish(What(service), world.now, moment(world, "18:00"))
        offered = {one.start for one in booking.offers(tx, known, wish, now=world.now)}
    assert {one.isoformat() for one in offered} & {each.replace("Z", "+00:00") for each in others}

    appointment = {
        "resourceType": "Appointment",
        "status": "proposed",
        "slot": [{"reference": f"Slot/{first['id']}"}],
        "serviceType": [{"text": "Sprechstunde"}],
        "participant": [{"actor": {"reference": "Patient/p1"}, "status": "accepted"}],
    }
    booked = program.book(resource(appointment), patient())
    assert booked.status_code == 201, booked.text
    named = {one["actor"]["reference"].partition("/")[0] for one in booked.json()["participant"]}
    assert named == {"Patient", "Practitioner", "Location"}
    assert start not in {slot["start"] for slot in free(program, made["Schedule"])}

    room = program.send("GET", f"/fhir/{made['Location']}").json()
    refused = program.send("PUT", f"/fhir/{made['Location']}", {**room, "status": "inactive"})
    assert refusal_of(refused) == (409, "conflict", "Location")
    assert program.send("GET", f"/fhir/{made['Location']}").json() == room
