"""Words of people and secrets, planted into requests of all kinds: neither the logs nor the database have them."""

import json
import logging
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import structlog

from telemed.kit.db import Database, metadata
from telemed.subscribe import fhir as subscribe_fhir
from tests.builders import World, make_world
from tests.interop.program import Program, appt, auditing, parameters, patient, resource

FORM = "application/x-www-form-urlencoded"
MARK = "Zwetschgenknoedel"
"""In every text that is of a person or a secret, with what it is behind it."""


def _said(world: World) -> dict[str, Any]:
    """An Appointment that says something wherever a program can."""
    return appt(
        world,
        comment=f"{MARK} comment",
        description=f"{MARK} description",
        patientInstruction=f"{MARK} instruction",
        reasonCode=[{"text": f"{MARK} reason"}],
        extension=[{"url": "https://praxis.example/x", "valueString": f"{MARK} extension"}],
        contained=[
            {"resourceType": "RelatedPerson", "id": "r", "patient": {"display": MARK}, "name": [{"text": MARK}]}
        ],
    )


PERSON = {
    "name": [{"family": MARK, "given": [MARK]}],
    "telecom": [{"system": "email", "value": f"{MARK}@example.org"}],
    "address": [{"line": [f"{MARK} street"]}],
}


def _booked_and_changed(world: World, program: Program) -> None:
    made = program.book(resource(_said(world)), patient(**PERSON))
    assert made.status_code == 201, made.text
    one = f"/fhir/Appointment/{made.json()['id']}"
    patch = [{"op": "replace", "path": "/comment", "value": f"{MARK} patched"}]
    answer = program.send("PATCH", one, json.dumps(patch).encode(), content_type="application/json-patch+json")
    assert MARK in answer.text
    assert program.book(resource(_said(world)), patient(**PERSON)).status_code == 409
    for path in (one, f"{one}?_format=xml", "/fhir/Appointment?_count=10", f"{one}?x={MARK}"):
        assert MARK in program.send("GET", path).text
    asked = {**_said(world), "start": None, "end": None}
    later = program.book(resource(asked), patient(**PERSON), prefer="respond-async")
    assert later.status_code in (202, 400)


def _searched(program: Program) -> None:
    for asked in (f"name={MARK}", f"name:contains={MARK}", f"address={MARK}", f"identifier=|{MARK}", f"{MARK}={MARK}"):
        assert program.send("GET", f"/fhir/Location?{asked}").status_code == 200
        assert program.send("POST", "/fhir/Location/_search", asked.encode(), content_type=FORM).status_code == 200
    program.send("GET", f"/fhir/Appointment?practitioner.name={MARK}&actor:Practitioner.name:contains={MARK}")
    program.send("GET", f"/fhir/Appointment/$find?start=2026-11-24&end=2026-11-25&location-string={MARK}&reason={MARK}")
    urls = [f"Location?name={MARK}", f"Appointment?practitioner.name={MARK}", f"Location?{MARK}={MARK}"]
    entries = [{"request": {"method": "GET", "url": one}} for one in urls]
    assert (
        program.send("POST", "/fhir", {"resourceType": "Bundle", "type": "batch", "entry": entries}).status_code == 200
    )


def _refused(world: World, program: Program) -> None:
    """Nothing of what is refused is said again, neither to the program nor to the log."""
    broken = json.dumps(parameters(resource(_said(world)), patient(**PERSON)))
    for sent in (
        broken[:-1],
        broken.replace('"proposed"', f'"{MARK}"'),
        broken.replace('"1951"', f'"{MARK}"'),
        broken.replace('"comment"', f'"{MARK}"'),
        broken.replace("appt-resource", MARK),
        f"<Appointment><{MARK}/></Appointment>",
    ):
        answer = program.send("POST", "/fhir/Appointment/$book", sent.encode())
        assert answer.status_code in (400, 422)
        told = json.dumps([one["diagnostics"] for one in answer.json()["issue"]])
        assert MARK not in told
    for path in (f"Appointment?date={MARK}", f"Appointment?status:{MARK}={MARK}", f"{MARK}?{MARK}={MARK}"):
        assert MARK not in program.send("GET", f"/fhir/{path}").text


def _subscribed(program: Program) -> None:
    made = {
        "resourceType": "Subscription",
        "status": "off",
        "reason": "our calendar",
        "criteria": "https://gematik.de/fhir/isik/SubscriptionTopic/Resource/Appointment",
        "channel": {
            "type": "rest-hook",
            "endpoint": "https://praxis.example/hear",
            "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": subscribe_fhir.CONTENT, "valueCode": "id-only"}]},
            "header": [f"Authorization: Bearer {MARK}"],
        },
    }
    answer = program.send("POST", "/fhir/Subscription", made)
    assert answer.status_code == 201, answer.text
    assert MARK not in answer.text


def test_what_people_said_and_secrets_stand_neither_in_the_log_nor_in_the_clear(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    world = make_world(sqlite_database)
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as lines, auditing(world):
        program = Program(world)
        _booked_and_changed(world, program)
        _searched(program)
        _refused(world, program)
        _subscribed(program)
    with world.db.reading() as tx:
        rows = {table.name: str([[*row] for row in tx.execute(table.select())]) for table in metadata.sorted_tables}
    at = [said[max(0, said.find(MARK) - 300) : said.find(MARK) + 60] for said in rows.values() if MARK in said]
    assert at == []
    path = Path(str(world.db.url.database))
    kept = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    assert world.now.strftime("%Y").encode() in kept
    for form in (MARK.encode(), b64encode(MARK.encode())[:-4], MARK.encode("utf-16-le"), MARK.upper().encode()):
        assert form not in kept, form
    assert not [one for one in lines if MARK in str(one)]
    ours = [one for one in caplog.records if not one.name.startswith("httpx")]  # the test's own client says its address
    assert not [one for one in ours if MARK in f"{one.getMessage()}{one.exc_info}"]
