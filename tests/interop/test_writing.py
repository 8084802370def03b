"""Programs change the directory."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from telemed.directory import shelf
from telemed.fhir.codes import SPECIALTIES
from telemed.kit.db import Database
from tests.builders import WITH_CUFF, World, make_booking, make_world, moment
from tests.interop.program import Program, auditing, parameters, part_list, refusal_of

ROOM = "/fhir/Location/room-1"


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    world = make_world(database)
    with auditing(world):
        yield world


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


def test_all_of_a_type_is_read_back_since_some_moment(program: Program, world: World) -> None:
    before = len(program.send("GET", "/fhir/Location/_history").json()["entry"])
    world.clock.forward(timedelta(minutes=1))
    program.send("PUT", ROOM, room(program, name="Anders"))
    since = world.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    newest = program.send("GET", f"/fhir/Location/_history?_since={since}").json()
    assert [(one["fullUrl"], one["response"]["etag"]) for one in newest["entry"]] == [
        (f"https://centre.test{ROOM}", 'W/"2"')
    ]
    assert newest["total"] == 1
    first = program.send("GET", "/fhir/Location/_history?_count=1").json()
    assert (first["total"], len(first["entry"])) == (before + 1, 1)
    names = [one["resource"]["name"] for one in first["entry"]]
    while following := [one["url"] for one in first["link"] if one["relation"] == "next"]:
        first = program.send("GET", following[0].removeprefix("https://centre.test")).json()
        names += [one["resource"]["name"] for one in first["entry"]]
    assert len(names) == before + 1
    for wrong in ("_since=never", "_count=x"):
        assert program.send("GET", f"/fhir/Location/_history?{wrong}").status_code == 400


def test_who_has_it_already_is_told_so(program: Program) -> None:
    read = program.send("GET", ROOM)
    for name, value in (("if_none_match", read.headers["etag"]), ("if_modified_since", read.headers["last-modified"])):
        known = program.send("GET", ROOM, **{name: value})
        assert (known.status_code, known.content) == (304, b"")
    assert program.send("GET", ROOM, if_modified_since="Tue, 24 Nov 2020 08:00:00 GMT").status_code == 200
    assert program.send("GET", ROOM, if_modified_since="lately").status_code == 200
    assert program.send("GET", f"{ROOM}/_history/1").headers["etag"] == read.headers["etag"]
    head = program.send("HEAD", ROOM)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", read.headers["etag"])


def test_a_search_names_what_is_changed(program: Program) -> None:
    place = {"resourceType": "Location", "name": "Vier"}
    where = "/fhir/Location?name:exact=Vier"
    first = program.send("PUT", where, place)
    assert first.status_code == 201
    again = program.send("PUT", where, {**place, "description": "oben"})
    assert (again.status_code, again.json()["id"], again.headers["etag"]) == (200, first.json()["id"], 'W/"2"')
    assert program.send("PUT", where, place, if_match='W/"1"').status_code == 412
    assert refusal_of(program.send("PUT", where, {**place, "id": "other"})) == (400, "value", "Location.id")
    assert program.send("PUT", "/fhir/Location?name:exact=Neun", {**place, "id": "nine"}).json()["id"] == "nine"
    program.send("POST", "/fhir/Location", place)
    assert program.send("PUT", where, place).status_code == 412
    assert program.send("PUT", "/fhir/Location?colour=red", place).status_code == 400
    assert program.send("PUT", "/fhir/Location", place).status_code == 400


def test_only_what_is_new_is_made_where_that_is_asked(program: Program) -> None:
    new = {"resourceType": "Location", "id": "new", "name": "Neu"}
    assert program.send("PUT", "/fhir/Location/new", new, if_none_match="*").status_code == 201
    assert program.send("PUT", "/fhir/Location/new", new, if_none_match="*").status_code == 412


def test_some_of_a_resource_is_changed_by_a_patch(program: Program) -> None:
    operations = b'[{"op": "add", "path": "/position", "value": {"longitude": 13.400, "latitude": 52.5}}]'
    json = {"content_type": "application/json-patch+json"}
    placed = program.send("PATCH", ROOM, operations, **json)
    assert (placed.status_code, placed.headers["etag"]) == (200, 'W/"2"')
    assert b"13.400" in program.send("GET", ROOM).content
    named = parameters(
        {"name": "operation", "part": part_list({"type": "replace", "path": "Location.name", "valueString": "Anders"})}
    )
    assert program.send("PATCH", ROOM, named, if_match='W/"1"').status_code == 412
    changed = program.send("PATCH", ROOM, named, if_match='W/"2"')
    assert (changed.status_code, changed.json()["name"], changed.headers["etag"]) == (200, "Anders", 'W/"3"')
    assert program.send("PATCH", ROOM, named).headers["etag"] == 'W/"3"'  # nothing is different
    for patch, refused in (
        (b'[{"op": "replace", "path": "/id", "value": "x"}]', (400, "business-rule", "patch[0].path")),
        (b'[{"op": "replace", "path": "/status", "value": "bogus"}]', (422, "code-invalid", "patch[0].path")),
        (
            b'[{"op": "add", "path": "/partOf", "value": {"reference": "Location/unheard-of"}}]',
            (422, "not-found", "patch[0].path"),
        ),
    ):
        assert refusal_of(program.send("PATCH", ROOM, patch, **json)) == refused
    assert program.send("PATCH", "/fhir/Location/unheard-of", named).status_code == 404
    assert program.send("GET", ROOM).headers["etag"] == 'W/"3"'


def test_a_day_that_nobody_names_is_no_day(program: Program) -> None:
    """R4, json.html 2.6.2.1: ``null`` stands where an item of a primitive array has an extension alone."""
    unknown = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    role = program.send("GET", "/fhir/PractitionerRole").json()["entry"][0]["resource"]
    hours = {"availableStartTime": "08:00:00", "availableEndTime": "18:00:00"}
    days = {"daysOfWeek": [None, "tue"], "_daysOfWeek": [{"extension": [unknown]}, None]}
    kept = program.send("PUT", f"/fhir/PractitionerRole/{role['id']}", {**role, "availableTime": [{**days, **hours}]})
    assert (kept.status_code, kept.json()["availableTime"][0]["daysOfWeek"]) == (200, [None, "tue"])


def test_a_patch_displaces_nobody_in_silence(program: Program, world: World) -> None:
    booked = make_booking(world, at=moment(world, "10:00"), service=WITH_CUFF)
    people = [one["actor"]["reference"] for one in program.read(booked.id)["participant"]]
    assistant = next(one for one in people if one.startswith("Practitioner/") and not one.endswith("/weiss"))
    json = {"content_type": "application/json-patch+json"}
    off = b'[{"op": "replace", "path": "/status", "value": "inactive"}]'
    away = b'[{"op": "replace", "path": "/active", "value": false}]'
    for name, patch in (
        ("Location/room-1", off),
        ("Device/cuff-1", off),
        ("Practitioner/weiss", away),
        (assistant.replace("Practitioner/", "PractitionerRole/role-"), away),
        (f"HealthcareService/{WITH_CUFF}", away),
    ):
        refused = refusal_of(program.send("PATCH", f"/fhir/{name}", patch, **json))
        assert refused == (409, "conflict", "patch[0].path"), name
    assert program.send("PATCH", "/fhir/Device/oximeter-1", off, **json).status_code == 200


def test_what_is_written_names_only_what_is_there(program: Program) -> None:
    role = {"resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/unheard-of"}}
    refused = (422, "not-found", "PractitionerRole.practitioner.reference")
    assert refusal_of(program.send("POST", "/fhir/PractitionerRole", role)) == refused
    device = {"resourceType": "Device", "id": "own", "parent": {"reference": "Device/own"}}
    assert program.send("PUT", "/fhir/Device/own", device).status_code == 201


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
