"""What ISiK asks of calendars and services (Stufe 4 to 6), added where a resource leaves it open.

It follows from the rest of the directory, so it is worked out when a resource is handed out, and never stored: what was
taken keeps its text, and what is derived cannot grow old. A resource of which something cannot be derived goes without
the profile.
"""

from collections.abc import Iterator
from typing import Any

from telemed.directory.hours import Fields
from telemed.directory.model import Directory, Service
from telemed.directory.systems import OWN_SERVICES, SPECIALTIES
from telemed.fhir.codes import specialty
from telemed.fhir.raw import stamped
from telemed.fhir.resource import codings, literal

PROFILES = "https://gematik.de/fhir/isik/StructureDefinition/"
CALENDAR = f"{PROFILES}ISiKKalender"
SERVICE = f"{PROFILES}ISiKMedizinischeBehandlungseinheit"
SCHEDULE_NAME = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Schedule.name"

Added = dict[str, Any]


def handed_out(content: bytes, fields: Fields, known: Directory) -> bytes:
    """The resource with what was added; as it was taken, if nothing was."""
    match fields["resourceType"]:
        case "Schedule":
            added, profile = _calendar(fields, known), CALENDAR
        case "HealthcareService":
            added, profile = _service(fields), SERVICE
        case _:
            return content
    if all(({**fields, **added}).get(name) for name in _NEEDED[profile]):
        added |= _with_profile(fields, profile)
    return stamped(content, added) if added else content


_NEEDED = {
    CALENDAR: ("active", "serviceType", "specialty", "actor"),
    SERVICE: ("active", "type", "specialty", "name"),
}


def _with_profile(fields: Fields, profile: str) -> Added:
    meta = fields.get("meta", {})
    profiles = meta.get("profile", [])
    return {} if profile in profiles else {"meta": {**meta, "profile": [*profiles, profile]}}


def _service(fields: Fields) -> Added:
    added: Added = {} if "active" in fields else {"active": True}
    if not fields.get("type"):
        added["type"] = [_kind(fields["id"], fields.get("name", ""))]
    return added


def _kind(service_id: str, name: str) -> Added:
    coding = {"system": OWN_SERVICES, "code": service_id, **({"display": name} if name else {})}
    return {"coding": [coding], **({"text": name} if name else {})}


def concepts_of(service: Service) -> list[Added]:
    """The type of a service, as an appointment says it: all its codes, and its name."""
    return [{"coding": [{"system": system, "code": code} for system, code in service.codes], "text": service.name}]


def _calendar(fields: Fields, known: Directory) -> Added:
    added: Added = {} if "active" in fields else {"active": True}
    ids = [named[1] for named in map(literal, fields.get("actor", ())) if named]
    offered = list(_offered(ids, known))
    if not fields.get("serviceType") and offered:
        added["serviceType"] = [concept for service in offered for concept in concepts_of(service)]
    if SPECIALTIES not in {system for system, _ in codings(fields.get("specialty"))}:
        codes = dict.fromkeys((*_specialties(ids, known), *(service.specialty for service in offered)))
        own = [specialty(code) for code in codes]
        added |= {"specialty": [*fields.get("specialty", ()), *own]} if own else {}
    if not all("display" in actor for actor in fields.get("actor", ())):
        added["actor"] = [{"display": _name(actor, known), **actor} for actor in fields["actor"]]
    names = [e for e in fields.get("extension", ()) if e["url"] == SCHEDULE_NAME]
    if not names and ids:
        named = {"url": SCHEDULE_NAME, "valueString": _name(fields["actor"][0], known)}
        added["extension"] = [*fields.get("extension", ()), named]
    return added


def _offered(actor_ids: list[str], known: Directory) -> Iterator[Service]:
    """The services that these actors do, or of which one is done there."""
    for service in known.services.values():
        doing = {doctor.id for doctor in known.doctors_for(service)} | {*service.room_ids, service.id}
        if doing.intersection(actor_ids):
            yield service


def _specialties(actor_ids: list[str], known: Directory) -> Iterator[str]:
    for actor_id in actor_ids:
        if actor_id in known.doctors:
            yield from known.doctors[actor_id].specialties


def _name(actor: Fields, known: Directory) -> str:
    named = literal(actor)
    if named is None:
        return str(actor.get("display", "?"))
    service = known.services.get(named[1]) if named[0] == "HealthcareService" else None
    return service.name if service else known.name_of(named[1])
