"""Everything that our server emits, and what two judges of other people say of it."""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from telemed.identity.model import Role
from telemed.interop import served
from telemed.people.act_fhir import act_event
from telemed.people.acts import Act, Did
from telemed.people.audit_fhir import audit_event
from telemed.people.model import AuditLine, Deed
from tests.interop.outside.house import NODE, TIMEOUT_S, House
from tests.interop.outside.python_clients import PATIENT, cancel, wish

ORACLE = Path(__file__).with_name("oracle.mjs")
Resource = dict[str, Any]


@dataclass(frozen=True)
class Emitted:
    """*name*: by what it was asked for; *xml*: the same again in XML."""

    name: str
    resource: Resource
    xml: str = ""


@dataclass(frozen=True)
class Own:
    """An error that is the judge's, not ours."""

    oracle: str
    text: str
    why: str

    def is_this(self, fault: dict[str, str]) -> bool:
        return fault["oracle"] == self.oracle and re.fullmatch(self.text, fault["text"]) is not None


OWN: tuple[Own, ...] = ()
"""Errors of the judges themselves, each with its reason."""


class Walk:
    """A program that asks for everything there is. *each*: how many of a type are read one by one."""

    def __init__(self, house: House, *, each: int) -> None:
        self._house = house
        self._each = each
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": house.assertion(),
        }
        self.token: str = httpx.post(house.signer.audience, data=form).json()["access_token"]
        self._http = httpx.Client(headers={"authorization": f"Bearer {self.token}"}, timeout=TIMEOUT_S)

    def emitted(self) -> Iterator[Emitted]:
        yield self._asked("GET", "metadata")
        yield from self._bookings()
        for kind in served.LINES:
            yield from self._kind(kind)
        yield from self._refusals()
        yield from events()

    def _kind(self, kind: str) -> Iterator[Emitted]:
        given = self._house.given()
        more = f"schedule={given['schedule']}&start=ge{given['from']}&_include=Slot:schedule&" if kind == "Slot" else ""
        found = self._asked("GET", f"{kind}?{more}_count={max(self._each, 3)}")
        yield found
        for entry in found.resource.get("entry", [])[: self._each]:
            one = entry["resource"]
            yield self._asked("GET", f"{one['resourceType']}/{one['id']}")

    def _bookings(self) -> Iterator[Emitted]:
        given = self._house.given()
        slots = self._asked("GET", f"Slot?schedule={given['schedule']}&status=free&start=ge{given['from']}&_count=3")
        first, second = (entry["resource"] for entry in slots.resource["entry"][:2])
        made = self._asked("POST", "Appointment/$book", wish(given, first))
        yield made
        yield self._asked("POST", "Appointment/$book", wish(given, first))  # is taken
        booked = made.resource["id"]
        moved = wish(given, second)
        moved["parameter"].append({"name": "cancelled-appt-id", "valueUri": f"Appointment/{booked}"})
        again = self._asked("POST", "Appointment/$book", moved)
        yield again
        yield self._asked("GET", "Appointment?_include=Appointment:slot&_include=Appointment:actor")
        yield self._asked("PATCH", f"Appointment/{again.resource['id']}", cancel())
        yield from self._ihe(given)

    def _ihe(self, given: dict[str, str]) -> Iterator[Emitted]:
        if not any(one.name == "find" for one in served.LINES["Appointment"].operations):
            return
        window = [
            {"name": name, "valueDateTime": moment} for name, moment in (("start", given["from"]), ("end", given["to"]))
        ]
        found = self._asked("POST", "Appointment/$find", {"resourceType": "Parameters", "parameter": window})
        yield found
        named = {"name": "appointment-reference", "valueReference": {"reference": _reference(found.resource)}}
        held = self._asked("POST", "Appointment/$hold", {"resourceType": "Parameters", "parameter": [named]})
        yield held
        pending = {"reference": f"Appointment/{held.resource['id']}"}
        known = {"name": "patient-resource", "resource": PATIENT}
        book = {"resourceType": "Parameters", "parameter": [{**named, "valueReference": pending}, known]}
        yield self._asked("POST", "Appointment/$book", book)

    def _refusals(self) -> Iterator[Emitted]:
        for method, path in (
            ("GET", "Nothing"),
            ("GET", "Appointment/unheard-of"),
            ("GET", "Slot?status=free"),
            ("GET", "Appointment?date=never"),
            ("DELETE", "Appointment/x"),
            ("POST", "Appointment/$book"),
            ("GET", "$nothing"),
        ):
            yield self._asked(method, path)

    def _asked(self, method: str, path: str, body: Resource | None = None) -> Emitted:
        address = f"{self._house.base}/{path}"
        answer = self._http.request(method, address, json=body)
        xml = self._http.get(address, headers={"accept": "application/fhir+xml"}).text if method == "GET" else ""
        return Emitted(f"{method} {path}: {answer.status_code}", answer.json(), xml)


def _reference(bundle: Resource) -> str:
    return f"Appointment/{bundle['entry'][0]['resource']['id']}"


def events() -> Iterator[Emitted]:
    """AuditEvents of every pattern."""
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)
    for deed in Deed:
        line = AuditLine("line-1", at, "person-1", Role.CLIENT.value, "program", deed, "search")
        yield Emitted(f"audit {deed}", audit_event(line, server="centre.test", url="https://centre.test"))
    for did in Did:
        for person_id, status in (("", 200), ("person-1", 200), ("", 403)):
            act = Act("program", did, "Appointment", at, "status=booked", 2, ("a-1",), person_id, status, "line-1")
            yield Emitted(f"act {did} {status}", act_event(act, server="centre.test", url="https://centre.test/fhir"))


def inside(one: Emitted) -> Iterator[Emitted]:
    """The resources of a Bundle, which a judge of the Bundle does not look into."""
    for place, entry in enumerate(one.resource.get("entry", [])):
        yield Emitted(f"{one.name} entry[{place}]", entry["resource"])


def judged(emitted: Iterable[Emitted]) -> list[dict[str, str]]:
    """What is wrong, by either judge, but for what is the judge's own fault."""
    every = [part for one in emitted for part in (one, *inside(one))]
    lines = (json.dumps({"name": one.name, "resource": one.resource, "xml": one.xml}) for one in every)
    command = [str(NODE), "--max-old-space-size=2048", str(ORACLE)]
    done = subprocess.run(
        command, input="\n".join(lines), capture_output=True, text=True, timeout=2 * TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)
    return [fault for fault in found if not any(own.is_this(fault) for own in OWN)]
