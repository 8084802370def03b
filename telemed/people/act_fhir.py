"""What a program did as a FHIR R4 AuditEvent, by the patterns of IHE Basic Audit Log Patterns (BALP 1.1.x, ITI).

Query for searches, Read, Create, Update and Delete for the rest; the transactions of IHE ITI Scheduling (1.0.1,
ITI-115 to 118) say besides which one it was, and are of its own profiles where they were about one person. The search
is given as far as it is kept: without words of people.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from telemed.people import audit_fhir
from telemed.people.acts import Act, Did
from telemed.people.audit_fhir import (
    AUTHOR,
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
_EVENT = "urn:ihe:event-type-code"


@dataclass(frozen=True)
class _Pattern:
    """*name*: of the profile of BALP; *role*: as what the program takes part."""

    name: str
    interaction: str
    action: str
    role: tuple[str, str, str]


_QUERY = _Pattern("Query", "search-type", "E", RECIPIENT)
_CREATE = _Pattern("Create", "create", "C", AUTHOR)
_PATTERNS = {
    Did.READ: _Pattern("Read", "read", "R", RECIPIENT),
    Did.SEARCH: _QUERY,
    Did.FIND: _Pattern("Query", "operation", "E", RECIPIENT),
    Did.CREATE: _CREATE,
    Did.HOLD: _Pattern("Create", "operation", "C", AUTHOR),
    Did.BOOK: _Pattern("Create", "operation", "C", AUTHOR),
    Did.UPDATE: _Pattern("Update", "update", "U", AUTHOR),
    Did.DELETE: _Pattern("Delete", "delete", "D", AUTHOR),
    Did.OTHER: _Pattern("", "operation", "E", AUTHOR),
}
_IHE = {
    Did.FIND: ("FindPotential", "ITI-115", "Find Potential Appointments"),
    Did.HOLD: ("Hold", "ITI-116", "Hold Appointment"),
    Did.BOOK: ("Book", "ITI-117", "Book Appointment"),
    Did.SEARCH: ("FindExisting", "ITI-118", "Find Existing Appointments"),
}
"""The transactions of IHE; a search is one where it was for appointments."""
_FAILED, _DENIED, _BROKEN = "4", "8", "12"


def act_event(act: Act, *, server: str, url: str) -> dict[str, Any]:
    """*server*: the centre's name, *url*: where its FHIR interface is."""
    pattern, transaction = _PATTERNS[act.did], _transaction(act)
    subtypes = [(INTERACTION, pattern.interaction, pattern.interaction)]
    if transaction:
        subtypes.append((_EVENT, *transaction[1:]))
    is_read = act.did is Did.READ
    client, here = (DESTINATION, SOURCE) if is_read else (SOURCE, DESTINATION)
    event: dict[str, Any] = {"resourceType": "AuditEvent", "id": act.id}
    profile = _profile(act, pattern, transaction)
    if profile:
        event["meta"] = {"profile": [profile]}
    return event | {
        "type": coding((f"{TERMS}audit-event-type", "rest", "Restful Operation")),
        "subtype": [coding(one) for one in subtypes],
        "action": pattern.action,
        "recorded": act.at.isoformat(),
        **_outcome(act.status),
        "agent": [
            machine(client, _program(act), url),
            machine(here, {"display": server}, url),
            {"type": {"coding": [coding(pattern.role)]}, "who": _program(act), "requestor": True},
        ],
        "source": observer(server),
        "entity": list(_entities(act, pattern)),
    }


def _transaction(act: Act) -> tuple[str, str, str] | None:
    return _IHE.get(act.did) if act.kind == "Appointment" else None


def _profile(act: Act, pattern: _Pattern, transaction: tuple[str, str, str] | None) -> str:
    """BALP has profiles for what succeeded only, and IHE Scheduling for what was about a patient."""
    if _outcome(act.status)["outcome"] != "0":
        return ""
    if transaction and act.person_id and act.ids:
        return f"{SCHEDULING}{transaction[0]}.Audit.Recipient"
    return f"{PROFILE}{pattern.name}" if pattern.name else ""


def _outcome(status: int) -> dict[str, str]:
    if status < 400:
        return {"outcome": "0"}
    code = _BROKEN if status >= 500 else _DENIED if status in (401, 403) else _FAILED
    return {"outcome": code, "outcomeDesc": f"HTTP {status}"}


def _program(act: Act) -> dict[str, Any]:
    return {"identifier": {"system": f"{OWN}client", "value": act.client}}


def _entities(act: Act, pattern: _Pattern) -> list[dict[str, Any]]:
    kind = coding((f"{TERMS}audit-entity-type", "2", "System Object"))
    domain = coding((f"{TERMS}object-role", "4", "Domain Resource"))
    found: list[dict[str, Any]] = []
    if pattern.name == "Query":
        name = f"{act.kind}/${act.did.value}" if act.did is Did.FIND else act.kind
        query = b64encode(f"{name}?{act.asked}".encode()).decode()
        found.append({"type": kind, "role": coding((f"{TERMS}object-role", "24", "Query")), "query": query})
    whats = [{"reference": f"{act.kind}/{one}"} for one in act.ids if act.kind]
    found += [{"what": what, "type": kind, "role": domain} for what in whats]
    if not found:
        found.append({"what": {"display": act.kind or "FHIR"}, "type": kind, "role": domain})
    if act.found is not None:
        found[0]["detail"] = [{"type": "found", "valueString": str(act.found)}]
    return [*found, audit_fhir.patient(act.person_id)] if act.person_id else found
