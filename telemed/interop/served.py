"""What is served of each type: the table that the CapabilityStatement is made of, and that the routes go by.

Whoever serves more adds it to the line of the type here, and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from telemed.fhir.search import Parameter
from telemed.identity.scopes import Act
from telemed.interop.topics import LISTED, TOPICS

ISIK = "https://gematik.de/fhir/isik/StructureDefinition/"
IHE = "https://profiles.ihe.net/ITI/Scheduling/OperationDefinition/"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/"
HL7 = "http://hl7.org/fhir/SearchParameter/"

INSTANTIATES = (
    "https://gematik.de/fhir/isik/CapabilityStatement/ISiKCapabilityStatementTerminRepositoryAkteur",
    "https://gematik.de/fhir/isik/CapabilityStatement/ISiKCapabilityStatementTerminplanungServer",
)
"""Stufe 6 (and 5), and Stufe 4."""


@dataclass(frozen=True)
class Operation:
    """*definition*: the canonical address of its OperationDefinition."""

    name: str
    definition: str


@dataclass(frozen=True)
class Line:
    """What is served of one type.

    *interactions*: codes of TypeRestfulInteraction. *includes*: what ``_include`` takes, *included_by*: what
    ``_revinclude`` takes, as ``Type:parameter``. *more*: further members of ``rest.resource`` as FHIR writes them:
    ``versioning``, ``conditionalCreate``, ``extension``.
    """

    profiles: tuple[str, ...] = ()
    interactions: tuple[str, ...] = ("read", "search-type")
    operations: tuple[Operation, ...] = ()
    includes: tuple[str, ...] = ()
    included_by: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


_WRITTEN = ("create", "read", "update", "patch", "vread", "history-instance", "history-type", "search-type")
_VERSIONED = {
    **{"versioning": "versioned", "readHistory": True, "updateCreate": True},
    **{"conditionalCreate": True, "conditionalRead": "full-support", "conditionalUpdate": True},
}
"""Of the types of the directory that programs write."""

LINES: dict[str, Line] = {
    "Appointment": Line(
        profiles=(f"{ISIK}ISiKTermin",),
        interactions=("read", "search-type", "patch"),
        operations=(
            Operation("book", "https://gematik.de/fhir/isik/OperationDefinition/AppointmentBook"),
            *(Operation(one, f"{IHE}appointment-{one}") for one in ("find", "hold", "book")),
        ),
        includes=tuple(f"Appointment:{one}" for one in ("slot", "actor", "practitioner", "location")),
    ),
    "Slot": Line(profiles=(f"{ISIK}ISiKTerminblock",), includes=("Slot:schedule",)),
    "Schedule": Line(
        interactions=_WRITTEN,
        more=_VERSIONED,
        profiles=(f"{ISIK}ISiKKalender",),
        includes=("Schedule:actor",),
        included_by=("Slot:schedule",),
    ),
    "HealthcareService": Line(
        interactions=_WRITTEN,
        more=_VERSIONED,
        profiles=(f"{ISIK}ISiKMedizinischeBehandlungseinheit",),
        includes=("HealthcareService:location", "HealthcareService:organization"),
        included_by=("Schedule:actor", "PractitionerRole:service"),
    ),
    "Practitioner": Line(
        interactions=_WRITTEN, more=_VERSIONED, included_by=("PractitionerRole:practitioner", "Schedule:actor")
    ),
    "PractitionerRole": Line(
        interactions=_WRITTEN,
        more=_VERSIONED,
        includes=tuple(f"PractitionerRole:{one}" for one in ("practitioner", "organization", "location", "service")),
    ),
    "Organization": Line(),
    "Location": Line(
        interactions=_WRITTEN,
        more=_VERSIONED,
        includes=("Location:partof", "Location:organization"),
        included_by=("Device:location", "Schedule:actor"),
    ),
    "Device": Line(
        interactions=_WRITTEN, more=_VERSIONED, includes=("Device:location",), included_by=("Schedule:actor",)
    ),
    "CodeSystem": Line(profiles=(f"{ISIK}ISiKCodeSystem",)),
    "ValueSet": Line(
        profiles=(f"{ISIK}ISiKValueSet",),
        operations=(Operation("expand", "http://hl7.org/fhir/OperationDefinition/ValueSet-expand"),),
    ),
    "Subscription": Line(
        profiles=("https://gematik.de/fhir/isik/StructureDefinition/ISiKSubscription",),
        interactions=("create", "read", "update", "delete", "search-type"),
        operations=tuple(Operation(one, f"{BACKPORT}backport-subscription-{one}") for one in ("status", "events")),
        more={"extension": [{"url": LISTED, "valueCanonical": one} for one in TOPICS]},
    ),
    "AuditEvent": Line(
        profiles=tuple(
            f"https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.{patient}{one}"
            for one in ("Create", "Read", "Update", "Delete", "Query")
            for patient in ("", "Patient")
        ),
    ),
}
"""By type. A search parameter stands in `OWN`, or with what the directory is found by."""

INCLUDES = frozenset(one for line in LINES.values() for one in line.includes)
REFERRING = frozenset(one for line in LINES.values() for one in line.included_by)
"""What goes on from what is included (``:iterate``) may begin at any type."""

SYSTEM_OPERATIONS: tuple[Operation, ...] = (
    Operation("bulk-publish", "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/bulk-publish"),
)
"""Of the whole server: ``rest.operation``."""

SYSTEM_INTERACTIONS: tuple[str, ...] = ("transaction", "batch")
"""Codes of SystemRestfulInteraction, such as ``transaction``."""

_TIMED = ("Practitioner", "Location", "Device")
OWN: dict[str, tuple[Parameter, ...]] = {
    "Slot": (
        Parameter("schedule", "reference", ("Schedule",)),
        Parameter("status", "token"),
        Parameter("start", "date"),
    ),
    "Appointment": (
        Parameter("_tag", "token"),
        Parameter("status", "token"),
        Parameter("date", "date"),
        Parameter("service-type", "token"),
        Parameter("specialty", "token"),
        Parameter("slot", "reference", ("Slot",)),
        Parameter("actor", "reference", ("Patient", *_TIMED)),
        Parameter("patient", "reference", ("Patient",)),
        Parameter("practitioner", "reference", ("Practitioner",)),
        Parameter("location", "reference", ("Location",)),
    ),
    "AuditEvent": (
        Parameter("date", "date"),
        *(Parameter(name, "token") for name in ("action", "outcome", "type", "subtype")),
        Parameter("agent", "reference", ("Practitioner",), by_identifier=True),
        Parameter("entity", "reference", ("Appointment", "Slot", "Schedule", *_TIMED, "Subscription", "Patient")),
        Parameter("patient", "reference", ("Patient",)),
    ),
    "Subscription": (Parameter("criteria", "string"), Parameter("status", "token"), Parameter("url", "uri")),
}
"""What the types are searched by that are not the directory's."""

DEFINITIONS = {
    "_id": f"{HL7}Resource-id",
    "_lastUpdated": f"{HL7}Resource-lastUpdated",
    "_tag": f"{HL7}Resource-tag",
    "Practitioner-family": f"{HL7}individual-family",
    "Practitioner-given": f"{HL7}individual-given",
    **{
        f"{kind}-{name}": f"{HL7}conformance-{name}"
        for kind in ("CodeSystem", "ValueSet")
        for name in ("url", "version", "name", "title", "status", "context-type-value")
    },
}
"""Search parameters whose definition is not called ``Type-name``."""

_ACTS = {
    "create": Act.CREATE,
    "read": Act.READ,
    "vread": Act.READ,
    "history-instance": Act.READ,
    "history-type": Act.READ,
    "update": Act.UPDATE,
    "patch": Act.UPDATE,
    "delete": Act.DELETE,
    "search-type": Act.SEARCH,
}
_OPERATIONS = {"book": Act.CREATE, "hold": Act.CREATE, "find": Act.SEARCH}


def acts_by_kind() -> dict[str, tuple[Act, ...]]:
    """What a program may be allowed with each type: what its interactions and operations amount to."""
    found: dict[str, tuple[Act, ...]] = {}
    for kind, line in sorted(LINES.items()):
        said = {_ACTS.get(one) for one in line.interactions} | {_OPERATIONS.get(one.name) for one in line.operations}
        found[kind] = tuple(act for act in Act if act in said)
    return found
