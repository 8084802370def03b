"""Transactions and batches at ``POST /fhir``."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from fhir.resources.R4B.bundle import Bundle

from telemed.fhir import xml
from telemed.interop.bundles import MOST
from telemed.kit.db import Database
from tests.builders import World, make_booking, make_world, moment
from tests.interop.program import Program, auditing, parameters, part_list, refusal_of

ROOM = "/fhir/Location/room-1"
URN = "urn:uuid:0d3c6d8e-6b1f-4d2b-9a77-0c1d52a7b001"


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    world = make_world(database)
    with auditing(world):
        yield world


def entry(method: str, url: str, resource: Any = None, full_url: str = "", **request: str) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    return made | ({"resource": resource} if resource else {}) | ({"fullUrl": full_url} if full_url else {})


def bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def statuses(answer: dict[str, Any]) -> list[str]:
    return [one["response"]["status"][:3] for one in answer["entry"]]


DEVICE = {
    "resourceType": "Device",
    "deviceName": [{"name": f"Waage {URN}", "type": "user-friendly-name"}],
    "location": {"reference": URN},
}
PLACE = {"resourceType": "Location", "name": "Vier", "position": {"longitude": 13.40, "latitude": 52.5}}


def test_what_is_made_together_names_each_other(program: Program) -> None:
    sent = orjson.dumps(
        bundle(entry("GET", "Location/room-1"), entry("POST", "Device", DEVICE), entry("POST", "Location", PLACE, URN))
    ).replace(b"13.4,", b"13.400,")
    answer = program.send("POST", "/fhir", sent, content_type="application/fhir+json")
    assert answer.status_code == 200, answer.text
    Bundle.model_validate(told := answer.json())
    assert (told["type"], statuses(told)) == ("transaction-response", ["200", "201", "201"])
    read, made, place = told["entry"]
    assert read["resource"]["id"] == "room-1"
    assert "resource" not in made
    assert (made["response"]["etag"], made["response"]["location"]) == ('W/"1"', f"{made['fullUrl']}/_history/1")
    kept = program.send("GET", made["fullUrl"].removeprefix("https://centre.test"))
    assert place["fullUrl"].endswith(kept.json()["location"]["reference"])
    assert kept.json()["deviceName"][0]["name"] == f"Waage {URN}"
    assert "13.400" in program.send("GET", place["fullUrl"].removeprefix("https://centre.test")).text


def replacing(path: str, **value: Any) -> dict[str, Any]:
    """A FHIRPath Patch with one operation."""
    return parameters({"name": "operation", "part": part_list({"type": "replace", "path": path, **value})})


WRONG: list[tuple[dict[str, Any], tuple[int, str, str]]] = [
    (entry("PUT", "Location/x", {**PLACE, "id": "y"}), (400, "value", "Bundle.entry[1].resource.id")),
    (entry("POST", "Location", {**PLACE, "colour": 1}), (422, "structure", "Bundle.entry[1].resource.colour")),
    (entry("DELETE", "Location/room-1"), (405, "not-supported", "Bundle.entry[1].request.method")),
    (entry("POST", "Appointment", {}), (405, "not-supported", "Bundle.entry[1].request.url")),
    (entry("GET", "Slot"), (405, "not-supported", "Bundle.entry[1].request.url")),
    (entry("POST", "Location"), (400, "required", "Bundle.entry[1]")),
    (
        entry("PUT", "Location/room-1", {**PLACE, "id": "room-1"}, ifMatch='W/"9"'),
        (412, "conflict", "Bundle.entry[1].request.ifMatch"),
    ),
    (entry("POST", "Location", PLACE, ifNoneExist="colour=1"), (400, "invalid", "Bundle.entry[1].request.ifNoneExist")),
    (entry("PUT", "Location?colour=1", PLACE), (400, "invalid", "Bundle.entry[1].request.url")),
    (
        entry("PUT", "Location/room-1", {**PLACE, "id": "room-1"}, ifNoneMatch="*"),
        (412, "conflict", "Bundle.entry[1].request.ifNoneMatch"),
    ),
    (
        entry("POST", "Location", {**PLACE, "partOf": {"reference": "Location/unheard-of"}}),
        (422, "not-found", "Bundle.entry[1].resource.partOf.reference"),
    ),
    (entry("PATCH", "Location/x", {"resourceType": "Parameters"}), (404, "not-found", "Bundle.entry[1].resource")),
    (
        entry("PATCH", "Location/room-1", replacing("Location.status", valueCode="bogus")),
        (422, "code-invalid", "Bundle.entry[1].resource.parameter[0].part[1].valueString"),
    ),
    (
        entry("PUT", "Device/d4", {**DEVICE, "id": "d4"}),
        (422, "not-found", "Bundle.entry[1].resource.location.reference"),
    ),
    (entry("PUT", "Location/own", {**PLACE, "id": "own"}), (400, "duplicate", "Bundle.entry[1]")),
    ({"resource": PLACE}, (400, "required", "Bundle.entry[1]")),
]


def test_a_transaction_is_done_whole_or_not_at_all(program: Program) -> None:
    first = entry("PUT", "Location/own", {**PLACE, "id": "own"})
    for wrong, refused in WRONG:
        assert refusal_of(program.send("POST", "/fhir", bundle(first, wrong))) == refused
        assert program.send("GET", "/fhir/Location/own").status_code == 404


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_entries_patch_and_update_by_a_search_and_leave_out_what_is_known(program: Program, kind: str) -> None:
    operations = b'[{"op": "replace", "path": "/name", "value": "Eins"}]'
    binary = {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
        "data": b64encode(operations).decode(),
    }
    known = program.send("GET", "/fhir/Device/cuff-1").headers["etag"]
    sent = bundle(
        entry("GET", "Device/cuff-1", ifNoneMatch=known),
        entry("GET", "Device/oximeter-1", ifNoneMatch='W/"77"'),
        entry("PATCH", "Device/cuff-1", replacing("Device.status", valueCode="active")),
        entry("PATCH", "Location/room-1", binary, ifMatch='W/"1"'),
        entry("PUT", "Location?name:exact=Vier", PLACE),
        kind=kind,
    )
    told = program.send("POST", "/fhir", sent).json()
    assert statuses(told) == ["304", "200", "200", "200", "201"], told
    assert "resource" not in told["entry"][0]
    assert "resource" in told["entry"][1]
    assert program.send("GET", ROOM).json()["name"] == "Eins"
    again = bundle(entry("PUT", "Location?name:exact=Vier", {**PLACE, "description": "oben"}), kind=kind)
    assert statuses(program.send("POST", "/fhir", again).json()) == ["200"]


def test_a_transaction_displaces_nobody_in_silence(program: Program, world: World) -> None:
    make_booking(world, at=moment(world, "10:00"))
    hours = [{"daysOfWeek": ["mon"], "openingTime": "08:00:00", "closingTime": "09:00:00"}]
    before = program.send("GET", ROOM).json()
    room = {**before, "hoursOfOperation": hours}
    sent = bundle(entry("PUT", "Location/room-1", room), entry("POST", "Location", PLACE))
    assert refusal_of(program.send("POST", "/fhir", sent)) == (409, "conflict", "Bundle.entry")
    assert program.send("GET", ROOM).json() == before
    assert program.send("GET", "/fhir/Location?name=Vier").json()["total"] == 0


def test_each_entry_of_a_batch_is_for_itself(program: Program, world: World) -> None:
    booked = make_booking(world)
    sent = bundle(
        entry("GET", "Location?name=Vier&_count=1"),
        entry("GET", f"Appointment/{booked.id}"),
        entry("GET", "Appointment/unheard-of"),
        entry("POST", "Location", {**PLACE, "colour": 1}),
        entry("POST", "Device", DEVICE),
        entry("POST", "Location", PLACE, ifNoneExist="name:exact=Vier"),
        kind="batch",
    )
    told = program.send("POST", "/fhir/", sent, prefer="return=representation").json()
    Bundle.model_validate(told)
    assert (told["type"], statuses(told)) == ("batch-response", ["200", "200", "404", "422", "422", "201"])
    assert told["entry"][0]["resource"]["total"] == 1  # what is written is there when it is looked for
    assert told["entry"][3]["response"]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[3].resource.colour"]
    assert told["entry"][5]["resource"]["name"] == "Vier"
    assert statuses(program.send("POST", "/fhir", sent).json())[5] == "200"


def test_who_works_for_one_doctor_changes_nothing_of_all(world: World) -> None:
    theirs = Program(world, "practice", works_for="weiss")
    sent = [entry("PUT", "Location/room-1", theirs.send("GET", ROOM).json())]
    assert theirs.send("POST", "/fhir", bundle(*sent)).status_code == 403
    assert statuses(theirs.send("POST", "/fhir", bundle(*sent, kind="batch")).json()) == ["403"]


def test_bundles_come_and_go_in_xml(program: Program) -> None:
    body = xml.from_json(orjson.dumps(bundle(entry("POST", "Location", PLACE))))
    types = {"content_type": "application/fhir+xml", "accept": "application/fhir+xml"}
    answer = program.send("POST", "/fhir", body, **types)
    assert (answer.status_code, orjson.loads(xml.to_json(answer.content))["type"]) == (200, "transaction-response")


NONE: list[tuple[Any, tuple[int, str, str]]] = [
    ({"resourceType": "Location"}, (400, "value", "Location")),
    ({**bundle(entry("GET", "Slot/x")), "type": "collection"}, (400, "value", "Bundle.type")),
    (bundle(*[entry("GET", "Slot/x")] * (MOST + 1)), (413, "too-costly", "Bundle.entry")),
    (
        bundle(entry("GET", "Slot/x", full_url=URN), entry("GET", "Slot/y", full_url=URN)),
        (400, "duplicate", "Bundle.entry"),
    ),
    ({**bundle(), "entry": [7]}, (400, "structure", "Bundle.entry")),
]


def test_what_is_no_such_bundle_is_refused(program: Program) -> None:
    for body, refused in NONE:
        assert refusal_of(program.send("POST", "/fhir", body)) == refused


def test_a_bundle_may_be_larger_than_what_is_sent_elsewhere(program: Program) -> None:
    large = [
        entry("PUT", f"Location/own-{n}", {**PLACE, "id": f"own-{n}", "description": "x" * 2_000}) for n in range(MOST)
    ]
    assert program.send("POST", "/fhir", bundle(*large)).status_code == 200
    for method, path, description in (("POST", "/fhir", 262_144), ("PUT", "/fhir/Location/own-1", 65_536)):
        sent = {**PLACE, "id": "own-1", "description": "x" * description}
        assert refusal_of(program.send(method, path, sent), "fatal") == (413, "too-long", "")
