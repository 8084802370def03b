"""The clients of others by name, and what must be true of what each says."""

import asyncio
from collections.abc import Iterator
from typing import Any

from tests.interop.outside.house import run_script
from tests.interop.outside.python_clients import with_fhirclient, with_fhirpy

CLIENTS = ("fhirpy", "fhirclient", "fhir-kit-client", "@medplum/core", "fhirclient (SMART JS)")
_SCRIPTS = {"fhir-kit-client": "fhir_kit_client.mjs", "@medplum/core": "medplum.mjs"}


def run(client: str, given: dict[str, str]) -> dict[str, Any]:
    """What it says that it was answered."""
    match client:
        case "fhirpy":
            return asyncio.run(with_fhirpy(given))
        case "fhirclient":
            return with_fhirclient(given)
        case _:
            said: dict[str, Any] = run_script(_SCRIPTS.get(client, "smart_js.mjs"), given)
            return said


def faults(said: dict[str, Any]) -> list[str]:
    """What is wrong with it."""
    return list(_faults(said))


def _faults(said: dict[str, Any]) -> Iterator[str]:
    booked, conflict = said["booked"], said["conflict"]
    if not said["slots"]:
        yield "no slot"
    if (booked.get("resourceType"), booked.get("status")) != ("Appointment", "booked"):
        yield "not booked"
    issue = (conflict.get("issue") or [{}])[0]
    if (conflict.get("resourceType"), issue.get("severity"), issue.get("code")) != (
        "OperationOutcome",
        "error",
        "conflict",
    ):
        yield "no conflict"
    if not issue.get("expression"):
        yield "a conflict without a place"
    if said["read"] != booked:
        yield "read back it is another one"
    if said["cancelled"].get("status") != "cancelled":
        yield "not cancelled"
    if [(one["id"], one["status"]) for one in said["found"]] != [(booked.get("id"), "cancelled")]:
        yield "not found once it is cancelled"
