"""What the profiles of IHE BALP 1.1.x and of IHE ITI Scheduling ask of an AuditEvent, rule by rule.

Read off their sources (github.com/IHE/ITI.BasicAudit and ITI.Scheduling, input/fsh): slices are told apart by the type
of the agent or entity, and there is exactly one of each that is named here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BASIC = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
SCHEDULING = "https://profiles.ihe.net/ITI/Scheduling/StructureDefinition/IHE.Scheduling."
REST = "http://hl7.org/fhir/restful-interaction"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
TRANSACTION = ("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId")
SOURCE, DESTINATION, APPLICATION = (DCM, "110153"), (DCM, "110152"), (DCM, "110150")
CUSTODIAN = ("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian")
RECIPIENT = frozenset({(PARTICIPATION, "IRCP")})
AUTHORS = frozenset((PARTICIPATION, one) for one in ("AUT", "INF", "CST"))
Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Profile:
    """*subtypes*: of which it has one; *client*, *server*: the types of these agents; *user*: those of the third."""

    subtypes: frozenset[str]
    action: str
    client: tuple[str, str]
    server: tuple[str, str]
    user: frozenset[tuple[str, str]]


PROFILES = {
    "Query": Profile(
        frozenset({"search", "search-type", "search-system", "operation"}), "E", SOURCE, DESTINATION, RECIPIENT
    ),
    "Read": Profile(frozenset({"read", "vread"}), "R", DESTINATION, SOURCE, RECIPIENT),
    "Create": Profile(frozenset({"create"}), "C", SOURCE, DESTINATION, AUTHORS),
    "Update": Profile(frozenset({"update", "patch"}), "U", SOURCE, DESTINATION, AUTHORS),
    "Delete": Profile(frozenset({"delete"}), "D", APPLICATION, CUSTODIAN, AUTHORS),
}


def faults(event: Fields) -> list[str]:
    """What an event breaks of the one profile that it says it follows."""
    (named,) = event["meta"]["profile"]
    if named.startswith(SCHEDULING):
        return list(_scheduled(event, named.removeprefix(SCHEDULING)))
    name = named.removeprefix(BASIC)
    basic = name.removeprefix("Patient")
    return [*_basic(event, PROFILES[basic], basic), *_about(event, is_patients=name != basic)]


def _scheduled(event: Fields, name: str) -> Iterator[str]:
    """Hold and Book at the recipient: a PatientCreate with the transaction beside it; the source is the server."""
    transaction = {"Hold.Audit.Recipient": "ITI-116", "Book.Audit.Recipient": "ITI-117"}[name]
    yield from _basic(event, PROFILES["Create"], "Create")
    yield from _about(event, is_patients=True)
    if ("urn:ihe:event-type-code", transaction) not in _codes(event["subtype"]):
        yield f"subtype: no {transaction}"
    servers = [one for one in event["agent"] if _kind(one) == DESTINATION]
    if any(one["who"] != event["source"]["observer"] for one in servers):
        yield "val-audit-source: the server is not the source"
    for data in _entities(event, (ENTITY, "2")):
        if not data["what"].get("reference", "").startswith("Appointment/"):
            yield "entity: not an Appointment"


def _basic(event: Fields, profile: Profile, name: str) -> Iterator[str]:
    if (event["type"]["system"], event["type"]["code"]) != (
        "http://terminology.hl7.org/CodeSystem/audit-event-type",
        "rest",
    ):
        yield "type: not rest"
    if not {(REST, one) for one in profile.subtypes} & _codes(event["subtype"]):
        yield f"subtype: none of {sorted(profile.subtypes)}"
    if name == "Delete" and len(event["subtype"]) != 1:
        yield "subtype: more than one"
    if (event["action"], event["outcome"]) != (profile.action, "0"):
        yield "action or outcome"
    yield from _agents(event, profile)
    yield from _data(event, name)
    for one in _entities(event, TRANSACTION):
        if not one["what"]["identifier"]["value"]:
            yield "entity: an X-Request-Id without a value"


def _agents(event: Fields, profile: Profile) -> Iterator[str]:
    for kind in (profile.client, profile.server):
        found = [one for one in event["agent"] if _kind(one) == kind]
        if len(found) != 1:
            yield f"agent {kind[1]}: {len(found)}"
        for one in found:
            if not (one.get("who") and one.get("network")) or "media" in one or "requestor" not in one:
                yield f"agent {kind[1]}: who, network, no media"
    users = [one for one in event["agent"] if _kind(one) in profile.user]
    if len(users) != 1:
        yield f"agent user: {len(users)}"
    for one in users:
        if not one.get("who") or one["requestor"] is not True or "network" in one or "media" in one:
            yield "agent user: who, requestor, no network"


def _data(event: Fields, name: str) -> Iterator[str]:
    found = _entities(event, (ENTITY, "2"))
    if len(found) != 1:
        yield f"entity: {len(found)} System Objects"
    for one in found:
        role = (one["role"]["system"], one["role"]["code"])
        if name == "Query":
            if role != (ROLE, "24") or not one.get("query") or {"what", "lifecycle", "detail"} & set(one):
                yield "entity: not a query and nothing else"
        elif role not in {(ROLE, code) for code in ("3", "4", "20")} or not one.get("what") or "query" in one:
            yield "entity: no data"
        elif name == "Delete" and {"lifecycle", "name", "detail"} & set(one):
            yield "entity: more than the data"


def _about(event: Fields, *, is_patients: bool) -> Iterator[str]:
    found = _entities(event, (ENTITY, "1"))
    if len(found) != is_patients:
        yield f"entity: {len(found)} patients"
    for one in found:
        if (one["role"]["system"], one["role"]["code"]) != (ROLE, "1"):
            yield "entity: not a patient's role"
        if not one["what"]["reference"].startswith("Patient/"):
            yield "entity: not a reference to a patient"


def _entities(event: Fields, kind: tuple[str, str]) -> list[Fields]:
    return [one for one in event["entity"] if (one["type"]["system"], one["type"]["code"]) == kind]


def _kind(agent: Fields) -> tuple[str, str]:
    (coding,) = agent["type"]["coding"]
    return coding["system"], coding["code"]


def _codes(codings: Any) -> set[tuple[str, str]]:
    return {(one["system"], one["code"]) for one in codings}
