"""Clients that other people wrote, unchanged: they sign in, search, book, meet a conflict, read back and cancel."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from telemed.booking import service as booking
from telemed.booking.model import Status
from telemed.people import service as people
from telemed.people.acts import Did
from tests.databases import SqliteFiles, opened
from tests.interop.outside import house as houses
from tests.interop.outside.house import House, run_script
from tests.interop.outside.python_clients import with_fhirclient, with_fhirpy

CLIENTS = ("fhirpy", "fhirclient", "fhir-kit-client", "@medplum/core", "fhirclient (SMART JS)")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("outside")
    with opened(SqliteFiles(folder).fresh_url()) as database, houses.opened(folder, database) as made:
        yield made


def run(client: str, given: dict[str, str]) -> dict[str, Any]:
    match client:
        case "fhirpy":
            return asyncio.run(with_fhirpy(given))
        case "fhirclient":
            return with_fhirclient(given)
        case _:
            scripts = {"fhir-kit-client": "fhir_kit_client.mjs", "@medplum/core": "medplum.mjs"}
            said: dict[str, Any] = run_script(scripts.get(client, "smart_js.mjs"), given)
            return said


@pytest.mark.parametrize("client", CLIENTS)
def test_somebody_else_s_client_books_and_cancels(house: House, client: str) -> None:
    said = run(client, house.given())
    assert said["slots"] >= 1
    appointment = said["booked"]
    assert (appointment["resourceType"], appointment["status"]) == ("Appointment", "booked")
    (first, *_) = said["conflict"]["issue"]
    assert (said["conflict"]["resourceType"], first["severity"], first["code"]) == (
        "OperationOutcome",
        "error",
        "conflict",
    )
    assert first["expression"]
    assert said["read"] == appointment
    assert said["cancelled"]["status"] == "cancelled"
    assert [(one["id"], one["status"]) for one in said["found"]] == [(appointment["id"], "cancelled")]
    with house.centre.db.reading() as tx:
        assert booking.get(tx, appointment["id"]).status is Status.CANCELLED
        acts = people.acts_of(tx, house.signer.client_id, limit=4)
    assert {Did.SEARCH, Did.UPDATE} <= {act.did for act in acts}
