"""An audit line as a FHIR R4 AuditEvent, by the patterns of IHE Basic Audit Log Patterns (BALP 1.1.x, ITI).

One pattern for each deed: PatientCreate, PatientRead, PatientQuery (of a search, once for each person found),
PatientUpdate, PatientDelete. What we do not keep we do not make up: of where somebody asked from, and of the words of
a search, there is nothing here; the pattern's place for it holds the address of the centre, and the search as far as
it concerned this person.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from telemed.identity.model import Role
from telemed.people.model import SEARCH, AuditLine, Deed

PROFILE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
TERMS = "http://terminology.hl7.org/CodeSystem/"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
_TAKES_PART = f"{TERMS}v3-ParticipationType"
OWN = "https://telemed.example/fhir/CodeSystem/"
SOURCE, DESTINATION = (DICOM, "110153", "Source Role ID"), (DICOM, "110152", "Destination Role ID")
APPLICATION = (DICOM, "110150", "Application")
CUSTODIAN = (f"{TERMS}provenance-participant-type", "custodian", "Custodian")
AUTHOR, RECIPIENT = (_TAKES_PART, "AUT", "author (originator)"), (_TAKES_PART, "IRCP", "information recipient")
PRACTITIONERS = (Role.DOCTOR, Role.ASSISTANT)
"""Whose subject is an id of the directory."""


@dataclass(frozen=True)
class _Pattern:
    """What differs between the patterns: name, interaction, action, and as what client, server and user take part."""

    name: str
    interaction: str
    action: str
    client: tuple[str, str, str]
    server: tuple[str, str, str]
    user: tuple[str, str, str]


_READ = _Pattern("PatientRead", "read", "R", DESTINATION, SOURCE, RECIPIENT)
_QUERY = _Pattern("PatientQuery", "search-type", "E", SOURCE, DESTINATION, RECIPIENT)
_PATTERNS = {
    Deed.CREATE: _Pattern("PatientCreate", "create", "C", SOURCE, DESTINATION, AUTHOR),
    Deed.READ: _READ,
    Deed.WRITE: _Pattern("PatientUpdate", "update", "U", SOURCE, DESTINATION, AUTHOR),
    Deed.ERASE: _Pattern("PatientDelete", "delete", "D", APPLICATION, CUSTODIAN, AUTHOR),
}


def audit_event(line: AuditLine, *, server: str, url: str) -> dict[str, Any]:
    """*server*: the centre's name, *url*: its address. A call that was refused has no pattern of BALP: nothing of the
    person was read then, and it is a plain AuditEvent with a serious outcome.
    """
    if line.deed is Deed.REFUSE:
        return _refused(line, server)
    pattern = _QUERY if line.deed is Deed.READ and line.purpose == SEARCH else _PATTERNS[line.deed]
    return {
        "resourceType": "AuditEvent",
        "id": line.id,
        "meta": {"profile": [PROFILE + pattern.name]},
        "type": coding((f"{TERMS}audit-event-type", "rest", "Restful Operation")),
        "subtype": [coding((INTERACTION, pattern.interaction, pattern.interaction))],
        "action": pattern.action,
        "recorded": line.at.isoformat(),
        "outcome": "0",
        "agent": [
            machine(pattern.client, {"display": "the centre's pages and interfaces"}, url),
            machine(pattern.server, {"display": server}, url),
            _user(line, pattern.user),
        ],
        "source": observer(server),
        "entity": [_data(line, pattern), patient(line.person_id)],
    }


def _refused(line: AuditLine, server: str) -> dict[str, Any]:
    return {
        "resourceType": "AuditEvent",
        "id": line.id,
        "type": coding((DICOM, "110113", "Security Alert")),
        "action": "E",
        "recorded": line.at.isoformat(),
        "outcome": "8",
        "outcomeDesc": line.purpose,
        "agent": [_user(line, AUTHOR)],
        "source": observer(server),
        "entity": [patient(line.person_id)],
    }


def machine(kind: tuple[str, str, str], who: dict[str, Any], url: str) -> dict[str, Any]:
    network = {"address": url, "type": "5"}
    return {"type": {"coding": [coding(kind)]}, "who": who, "requestor": False, "network": network}


def _user(line: AuditLine, kind: tuple[str, str, str]) -> dict[str, Any]:
    is_known = line.role in PRACTITIONERS and bool(line.subject)
    named: dict[str, Any] = (
        {"identifier": {"system": f"{OWN}{line.role}", "value": line.subject}} if line.subject else {}
    )
    who = {"reference": f"Practitioner/{line.subject}"} if is_known else named or {"display": line.role}
    role = {"coding": [{"system": f"{OWN}role", "code": line.role}]}
    return {"type": {"coding": [coding(kind)]}, "role": [role], "who": who, "requestor": True}


def observer(server: str) -> dict[str, Any]:
    kind = coding((f"{TERMS}security-source-type", "4", "Application Server"))
    return {"observer": {"display": server}, "type": [kind]}


def _data(line: AuditLine, pattern: _Pattern) -> dict[str, Any]:
    kind = coding((f"{TERMS}audit-entity-type", "2", "System Object"))
    if pattern is _QUERY:
        query = b64encode(f"Appointment?patient=Patient/{line.person_id}".encode()).decode()
        return {"type": kind, "role": coding((f"{TERMS}object-role", "24", "Query")), "query": query}
    what = {"identifier": {"system": f"{OWN}purpose", "value": line.purpose}}
    return {"what": what, "type": kind, "role": coding((f"{TERMS}object-role", "4", "Domain Resource"))}


def patient(person_id: str) -> dict[str, Any]:
    return {
        "what": {"reference": f"Patient/{person_id}"},
        "type": coding((f"{TERMS}audit-entity-type", "1", "Person")),
        "role": coding((f"{TERMS}object-role", "1", "Patient")),
    }


def coding(code: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("system", "code", "display"), code, strict=True))
