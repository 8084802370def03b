"""The city as FHIR resources, so that a centre can be seeded with it; and what is taken as rows of claims."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from telemed.booking.planner import Claim, Window, runs
from telemed.directory import fhir
from telemed.directory.calendar import Hours
from telemed.directory.hours import DAYS, HOLIDAYS
from telemed.directory.model import Buffers, Device, Directory, Doctor, Room, Service
from tests.bench.issue_b.city import HOLIDAYS as LAND
from tests.bench.issue_b.city import ZONE

Resource = dict[str, Any]
SITE = "city"
CODES = {kind: code for code, kind in fhir.DEVICE_KINDS.items()}


def resources(known: Directory) -> Iterator[Resource]:
    """Everything that the planner reads of *known*, each before what refers to it."""
    yield {
        "resourceType": "Location",
        "id": SITE,
        "name": known.quarter_name,
        "extension": [
            {"url": fhir.TIMEZONE, "valueCode": ZONE.key},
            {"url": HOLIDAYS, "valueCode": LAND},
        ],
    }
    yield from map(_room, known.rooms.values())
    yield from map(_device, known.devices.values())
    yield from map(_service, known.services.values())
    for doctor in known.doctors.values():
        yield {"resourceType": "Practitioner", "id": doctor.id, "name": [{"text": doctor.name}]}
        yield _doctor_role(doctor)
    for one in known.assistants.values():
        yield {"resourceType": "Practitioner", "id": one.id, "name": [{"text": one.name}]}
        places = [{"reference": f"Location/{room_id}"} for room_id in one.room_ids]
        yield _role(one.id, _coded(fhir.OWN_LEVELS, one.level), one.hours, one.buffers) | {"location": places}


def claims(busy: dict[str, int], window: Window) -> Iterator[Claim]:
    """A row for each tick that is taken, sorted."""
    for actor_id, mask in sorted(busy.items()):
        for first, last in runs(mask):
            yield from ((actor_id, window.first + bit) for bit in range(first, last))


def _room(room: Room) -> Resource:
    latitude, longitude = room.position or (0.0, 0.0)
    return {
        "resourceType": "Location",
        "id": room.id,
        "name": room.name,
        "physicalType": _coded(fhir.PHYSICAL_TYPES, "ro"),
        "position": {"longitude": longitude, "latitude": latitude},
        "partOf": {"reference": f"Location/{SITE}"},
        "extension": [_minutes(fhir.CLEANING, room.buffers.after), _minutes(fhir.SETUP, room.buffers.before)],
        "hoursOfOperation": _openings(room.hours, "openingTime", "closingTime"),
    }


def _device(device: Device) -> Resource:
    system, code = CODES[device.kind]
    return {
        "resourceType": "Device",
        "id": device.id,
        "type": _coded(system, code),
        "location": {"reference": f"Location/{device.room_id}"},
        "extension": _buffers(device.buffers),
    }


def _service(service: Service) -> Resource:
    stays = [_minutes(fhir.ASSISTANT_MINUTES, service.assistant_for)] if service.assistant_for else []
    needed = [{"system": system, "code": code} for system, code in (CODES[kind] for kind in service.devices)]
    return {
        "resourceType": "HealthcareService",
        "id": service.id,
        "name": service.name,
        "specialty": [_coded(fhir.SPECIALTIES, service.specialty)],
        "location": [{"reference": f"Location/{room_id}"} for room_id in service.room_ids],
        "extension": [
            _minutes(fhir.LENGTH, service.length),
            {"url": fhir.ASSISTANT_LEVEL, "valueCode": service.assistant_level},
            *({"url": fhir.REQUIRED_DEVICE, "valueCoding": coding} for coding in needed),
            *stays,
        ],
    }


def _doctor_role(doctor: Doctor) -> Resource:
    specialties = [_coded(fhir.SPECIALTIES, code) for code in doctor.specialties]
    role = _role(doctor.id, _coded(fhir.ROLES, "doctor"), doctor.hours, doctor.buffers)
    return role | {"specialty": specialties}


def _role(person_id: str, code: Resource, hours: Hours, buffers: Buffers) -> Resource:
    return {
        "resourceType": "PractitionerRole",
        "id": f"role-{person_id}",
        "practitioner": {"reference": f"Practitioner/{person_id}"},
        "code": [code],
        "extension": _buffers(buffers),
        "availableTime": _openings(hours, "availableStartTime", "availableEndTime"),
    }


def _openings(hours: Hours, start: str, end: str) -> list[Resource]:
    return [
        {"daysOfWeek": [day], start: opening.start.isoformat(), end: opening.end.isoformat()}
        for day, openings in zip(DAYS, hours.by_weekday, strict=True)
        for opening in openings
    ]


def _buffers(buffers: Buffers) -> list[Resource]:
    return [_minutes(fhir.BUFFER_BEFORE, buffers.before), _minutes(fhir.BUFFER_AFTER, buffers.after)]


def _minutes(url: str, span: timedelta) -> Resource:
    return {"url": url, "valueDuration": {"value": span // timedelta(minutes=1), "unit": "min", "code": "min"}}


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}
