"""Of what was found, the elements that were asked for. Pure."""

from collections.abc import Collection

import orjson

from telemed.fhir import raw
from telemed.fhir.bundle import Entry
from telemed.fhir.search import Query

_SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
_MANDATORY = {
    "Appointment": ("status", "participant", "start", "end"),
    "Slot": ("schedule", "status", "start", "end"),
    "Schedule": ("actor",),
    "CodeSystem": ("status", "content"),
    "ValueSet": ("status",),
    "AuditEvent": ("type", "recorded", "agent", "source"),
}


_SUMMARY = {
    kind: tuple(elements.split())
    for kind, elements in {
        "Appointment": "identifier cancelationReason serviceCategory serviceType specialty appointmentType reasonCode",
        "Slot": "identifier serviceCategory serviceType specialty appointmentType",
        "Schedule": "identifier active serviceCategory serviceType specialty planningHorizon",
        "HealthcareService": "identifier active providedBy category type specialty location name comment photo",
        "Practitioner": "identifier active name telecom address gender birthDate",
        "PractitionerRole": "identifier active period practitioner organization code specialty location telecom",
        "Organization": "identifier active type name partOf",
        "Location": "identifier status operationalStatus name description mode type physicalType managingOrganization",
        "Device": "udiCarrier status safety",
        "CodeSystem": "url version name title useContext caseSensitive valueSet",
        "ValueSet": "url version name title useContext immutable",
        "AuditEvent": "subtype action outcome outcomeDesc purposeOfEvent",
    }.items()
}
"""What belongs to a summary beside what a resource cannot do without (R4, ``isSummary`` of its elements)."""
_ALWAYS = ("resourceType", "id", "meta", "implicitRules", "modifierExtension")


def shown(entry: Entry, query: Query) -> Entry:
    """As much of it as *query* asks for (R4, search.html 3.1.1.5.8 and 3.1.1.5.9); marked, if it is not the whole."""
    kept = {*_ALWAYS, *_MANDATORY.get(entry.kind, ())}
    match query.summary:
        case "true":
            return _only(entry, {*kept, *_SUMMARY.get(entry.kind, ())})
        case "text":
            return _only(entry, {*kept, "text"})
        case "data":
            return _only(entry, orjson.loads(entry.content).keys() - {"text"})
    return _only(entry, {*kept, *(name.rpartition(".")[2] for name in query.elements if _is_of(name, entry.kind))})


def _is_of(name: str, kind: str) -> bool:
    """An element may be said with its type in front, where several types are found."""
    return name.rpartition(".")[0] in ("", kind)


def _only(entry: Entry, kept: Collection[str]) -> Entry:
    meta = orjson.loads(entry.content).get("meta", {})
    tagged = {**meta, "tag": [*meta.get("tag", ()), _SUBSETTED]}
    return Entry(entry.name, raw.stamped(raw.only(entry.content, kept), {"meta": tagged}), entry.mode)
