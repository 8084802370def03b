"""A program of another system that speaks IHE Scheduling, for tests."""

from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from telemed.fhir.validate import validate
from telemed.identity.allowed import EVERYONE
from tests.builders import World
from tests.interop.program import app_of, bearer, token_of

PATIENT = {
    "resourceType": "Patient",
    "name": [{"use": "official", "family": "Öztürk", "given": ["Ayşe"]}],
    "birthDate": "1951-03-02",
    "telecom": [{"system": "phone", "value": "030 23125 112"}],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "tr"}]}, "preferred": True}],
}


class Client:
    def __init__(self, world: World) -> None:
        self.http, self.world = TestClient(app_of(world)), world
        self.works_for(EVERYONE)

    def works_for(self, *doctors: str, name: str = "program") -> None:
        self.http.headers.update(bearer(token_of(self.world, name, *doctors)))

    def find(self, **more: Any) -> dict[str, Any]:
        day = self.world.now.date()
        params = {"start": f"{day}", "end": f"{day}", **more}
        answer = self.http.get("/fhir/Appointment/$find", params=params)
        assert answer.status_code == 200, answer.text
        assert validate(answer.content).kind == "Bundle"
        found: dict[str, Any] = answer.json()
        return found

    def offered(self, **more: Any) -> list[dict[str, Any]]:
        return [entry["resource"] for entry in self.find(**more).get("entry", [])]

    def slots(self, status: str) -> list[tuple[str, str]]:
        """From when to when, of the doctor whose day is looked at."""
        day = self.world.now.date()
        query = {"schedule": "Schedule/calendar-weiss", "status": status, "start": f"{day}", "_count": "500"}
        found = self.http.get("/fhir/Slot", params=query).json().get("entry", [])
        return [(one["resource"]["start"], one["resource"]["end"]) for one in found]

    def hold(self, appointment_id: str) -> Response:
        return self.post("$hold", ("appointment-reference", "valueReference", reference_to(appointment_id)))

    def book(self, appointment_id: str, *more: tuple[str, str, Any]) -> Response:
        return self.post("$book", ("appointment-reference", "valueReference", reference_to(appointment_id)), *more)

    def post(self, operation: str, *given: tuple[str, str, Any]) -> Response:
        parameter = [{"name": name, form: value} for name, form, value in given]
        answer = self.http.post(
            f"/fhir/Appointment/{operation}", json={"resourceType": "Parameters", "parameter": parameter}
        )
        assert validate(answer.content).kind in ("Bundle", "Appointment", "OperationOutcome")
        return answer


FOR_HER = ("patient-resource", "resource", PATIENT)


def reference_to(appointment_id: str) -> dict[str, str]:
    return {"reference": f"Appointment/{appointment_id}"}


def alone(answer: Response, status: int = 200) -> dict[str, Any]:
    """The one resource of a Bundle."""
    assert answer.status_code == status, answer.text
    (entry,) = answer.json()["entry"]
    found: dict[str, Any] = entry["resource"]
    return found
