"""Between a booking and the FHIR R4 Appointment that it is on the wire."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from telemed.booking.model import Booking, Participant, UnknownActor
from telemed.booking.planner import Offer
from telemed.directory.model import Directory
from telemed.fhir.raw import stamped
from telemed.fhir.resource import Resource, literal
from telemed.fhir.validate import validate
from telemed.people.model import Person, Way

IHE_D = "http://ihe-d.de/CodeSystems/AerztlicheFachrichtungen"


def instant(moment: datetime) -> str:
    """A FHIR instant in UTC, to the second unless there is more."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def slot_id(schedule_id: str, start: datetime, end: datetime) -> str:
    """The id of the slot that *start* to *end* is in a schedule: ``{schedule}.{YYYYMMDDTHHMMZ}.{minutes}``."""
    return f"{schedule_id}.{start.astimezone(UTC):%Y%m%dT%H%MZ}.{int((end - start).total_seconds()) // 60}"


def appointment(booking: Booking, directory: Directory, *, created: datetime) -> bytes:
    """The Appointment of a new booking, with doctor, room, assistant and devices as participants; validated."""
    offer = booking.offer
    service = directory.services[offer.service_id]
    resource: dict[str, Any] = {
        "resourceType": "Appointment",
        "id": booking.id,
        "meta": _meta(booking),
        "status": booking.status.value,
        "serviceType": [{"text": service.name}],
        "specialty": [{"coding": [{"system": IHE_D, "code": service.specialty}]}],
        "start": instant(offer.start),
        "end": instant(offer.end),
        "minutesDuration": int((offer.end - offer.start).total_seconds()) // 60,
        "slot": list(_slots(offer, directory)),
        "created": instant(created),
        "participant": [
            {"actor": _actor(one), "required": "required", "status": "accepted"}
            for one in _participants(booking, directory)
        ],
    }
    return validate(resource).content


def _meta(booking: Booking) -> dict[str, Any]:
    return {"versionId": str(booking.version), "lastUpdated": instant(booking.updated_at)}


def _actor(participant: Participant) -> dict[str, str]:
    named = {"display": participant.name} if participant.name else {}
    return {"reference": participant.reference, **named}


def _participants(booking: Booking, directory: Directory) -> Iterator[Participant]:
    offer = booking.offer
    yield Participant(f"Patient/{booking.person_id}")
    yield Participant(f"Practitioner/{offer.doctor_id}", directory.name_of(offer.doctor_id))
    yield Participant(f"Practitioner/{offer.assistant_id}", directory.name_of(offer.assistant_id))
    yield Participant(f"Location/{offer.room_id}", directory.name_of(offer.room_id))
    for device_id in offer.device_ids:
        yield Participant(f"Device/{device_id}", directory.name_of(device_id))


def _slots(offer: Offer, directory: Directory) -> Iterator[dict[str, str]]:
    for schedule_id, actors in sorted(directory.schedules.items()):
        if offer.doctor_id in actors:
            yield {"reference": f"Slot/{slot_id(schedule_id, offer.start, offer.end)}"}


def stamped_as(content: bytes, booking: Booking) -> bytes:
    """The same text with id, meta and status as the server has them."""
    return stamped(content, {"id": booking.id, "meta": _meta(booking), "status": booking.status.value})


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
    return Offer("", start, end, doctors[0], rooms[0], assistant, tuple(taken["Device"])), person


def _is_known(actor_id: str, directory: Directory) -> bool:
    groups = (directory.doctors, directory.assistants, directory.rooms, directory.devices)
    return any(actor_id in group for group in groups)
