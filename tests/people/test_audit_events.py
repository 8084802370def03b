"""An audit line as an AuditEvent: valid FHIR R4, and what the patterns of BALP ask of it, slice by slice."""

from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from telemed.identity.model import Role
from telemed.people.audit_fhir import audit_event
from telemed.people.model import AuditLine, Deed
from tests.people import balp

AT = datetime(2026, 11, 24, 8, 0, 0, 5000, tzinfo=UTC)
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
CUSTODIAN = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
PATTERNS = {
    (Deed.CREATE, "booking"): ("PatientCreate", "create", "C", (DICOM, "110153"), (DICOM, "110152"), "AUT"),
    (Deed.READ, "day list"): ("PatientRead", "read", "R", (DICOM, "110152"), (DICOM, "110153"), "IRCP"),
    (Deed.READ, "search"): ("PatientQuery", "search-type", "E", (DICOM, "110153"), (DICOM, "110152"), "IRCP"),
    (Deed.WRITE, "booking"): ("PatientUpdate", "update", "U", (DICOM, "110153"), (DICOM, "110152"), "AUT"),
    (Deed.ERASE, "erasure"): ("PatientDelete", "delete", "D", (DICOM, "110150"), (CUSTODIAN, "custodian"), "AUT"),
}
"""As the profiles of BALP 1.1.x say: name, subtype, action, the types of client and server, the user's type."""


def made(deed: Deed, purpose: str, role: Role = Role.DOCTOR, subject: str = "weiss") -> dict[str, Any]:
    line = AuditLine("line-1", AT, "person-1", role.value, subject, deed, purpose)
    return audit_event(line, server="centre.test", url="https://centre.test")


def kind_of(agent: dict[str, Any]) -> tuple[str, str]:
    coding = agent["type"]["coding"][0]
    return coding["system"], coding["code"]


@pytest.mark.parametrize(("deed", "purpose"), PATTERNS)
def test_each_deed_follows_its_pattern(deed: Deed, purpose: str) -> None:
    name, subtype, action, client, server, user = PATTERNS[deed, purpose]
    event = made(deed, purpose)
    AuditEvent.model_validate(event)
    assert event["meta"]["profile"] == [f"https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.{name}"]
    assert event["type"]["code"] == "rest"
    assert [one["code"] for one in event["subtype"]] == [subtype]
    assert (event["action"], event["outcome"]) == (action, "0")
    assert datetime.fromisoformat(event["recorded"]) == AT
    agents = {kind_of(one): one for one in event["agent"]}
    assert set(agents) == {client, server, ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", user)}
    for one in (agents[client], agents[server]):
        assert one["who"]
        assert one["network"]["type"] == "5"
        assert one["requestor"] is False
    human = event["agent"][2]
    assert human["requestor"] is True
    assert human["who"] == {"reference": "Practitioner/weiss"}
    assert "network" not in human
    assert event["source"]["observer"]
    assert balp.faults(event) == []


@pytest.mark.parametrize(("deed", "purpose"), PATTERNS)
def test_each_names_the_person_and_what_it_was_about(deed: Deed, purpose: str) -> None:
    data, patient = made(deed, purpose)["entity"]
    assert (patient["type"]["code"], patient["role"]["code"]) == ("1", "1")
    assert patient["what"] == {"reference": "Patient/person-1"}
    assert data["type"]["code"] == "2"
    if purpose == "search":
        assert data["role"]["code"] == "24"
        assert "what" not in data
        assert b64decode(data["query"]) == b"Appointment?patient=Patient/person-1"
    else:
        assert data["role"]["code"] == "4"
        assert data["what"]["identifier"]["value"] == purpose


@pytest.mark.parametrize(
    ("role", "subject", "who"),
    [
        (Role.ASSISTANT, "lindner", "Practitioner/lindner"),
        (Role.RESIDENT, "booking-1", "booking-1"),
        (Role.RELATIVE, "mandate-1", "mandate-1"),
        (Role.MACHINE, "notices", "notices"),
        (Role.ANYONE, "", "anyone"),
    ],
)
def test_whoever_it_was_is_named_as_the_line_names_them(role: Role, subject: str, who: str) -> None:
    event = made(Deed.READ, "day list", role, subject)
    AuditEvent.model_validate(event)
    human = event["agent"][2]
    named = human["who"]
    assert (named.get("reference") or named.get("identifier", {}).get("value") or named["display"]) == who
    assert human["role"][0]["coding"][0]["code"] == role.value


def test_an_end_that_was_kept_out_is_an_alert_and_no_read() -> None:
    event = made(Deed.REFUSE, "call signature")
    AuditEvent.model_validate(event)
    assert "meta" not in event
    assert (event["action"], event["outcome"], event["outcomeDesc"]) == ("E", "8", "call signature")
