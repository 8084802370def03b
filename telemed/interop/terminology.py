"""Our own codes, and those of others that are in use here, as CodeSystem and ValueSet (ISiKCodeSystem, ISiKValueSet).

Every code system by which services are typed is shown, so that another system can offer the same to choose from: it
finds them by ``context-type-value`` (ISiK). Of a system that is not ours only the codes in use are said: a fragment.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from telemed.directory.model import LEVELS
from telemed.directory.systems import DEVICE_KINDS, OWN_DEVICES, OWN_LEVELS, OWN_ROLES, OWN_SERVICES, SPECIALTIES
from telemed.fhir.search import Parameter
from telemed.fhir.terms import parameters

Fields = Mapping[str, Any]
ISIK = "https://gematik.de/fhir/isik/"
CANCELLATION = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
OWN_TOPICS = "urn:telemed:code:topic"
"""What may be subscribed to beside ISiK's topics."""
TAGS = "http://fhir.de/CodeSystem/common-meta-tag-de"

KINDS = ("CodeSystem", "ValueSet")
SEARCH = {
    "url": "uri url",
    "version": "token version",
    "name": "string name",
    "title": "string title",
    "status": "token status",
    "context-type-value": "composite useContext",
}
"""What both are searched by; `telemed.fhir.terms.Table`."""
PARAMETERS: dict[str, Parameter] = parameters(SEARCH)

_SERVICES_CONTEXT = {
    "code": {"system": f"{ISIK}CodeSystem/ContextType", "code": "ResourceUsage"},
    "valueCodeableConcept": {
        "coding": [{"system": "http://hl7.org/fhir/resource-types", "code": "HealthcareService"}],
    },
}


@dataclass(frozen=True)
class System:
    """*codes*: code → how it is called."""

    id: str
    url: str
    title: str
    codes: Mapping[str, str]
    is_whole: bool = True
    types_services: bool = False


_CANCELLED = {
    "pat": "Patient",
    "prov": "Provider",
    "maint": "Equipment Maintenance/Repair",
    "meds-inc": "Prep/Med Incomplete",
    "other": "Other",
}
_LEVELS = {"helper": "Hilfskraft", "medical-assistant": "MFA", "nurse": "Pflegefachkraft"}
_DEVICES = {
    "heart-rate": "Brustgurt",
    "ecg": "EKG",
    "otoscope": "Otoskop",
    "dermatoscope": "Dermatoskop",
    "stethoscope": "Stethoskop",
    "exam-camera": "Untersuchungskamera",
    "room-camera": "Raumkamera",
}
_FIXED = (
    System("device", OWN_DEVICES, "Geräte", {c: _DEVICES[c] for s, c in DEVICE_KINDS if s == OWN_DEVICES}),
    System("assistant-level", OWN_LEVELS, "Qualifikation der Assistenz", {one: _LEVELS[one] for one in LEVELS}),
    System("role", OWN_ROLES, "Rollen", {"interpreter": "Dolmetschen"}),
    System("topic", OWN_TOPICS, "Themen", {"delay": "Verspätung"}),
    System("cancellation-reason", CANCELLATION, "Absagegründe", _CANCELLED, is_whole=False),
    System("origin", TAGS, "Herkunft", {"external": "Extern"}, is_whole=False),
)


def resources(directory: Iterable[Fields], *, version: int, made: str) -> Iterator[dict[str, Any]]:
    """All that is shown. *directory*: its resources; *version*: of it; *made*: when, as a FHIR dateTime."""
    for system in (*_in_use(directory), *_FIXED):
        if system.codes:
            yield _code_system(system, version)
            yield _value_set(system, version, made)


def _in_use(directory: Iterable[Fields]) -> Iterator[System]:
    """What services and calendars are typed by, and of which specialties they and people are."""
    named: dict[str, dict[str, str]] = {OWN_SERVICES: {}}
    specialties: dict[str, str] = {}
    for fields in directory:
        if fields["resourceType"] == "HealthcareService":
            named[OWN_SERVICES].setdefault(fields["id"], fields.get("name") or fields["id"])
        for concept in (*fields.get("serviceType", ()), *_types(fields)):
            for coding in concept.get("coding", ()):
                known = named.setdefault(coding.get("system", ""), {})
                _keep(known, coding, concept)
        for concept in _specialties(fields):
            for coding in concept.get("coding", ()):
                if coding.get("system") == SPECIALTIES:
                    _keep(specialties, coding, {})
    others = sorted(system for system in named if system not in ("", OWN_SERVICES))
    yield System("service", OWN_SERVICES, "Leistungen", named[OWN_SERVICES], types_services=True)
    for number, url in enumerate(others, 1):
        yield System(f"service-{number}", url, "Leistungen", named[url], is_whole=False, types_services=True)
    yield System("specialty", SPECIALTIES, "Fachrichtungen", specialties, is_whole=False)


def _types(fields: Fields) -> list[Fields]:
    found: list[Fields] = fields.get("type", []) if fields["resourceType"] == "HealthcareService" else []
    return found


def _specialties(fields: Fields) -> list[Fields]:
    found: list[Fields] = fields.get("specialty", []) if isinstance(fields.get("specialty"), list) else []
    return found


def _keep(known: dict[str, str], coding: Fields, concept: Fields) -> None:
    """By its own name, or else by what is said beside it."""
    code, shown = coding.get("code"), coding.get("display")
    if code and (shown or code not in known):
        known[code] = shown or concept.get("text") or code


def _head(system: System, version: int) -> dict[str, Any]:
    name = "Telemed" + "".join(part.capitalize() for part in system.id.split("-"))
    context = {"useContext": [_SERVICES_CONTEXT]} if system.types_services else {}
    return {"version": str(version), "name": name, "title": system.title, "status": "active", **context}


def _code_system(system: System, version: int) -> dict[str, Any]:
    return {
        "resourceType": "CodeSystem",
        "id": system.id,
        "meta": {"profile": [f"{ISIK}StructureDefinition/ISiKCodeSystem"]},
        "url": system.url,
        **_head(system, version),
        "content": "complete" if system.is_whole else "fragment",
        "concept": [{"code": code, "display": shown} for code, shown in sorted(system.codes.items())],
    }


def _value_set(system: System, version: int, made: str) -> dict[str, Any]:
    codes = [{"code": code, "display": shown} for code, shown in sorted(system.codes.items())]
    return {
        "resourceType": "ValueSet",
        "id": system.id,
        "meta": {"profile": [f"{ISIK}StructureDefinition/ISiKValueSet"]},
        "url": f"urn:telemed:valueset:{system.id}",
        **_head(system, version),
        "compose": {"include": [{"system": system.url, "concept": codes}]},
        "expansion": {
            "identifier": f"urn:telemed:valueset:{system.id}:{version}",
            "timestamp": made,
            "total": len(codes),
            "contains": [{"system": system.url, **one} for one in codes],
        },
    }


def expanded(value_set: Fields, text: str) -> dict[str, Any]:
    """The value set with those codes only whose name or code has *text* in it (``$expand`` with ``filter``)."""
    sought = text.casefold()
    every = value_set["expansion"]["contains"]
    found = [one for one in every if sought in one["display"].casefold() or sought in one["code"].casefold()]
    expansion = {**value_set["expansion"], "total": len(found), "contains": found}
    if not found:
        del expansion["contains"]
    return {**value_set, "expansion": expansion}
