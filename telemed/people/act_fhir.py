"""What a program did as a FHIR R4 AuditEvent, by the patterns of IHE Basic Audit Log Patterns (BALP 1.1.x, ITI).

Query for searches, Read, Create, Update and Delete for the rest, each with Patient in front where it was about one
person; the transactions of IHE ITI Scheduling (1.0.1, ITI-115 to 118) say besides which one it was, and ``$hold`` and
``$book`` are of its own profiles then. The search is given as far as it is kept: without words of people. How many were
found has no place in BALP (``entity.detail`` is forbidden there); it is an extension of the whole.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from telemed.people import audit_fhir
from telemed.people.acts import DONE, SEARCHES, Act, Did, outcome_of
from telemed.people.audit_fhir import (
    APPLICATION,
    AUTHOR,
    CUSTODIAN,
    DESTINATION,
    INTERACTION,
    OWN,
    PROFILE,
    RECIPIENT,
    SOURCE,
    TERMS,
    coding,
    machine,
    observer,
)

SCHEDULING = "https://profiles.ihe.net/ITI/Scheduling/StructureDefinition/IHE.Scheduling."
FOUND = "urn:telemed:fhir:found"
_EVENT = "urn:ihe:event-type-code"
_REQUEST = {"system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "code": "XrequestId"}
Code = tuple[str, str, str]


@dataclass(frozen=True)
class _Pattern:
    """*name*: of the profile of BALP; *user*, *client*, *server*: as what the program, its machine and we take part."""

    name: str
    interactions: tuple[str, ...]
    action: str
    user: Code
    client: Code = SOURCE
    server: Code = DESTINATION


_BY_OPERATION = _Pattern("Create", ("create", "operation"), "C", AUTHOR)
_PATTERNS = {
    Did.READ: _Pattern("Read", ("read",), "R", RECIPIENT, DESTINATION, SOURCE),
    Did.SEARCH: _Pattern("Query", ("search-type",), "E", RECIPIENT),
    Did.FIND: _Pattern("Query", ("operation",), "E", RECIPIENT),
    Did.CREATE: _Pattern("Create", ("create",), "C", AUTHOR),
    Did.HOLD: _BY_OPERATION,
    Did.BOOK: _BY_OPERATION,
    Did.UPDATE: _Pattern("Update", ("update",), "U", AUTHOR),
    Did.DELETE: _Pattern("Delete", ("delete",), "D", AUTHOR, APPLICATION, CUSTODIAN),
    Did.OTHER: _Pattern("", ("operation",), "E", AUTHOR),
}
_IHE = {
    Did.FIND: ("FindPotential", "ITI-115", "Find Potential Appointments"),
    Did.HOLD: ("Hold", "ITI-116", "Hold Appointment"),
    Did.BOOK: ("Book", "ITI-117", "Book Appointment"),
    Did.SEARCH: ("FindExisting", "ITI-118", "Find Existing Appointments"),
}
"""The transactions of IHE; a search is one where it was for appointments."""
_CREATING = (Did.HOLD, Did.BOOK)
"""Whose profiles in IHE Scheduling can hold: those of the others want a search to be a creation."""


def act_event(act: Act, *, server: str, url: str) -> dict[str, Any]:
    """*server*: the centre's name, *url*: where its FHIR interface is."""
    pattern, transaction = _PATTERNS[act.did], _transaction(act)
    subtypes = [(INTERACTION, one, one) for one in pattern.interactions]
    if transaction:
        subtypes.append((_EVENT, *transaction[1:]))
    event: dict[str, Any] = {"resourceType": "AuditEvent", "id": act.id}
    profile = _profile(act, pattern, transaction)
    if profile:
        event["meta"] = {"profile": [profile]}
    if act.found is not None:
        event["extension"] = [{"url": FOUND, "valueInteger": act.found}]
    return event | {
        "type": coding((f"{TERMS}audit-event-type", "rest", "Restful Operation")),
        "subtype": [coding(one) for one in subtypes],
        "action": pattern.action,
        "recorded": act.at.isoformat(),
        **_outcome(act.status),
        "agent": [
            machine(pattern.client, _program(act), url),
            machine(pattern.server, {"display": server}, url),
            {"type": {"coding": [coding(pattern.user)]}, "who": _program(act), "requestor": True},
        ],
        "source": observer(server),
        "entity": _entities(act),
    }


def _transaction(act: Act) -> Code | None:
    return _IHE.get(act.did) if act.kind == "Appointment" else None


def _profile(act: Act, pattern: _Pattern, transaction: Code | None) -> str:
    """BALP has profiles for what succeeded only and was about one resource; IHE's are for what was about a patient."""
    if outcome_of(act.status) != DONE or not pattern.name or len(act.ids) > 1:
        return ""
    if transaction and act.did in _CREATING and act.person_id and act.ids:
        return f"{SCHEDULING}{transaction[0]}.Audit.Recipient"
    return f"{PROFILE}{'Patient' if act.person_id else ''}{pattern.name}"


def _outcome(status: int) -> dict[str, str]:
    code = outcome_of(status)
    return {"outcome": code} if code == DONE else {"outcome": code, "outcomeDesc": f"HTTP {status}"}


def _program(act: Act) -> dict[str, Any]:
    return {"identifier": {"system": f"{OWN}{act.role}", "value": act.client}}


def _entities(act: Act) -> list[dict[str, Any]]:
    kind = coding((f"{TERMS}audit-entity-type", "2", "System Object"))
    domain = coding((f"{TERMS}object-role", "4", "Domain Resource"))
    if act.did in SEARCHES:  # a Query has one System Object, which is the search
        name = f"{act.kind}/${act.did.value}" if act.did is Did.FIND else act.kind
        query = b64encode(f"{name}?{act.asked}".encode()).decode()
        found = [{"type": kind, "role": coding((f"{TERMS}object-role", "24", "Query")), "query": query}]
    else:
        named = [{"reference": f"{act.kind}/{one}"} for one in act.ids if act.kind]
        whats = named or [{"display": act.kind or "FHIR"}]
        found = [{"what": what, "type": kind, "role": domain} for what in whats]
    if act.request_id:
        found.append({"what": {"identifier": {"value": act.request_id}}, "type": _REQUEST})
    return [*found, audit_fhir.patient(act.person_id)] if act.person_id else found
