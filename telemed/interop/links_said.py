"""What SMART Scheduling Links say of rooms, services, doctors and free times: FHIR R4, and no person. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from telemed.booking.planner import Offer
from telemed.directory.model import Directory, Room, Service, slot_id
from telemed.fhir.codes import specialty

DEEP_LINK = "http://fhir-registry.smarthealthit.org/StructureDefinition/booking-deep-link"
PHONE = "http://fhir-registry.smarthealthit.org/StructureDefinition/booking-phone"
CAPACITY = "http://fhir-registry.smarthealthit.org/StructureDefinition/slot-capacity"

Fields = Mapping[str, Any]


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _concepts(service: Service) -> list[Fields]:
    return [{"coding": [{"system": system, "code": code} for system, code in service.codes], "text": service.name}]


def location(room: Room, fields: Fields, address: Fields) -> Fields:
    """*fields*: of its Location as it is kept; only what helps to find it is said."""
    told = {name: fields[name] for name in ("description", "position") if name in fields}
    if address:
        told["address"] = address
    telecom = {"telecom": [{"system": "phone", "value": room.phone}]} if room.phone else {}
    return {"resourceType": "Location", "id": room.id, "status": "active", "name": room.name, **telecom, **told}


def _specialty(*codes: str) -> Fields:
    return {"specialty": [specialty(code) for code in codes]}


def service(service: Service, rooms: Iterable[Room]) -> Fields:
    return {
        "resourceType": "HealthcareService",
        "id": service.id,
        "active": True,
        "type": _concepts(service),
        **_specialty(service.specialty),
        "location": [{"reference": f"Location/{room.id}"} for room in rooms],
        "name": service.name,
    }


def roles(known: Directory, offered: list[Service]) -> Iterator[Fields]:
    for doctor in known.doctors.values():
        services = [one for one in offered if doctor in known.doctors_for(one)]
        if services:
            yield {
                "resourceType": "PractitionerRole",
                "id": doctor.role_id,
                "active": True,
                "practitioner": {"reference": f"Practitioner/{doctor.id}", "display": doctor.name},
                **_specialty(*doctor.specialties),
                "healthcareService": [{"reference": f"HealthcareService/{one.id}"} for one in services],
            }


@lru_cache(maxsize=4096)
def _schedule_id(service_id: str, room_id: str) -> str:
    """Of a service in a room; the calendars of our own directory are of people."""
    return f"open-{hashlib.sha256(f'{service_id} {room_id}'.encode()).hexdigest()[:16]}"


def schedule(service: Service, room: Room) -> Fields:
    return {
        "resourceType": "Schedule",
        "id": _schedule_id(service.id, room.id),
        "active": True,
        "serviceType": _concepts(service),
        **_specialty(service.specialty),
        "actor": [
            {"reference": f"Location/{room.id}", "display": room.name},
            {"reference": f"HealthcareService/{service.id}", "display": service.name},
        ],
    }


def slot(room: Room, offer: Offer, link: str) -> Fields:
    """A free time; *link* opens it in the booking pages."""
    schedule_id = _schedule_id(offer.service_id, room.id)
    phone = [{"url": PHONE, "valueString": room.phone}] if room.phone else []
    return {
        "resourceType": "Slot",
        "id": slot_id(schedule_id, offer.start, offer.end),
        "extension": [{"url": DEEP_LINK, "valueUrl": link}, *phone, {"url": CAPACITY, "valueInteger": 1}],
        "schedule": {"reference": f"Schedule/{schedule_id}"},
        "status": "free",
        "start": instant(offer.start),
        "end": instant(offer.end),
    }
