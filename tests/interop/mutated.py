"""Appointments of the ISiK and IHE examples with something wrong in them: booked, patched, searched."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from telemed.directory.model import slot_id
from telemed.fhir.incoming import JSON_PATCH
from tests.builders import SERVICE
from tests.identity.programs import FORM
from tests.interop.mutating import NAMES, ODD, Sent, mutated
from tests.interop.program import PATIENT, parameters, part_list, resource, zulu

DATA = Path(__file__).parents[1] / "data" / "fhir"
KNOWN = "known-1"


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / name).read_text())
    return found


def _examples() -> list[dict[str, Any]]:
    bundle = read("ihe/example-iti-scheduling-bundle.json")
    proposed = [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Appointment"]
    isik = [read(f"isik/Appointment-ISiKTermin{one}.json") for one in ("Example", "ExampleExtendedICU")]
    return [*isik, *proposed, read("ihe/example-appointment.json")]


EXAMPLES = _examples()
PATIENTS = [read("ihe/example-patient.json"), PATIENT]


def own(now: datetime, number: int, **changes: Any) -> dict[str, Any]:
    """The *number*-th time of the next weeks with Dr. Weiß, as an Appointment that would be booked."""
    day = (now + timedelta(days=1 + number // 20 % 40)).replace(hour=8, minute=0)
    start = day + timedelta(minutes=20 * (number % 20))
    end = start + timedelta(minutes=20)
    return {
        "resourceType": "Appointment",
        "status": "proposed",
        "start": zulu(start),
        "end": zulu(end),
        "slot": [{"reference": f"Slot/{slot_id('calendar-weiss', start, end)}"}],
        "serviceType": [{"text": SERVICE}],
        "participant": [{"actor": {"reference": "Patient/p1"}, "status": "accepted"}],
        **changes,
    }


def book_of(appointment: Mapping[str, Any], *more: Mapping[str, Any]) -> Sent:
    body = parameters(resource(appointment), resource(PATIENT, "patient"), *more)
    return Sent("POST", "/fhir/Appointment/$book", body)


MORE: list[dict[str, Any]] = [
    {"name": "schedule", "valueReference": {"reference": "Schedule/calendar-weiss"}},
    {"name": "schedule", "valueReference": {"reference": "Schedule/calendar-brandt"}},
    {"name": "cancelled-appt-id", "valueUri": f"Appointment/{KNOWN}"},
    {"name": "cancelled-appt-id", "valueReference": {"reference": "https://x.test/fhir/Appointment/unknown"}},
    resource({"resourceType": "RelatedPerson", "patient": {"reference": "Patient/p1"}}, "related-person"),
    resource({"resourceType": "QuestionnaireResponse", "status": "completed"}, "patientSubmittedInformation"),
]


def book(random: Random, now: datetime) -> Sent:
    """A ``$book`` of an example, as it is or at a time that is to be had; half of them with something wrong."""
    example, there = random.choice(EXAMPLES), own(now, random.randrange(1, 700))
    base = random.choice((there, {**example, **there}, {**example, **there}, example))
    appointment = mutated(random, base) if random.random() < 0.7 else base
    headers = {"prefer": random.choice(("", "return=minimal", "return=OperationOutcome"))}
    if random.random() < 0.2:
        return Sent("POST", "/fhir/Appointment/$book", appointment, headers)
    person = random.choice(PATIENTS)
    given: list[dict[str, Any]] = [
        {"name": "appt-resource", "resource": appointment},
        {"name": "patient", "resource": mutated(random, person) if random.random() < 0.2 else person},
    ]
    body = parameters(*given, *random.sample(MORE, random.choice((0, 0, 1, 2))))
    return Sent("POST", "/fhir/Appointment/$book", mutated(random, body) if random.random() < 0.3 else body, headers)


VALUES: list[dict[str, Any]] = [
    *({"valueCode": one} for one in ("cancelled", "booked", "bogus")),
    *({"valueString": one} for one in ("neu", "", "\u0000")),
    *(
        {"valueInteger": 3},
        {"valueCodeableConcept": {"coding": [{"code": "pat"}]}},
        {"valueInstant": "2026-11-24T09:00:00Z"},
    ),
    *(
        {"valueExtension": {"url": "urn:x", "valueString": "y"}},
        {"valueReference": {"reference": "Slot/x"}},
        {"part": []},
    ),
]
PATHS = [
    *(
        "status",
        "comment",
        "description",
        "priority",
        "priority.extension",
        "extension",
        "extension[0]",
        "extension[0].value",
    ),
    *(
        "participant[0].status",
        "participant",
        "participant[0].actor.reference",
        "slot[0]",
        "start",
        "id",
        "meta.tag",
        "x",
        "",
    ),
    *(
        "cancelationReason.coding[0].code",
        "where(true)",
        "participant[99]",
        "resourceType",
        "comment.extension",
        "contained",
    ),
]


def patch(random: Random, _now: datetime) -> Sent:
    path = f"/fhir/Appointment/{random.choice((KNOWN, KNOWN, KNOWN, KNOWN, KNOWN, 'unknown', '%20', 'x' * 70))}"
    headers = {"if-match": random.choice(('W/"1"', 'W/"2"'))} if random.random() < 0.1 else {}
    count = random.choice((1, 1, 2, 3))
    if random.random() < 0.5:
        listed: Any = [_json_operation(random) for _ in range(count)]
        value = mutated(random, listed) if random.random() < 0.4 else listed
        return Sent("PATCH", path, value, {**headers, "content-type": JSON_PATCH})
    body = parameters(*({"name": "operation", "part": _path_operation(random)} for _ in range(count)))
    return Sent("PATCH", path, mutated(random, body) if random.random() < 0.4 else body, headers)


def _path_operation(random: Random) -> list[dict[str, Any]]:
    said: dict[str, Any] = {"type": random.choice(("add", "insert", "replace", "delete", "move", "copy"))}
    said["path"] = f"Appointment.{random.choice(PATHS)}".removesuffix(".")
    if said["type"] == "add":
        said["name"] = random.choice([*NAMES, "comment", "cancelationReason", "status"])
    for name in {"insert": ["index"], "move": ["source", "destination"]}.get(said["type"], []):
        said[name] = random.choice((0, 1, -1, 99))
    return [*part_list(said), {"name": "value", **random.choice(VALUES)}]


def _json_operation(random: Random) -> dict[str, Any]:
    operation = {"op": random.choice(("add", "remove", "replace", "move", "copy", "test", "x"))}
    operation["path"] = random.choice([*POINTERS, "/-", "/participant/-", "~2"])
    operation["from"] = random.choice(POINTERS)
    return {**operation, "value": random.choice([*ODD, "neu", "neu"])}


POINTERS = [f"/{one.replace('.', '/').replace('[', '/').replace(']', '')}" for one in PATHS]
SEARCHES: list[tuple[str, list[tuple[str, str]]]] = [
    ("Slot", [("schedule", "Schedule/calendar-weiss"), ("status", "free"), ("start", "ge2026-11-24")]),
    (
        "Slot",
        [("schedule.actor", "Practitioner/weiss"), ("start", "lt2026-12-24T00:00:00Z"), ("_include", "Slot:schedule")],
    ),
    (
        "Appointment",
        [("date", "2026-11-25"), ("actor", "Practitioner/weiss"), ("status:not", "cancelled"), ("_count", "5")],
    ),
    ("Appointment", [("_id", KNOWN), ("slot", "Slot/x"), ("_tag", "external"), ("_include", "Appointment:actor")]),
    ("Schedule", [("active", "true"), ("service-type", "x|y"), ("specialty", "ALLG"), ("actor", "Practitioner/weiss")]),
    ("HealthcareService", [("name:contains", "general"), ("active", "true"), ("_count", "1"), ("_offset", "1")]),
]
TEXTS = [
    "",
    "x",
    "|",
    "a|b|c",
    "ge",
    "ge9999-99",
    "-1",
    "9" * 30,
    "Slot/",
    "\u0000",
    "%",
    ",",
    "\\",
    "$",
    "Patient/p1",
    "0001",
]


def search(random: Random, _now: datetime) -> Sent:
    kind, items = random.choice(SEARCHES)
    made = []
    for name, value in random.choices(items, k=random.randrange(1, 4)):
        modifier = random.choice(("", "", "", ":not", ":contains", ":x", ":Practitioner", ".name"))
        made.append((name + modifier, random.choice([value, value, value, *TEXTS])))
    if random.random() < 0.2:
        return Sent("POST", f"/fhir/{kind}/_search", headers={"content-type": FORM}, body=urlencode(made).encode())
    return Sent("GET", f"/fhir/{kind}?{urlencode(made)}")
