"""A program at the FHIR interface, and what it sends."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from telemed.app import make_app
from telemed.directory.model import slot_id
from telemed.fhir import validate
from telemed.identity import granted
from telemed.identity import service as identity
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor, Role
from telemed.kit.clock import RealClock
from telemed.people.service import Auditor
from telemed.subscribe.courier import Courier
from telemed.web.pages import Pages
from tests.builders import SERVICE, World, moment
from tests.web.apps import make_pages

PATIENT = {
    "resourceType": "Patient",
    "name": [{"family": "Winter", "given": ["Karl"]}],
    "birthDate": "1951",
    "telecom": [{"system": "phone", "value": "030 1234567"}],
}


def app_of(world: World) -> FastAPI:
    """The centre's own app, with all of its routes and what stands around them."""
    centre = world.centre
    centre.live.setdefault(Pages, make_pages())
    centre.live.setdefault(Courier, Courier(world.db, RealClock(), world.secrets, f"{centre.public_url}/fhir"))
    return make_app(centre, runs=False)


def token_of(world: World, name: str = "program", *works_for: str, role: Role = Role.CLIENT, days: int = 30) -> str:
    """A bearer token for a program that works for these doctors from now on."""
    with world.db.transaction() as tx:
        granted.work_for(tx, name, list(works_for))
        return identity.give_bearer(tx, Actor(role, name), now=world.now, days=days)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


class Program:
    """Signed in, working for one doctor or for all."""

    def __init__(self, world: World, name: str = "program", *, works_for: str = EVERYONE) -> None:
        headers = bearer(token_of(world, name, works_for))
        self._http = TestClient(app_of(world), headers=headers, raise_server_exceptions=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        more: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body} if body else {}
        answer: Response = self._http.request(method, path, headers=named, **more)
        return answer

    def book(self, *given: Mapping[str, Any], **headers: str) -> Response:
        return self.send("POST", "/fhir/Appointment/$book", parameters(*given), **headers)

    def patch(self, appointment_id: str, *operations: Mapping[str, Any], **headers: str) -> Response:
        body = parameters(*({"name": "operation", "part": part_list(one)} for one in operations))
        return self.send("PATCH", f"/fhir/Appointment/{appointment_id}", body, **headers)

    def read(self, appointment_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.send("GET", f"/fhir/Appointment/{appointment_id}").json()
        return found


@contextmanager
def auditing(world: World) -> Iterator[None]:
    """What is read leaves its lines."""
    auditor = world.centre.live[Auditor] = Auditor(world.db)
    writing = threading.Thread(target=auditor.batch.run)
    writing.start()
    try:
        yield
    finally:
        auditor.batch.stop()
        writing.join()


def parameters(*given: Mapping[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(given)}


def part_list(operation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of an operation: ``type``, ``path`` and the like as they are typed, the value as it is named."""
    forms = {"type": "valueCode", "path": "valueString", "name": "valueString"}
    numbers = dict.fromkeys(("index", "source", "destination"), "valueInteger")
    return [
        {"name": name, (forms | numbers)[name]: value} if name in forms | numbers else {"name": "value", name: value}
        for name, value in operation.items()
    ]


def appt(world: World, at: str = "10:00", until: str = "10:20", **changes: Any) -> dict[str, Any]:
    """An Appointment to be booked with Dr. Weiß; a change of None takes a member away."""
    start, end = moment(world, at), moment(world, until)
    made = {
        "resourceType": "Appointment",
        "status": "proposed",
        "start": zulu(start),
        "end": zulu(end),
        "slot": [{"reference": f"Slot/{slot_id('calendar-weiss', start, end)}"}],
        "serviceType": [{"text": SERVICE}],
        "participant": [{"actor": {"reference": "Patient/p1", "display": "Karl Winter"}, "status": "accepted"}],
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def zulu(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def resource(fields: Mapping[str, Any], name: str = "appt-resource") -> dict[str, Any]:
    return {"name": name, "resource": dict(fields)}


def patient(**changes: Any) -> dict[str, Any]:
    return {"name": "patient", "resource": {**PATIENT, **changes}}


def refusal_of(answer: Response, severity: str = "error") -> tuple[int, str, str]:
    """Status, IssueType and expression of the first issue."""
    assert validate.validate(answer.content).kind == "OperationOutcome"
    first = answer.json()["issue"][0]
    assert first["severity"] == severity
    assert first["diagnostics"]
    return answer.status_code, first["code"], first.get("expression", [""])[0]
