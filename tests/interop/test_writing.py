"""Programs change the directory."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from telemed.directory import shelf
from telemed.fhir.codes import SPECIALTIES
from telemed.kit.db import Database
from tests.builders import World, make_booking, make_world, moment
from tests.interop.program import Program, auditing, refusal_of

ROOM = "/fhir/Location/room-1"


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    world = make_world(database)
    with auditing(world):
        yield world


@pytest.fixture
def program(world: World) -> Program:
    return Program(world)


def room(program: Program, **changes: Any) -> dict[str, Any]:
    return {**program.send("GET", ROOM).json(), **changes}


def test_a_room_is_made_changed_and_its_former_versions_are_read(program: Program) -> None:
    made = program.send("POST", "/fhir/Location", {"resourceType": "Location", "id": "mine", "name": "Neu"})
    assert (made.status_code, made.headers["etag"]) == (201, 'W/"1"')
    own = made.json()
    assert own["id"] != "mine"
    path = f"/fhir/Location/{own['id']}"
    assert made.headers["location"] == f"https://centre.test{path}/_history/1"
    changed = program.send("PUT", path, {**own, "name": "Anders"}, if_match='W/"1"')
    assert (changed.status_code, changed.headers["etag"], changed.json()["name"]) == (200, 'W/"2"', "Anders")
    assert program.send("GET", path).json() == changed.json()
    assert program.send("GET", f"{path}/_history/1").json()["name"] == "Neu"
    assert program.send("GET", f"{path}/_history/3").status_code == 404
    assert [one["response"]["etag"] for one in program.send("GET", f"{path}/_history").json()["entry"]] == [
        'W/"2"',
        'W/"1"',
    ]


def test_who_did_not_see_the_newest_version_changes_nothing(program: Program) -> None:
    before = room(program)
    assert program.send("PUT", ROOM, room(program, name="Anders"), if_match='W/"7"').status_code == 412
    assert room(program) == before


def test_what_is_there_already_is_not_made_twice_and_what_is_not_understood_is_refused(program: Program) -> None:
    wish = {"resourceType": "Location", "name": "Vier"}
    asked = {"if_none_exist": "name:exact=Vier"}
    first = program.send("POST", "/fhir/Location", wish, **asked)
    again = program.send("POST", "/fhir/Location", wish, **asked)
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert again.json() == first.json()
    program.send("POST", "/fhir/Location", wish)
    assert program.send("POST", "/fhir/Location", wish, **asked).status_code == 412
    assert program.send("POST", "/fhir/Location", wish, if_none_exist="colour=red").status_code == 400


def test_nobody_is_displaced_in_silence(program: Program, world: World) -> None:
    make_booking(world, at=moment(world, "10:00"))
    before = room(program)
    hours = [{"daysOfWeek": ["mon"], "openingTime": "08:00:00", "closingTime": "09:00:00"}]
    assert refusal_of(program.send("PUT", ROOM, room(program, hoursOfOperation=hours))) == (409, "conflict", "Location")
    assert room(program) == before


def test_a_program_writes_only_what_is_its_doctors(world: World) -> None:
    theirs = Program(world, "practice", works_for="weiss")
    own, others = "/fhir/Practitioner/weiss", ROOM
    for path, status in ((own, 200), (others, 403)):
        assert theirs.send("PUT", path, theirs.send("GET", path).json()).status_code == status


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"resourceType": "Location", "id": "other"}, (400, "value", "Location.id")),
        ({"resourceType": "Device", "id": "room-1"}, (400, "value", "Device")),
        ({"resourceType": "Location", "id": "room-1", "colour": 1}, (422, "structure", "Location.colour")),
    ],
)
def test_what_is_wrong_is_named_where_it_is(
    program: Program, body: dict[str, Any], refused: tuple[int, str, str]
) -> None:
    assert refusal_of(program.send("PUT", ROOM, body)) == refused


def test_a_specialty_that_the_ihe_value_set_does_not_have_is_refused(program: Program) -> None:
    path = "/fhir/HealthcareService/skin-20"
    service = program.send("GET", path).json()
    service["specialty"][0]["coding"][0] = {"system": SPECIALTIES, "code": "HERZ"}
    place = "HealthcareService.specialty[0].coding[0].code"
    assert refusal_of(program.send("PUT", path, service)) == (422, "code-invalid", place)
    service["specialty"] = [{"coding": [{"system": "urn:x", "code": "HERZ"}]}]
    assert program.send("PUT", path, service).status_code == 200, "of other systems we know no codes"


def test_what_is_in_the_directory_is_not_deleted(program: Program) -> None:
    assert program.send("DELETE", ROOM).status_code == 405


def test_a_former_version_is_forgotten_after_90_days(program: Program, world: World) -> None:
    former = f"{ROOM}/_history/1"
    program.send("PUT", ROOM, room(program, name="Anders"))
    for days, status in ((89, 200), (91, 404)):
        with world.db.transaction() as tx:
            shelf.forget_old(tx, now=world.now + timedelta(days=days))
        assert program.send("GET", former).status_code == status
