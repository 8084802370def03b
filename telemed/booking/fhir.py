"""Between a booking and the FHIR R4 Appointment that it is on the wire."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from telemed.booking.model import Booking, Reason, UnknownActor
from telemed.booking.planner import Offer
from telemed.directory.model import Directory, slot_id
from telemed.fhir.raw import stamped
from telemed.fhir.resource import Resource, literal
from telemed.fhir.validate import validate
from telemed.people.model import Person, Way

IHE_D = "http://ihe-d.de/CodeSystems/AerztlicheFachrichtungen"
REPLACES = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.replaces"
CANCELLATION = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
_ISIK_REASONS = (Reason.PATIENT, Reason.PRACTITIONER, Reason.EQUIPMENT, Reason.OTHER)
_MINUTE = timedelta(minutes=1)


def instant(moment: datetime) -> str:
    """A FHIR instant in UTC, to the second unless there is more."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def appointment(booking: Booking, directory: Directory, *, created: datetime) -> bytes:
    """The Appointment of a new booking, with doctor, room, assistant and devices as participants.

    What is said of these people and things is validated once; of one appointment there are only ids and moments more,
    which we make ourselves.
    """
    offer = booking.offer
    actors = (offer.doctor_id, offer.assistant_id, offer.room_id, *offer.device_ids, offer.interpreter_id)
    fixed = _fixed(directory, offer.service_id, tuple(filter(None, actors)))
    replaces = booking.extras.replaces
    resource: dict[str, Any] = {
        "resourceType": "Appointment",
        "id": booking.id,
        "meta": _meta(booking),
        **({"extension": [_replaces(replaces)]} if replaces else {}),
        "status": booking.status.value,
        "serviceType": fixed.service_type,
        "specialty": fixed.specialty,
        "start": instant(offer.start),
        "end": instant(offer.end),
        "minutesDuration": (offer.end - offer.start) // _MINUTE,
        "slot": [{"reference": f"Slot/{slot_id(one, offer.start, offer.end)}"} for one in fixed.schedules],
        "created": instant(created),
        "participant": [_participant(f"Patient/{booking.person_id}"), *fixed.participants],
    }
    if not fixed.checked:
        validate(resource)
        fixed.checked.append(True)
    return orjson.dumps(resource)


@dataclass(frozen=True)
class _Fixed:
    """What all appointments of one service with the same people and things share. *checked*: empty until validated."""

    service_type: list[dict[str, Any]]
    specialty: list[dict[str, Any]]
    participants: list[dict[str, Any]]
    schedules: list[str]
    checked: list[bool] = field(default_factory=list)


@lru_cache(maxsize=4096)
def _fixed(directory: Directory, service_id: str, actor_ids: tuple[str, ...]) -> _Fixed:
    service = directory.services[service_id]
    return _Fixed(
        [{"text": service.name}],
        [{"coding": [{"system": IHE_D, "code": service.specialty}]}],
        [_participant(f"{_kind(directory, one)}/{one}", directory.name_of(one)) for one in actor_ids],
        sorted(one for one, actors in directory.schedules.items() if actor_ids[0] in actors),
    )


def _kind(directory: Directory, actor_id: str) -> str:
    """The resource type of an actor."""
    if actor_id in directory.rooms:
        return "Location"
    return "Device" if actor_id in directory.devices else "Practitioner"


def _participant(reference: str, name: str = "") -> dict[str, Any]:
    named = {"display": name} if name else {}
    return {"actor": {"reference": reference, **named}, "required": "required", "status": "accepted"}


def _replaces(booking_id: str) -> dict[str, Any]:
    return {"url": REPLACES, "valueReference": {"reference": f"Appointment/{booking_id}"}}


def _meta(booking: Booking) -> dict[str, Any]:
    return {"versionId": str(booking.version), "lastUpdated": instant(booking.updated_at)}


def stamped_as(content: bytes, booking: Booking) -> bytes:
    """The same text with id, meta, status and reason as the server has them."""
    reason = _reason(booking.reason) if booking.reason else None
    values = {"id": booking.id, "meta": _meta(booking), "status": booking.status.value}
    return stamped(content, {**values, **({"cancelationReason": reason} if reason else {})})


def with_device(content: bytes, booking: Booking, out: str, instead: str, name: str) -> bytes:
    """The same text with the device *instead*, called *name*, taking part in place of *out*."""
    people = [
        _participant(f"Device/{instead}", name) if literal(one.get("actor")) == ("Device", out) else one
        for one in orjson.loads(content)["participant"]
    ]
    return stamped(content, {"meta": _meta(booking), "participant": people})


def _reason(reason: Reason) -> dict[str, Any]:
    """A code that ISiK allows, and our own word where it has none."""
    code = reason.value if reason in _ISIK_REASONS else "other"
    return {"coding": [{"system": CANCELLATION, "code": code}], "text": reason.value}


def read(resource: Resource, directory: Directory) -> tuple[Offer, Person]:
    """What a foreign booked Appointment claims, and for whom.

    Raises:
        UnknownActor: no known doctor or room takes part, or an unknown one does.
    """
    taken: dict[str, list[str]] = {"Practitioner": [], "Location": [], "Device": []}
    person = Person("", 0, Way.PAPER)
    for place, participant in enumerate(resource.fields["participant"]):
        kind, actor_id = literal(participant.get("actor")) or ("", "")
        if kind == "Patient":
            person = Person(participant["actor"].get("display", ""), 0, Way.PAPER)
        elif kind in taken and _is_known(actor_id, directory):
            taken[kind].append(actor_id)
        elif kind:
            raise UnknownActor(expression=f"Appointment.participant[{place}].actor")
    doctors = [one for one in taken["Practitioner"] if one in directory.doctors]
    assistants = [one for one in taken["Practitioner"] if one in directory.assistants]
    rooms = [one for one in taken["Location"] if one in directory.rooms]
    if not doctors or not rooms:
        raise UnknownActor(expression="Appointment.participant")
    start, end = (datetime.fromisoformat(resource.fields[name]) for name in ("start", "end"))
    assistant = assistants[0] if assistants else ""
    interpreter = next((one for one in taken["Practitioner"] if one in directory.interpreters), "")
    return Offer("", start, end, doctors[0], rooms[0], assistant, tuple(taken["Device"]), interpreter), person


def _is_known(actor_id: str, directory: Directory) -> bool:
    return directory.actor(actor_id) is not None
