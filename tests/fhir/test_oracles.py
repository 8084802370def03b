"""What our server emits holds before two judges of FHIR that other people wrote."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from telemed.interop import served
from tests.counts import Counted
from tests.databases import SqliteFiles, opened
from tests.fhir.emitted import Walk, inside, judged
from tests.fhir.emitted_more import Emitted
from tests.interop.outside import house as houses
from tests.interop.outside.house import House

BESIDE = (
    *("CapabilityStatement", "OperationOutcome", "Parameters", "Bundle"),
    *("Consent", "RelatedPerson", "Patient", "Observation"),
)
"""What is emitted beside what is served."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("emitted")
    with opened(SqliteFiles(folder).fresh_url()) as database, houses.opened(folder, database) as made:
        yield made


def test_nothing_that_we_emit_is_wrong_and_what_is_wrong_would_be_found(house: House, counted: Counted) -> None:
    emitted = list(Walk(house, each=1).emitted())
    kinds = {part.resource["resourceType"] for one in emitted for part in (one, *inside(one))}
    assert {*served.LINES, *BESIDE} <= kinds
    bundles = {one.resource["type"] for one in emitted if one.resource["resourceType"] == "Bundle"}
    assert {"searchset", "history", "collection", "transaction-response", "batch-response"} <= bundles
    broken = _broken(next(one for one in emitted if one.resource["resourceType"] == "Appointment"))
    found = judged([*emitted, *broken])
    counted(f"{len(emitted)} resources judged by two oracles")
    assert [fault for fault in found if not fault["name"].startswith("broken")] == []
    named = {(fault["name"], fault["oracle"]) for fault in found}
    assert {("broken status", "fhir"), ("broken start", "medplum"), ("broken xml", "fhir")} <= named


def _broken(appointment: Emitted) -> list[Emitted]:
    """For each judge something that is wrong in its eyes."""
    resource = appointment.resource
    xml = '<Appointment xmlns="http://hl7.org/fhir"><status value="booked"/></Appointment>'
    return [
        replace(appointment, name="broken status", resource={**resource, "status": "bogus"}),
        replace(appointment, name="broken start", resource={**resource, "start": "sometime"}),
        replace(appointment, name="broken xml", xml=xml),
    ]
