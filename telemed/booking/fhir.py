"""Between a booking and the FHIR R4 Appointment that it is on the wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

import orjson
from orjson import Fragment

from telemed.booking.model import Booking, Reason, UnknownActor
from telemed.booking.planner import Offer
from telemed.booking.program_model import CANCELLATION, REPLACES
from telemed.booking.sought import EXTERNAL, Described
from telemed.directory.model import Directory, Service, slot_id, slot_of
from telemed.directory.systems import SPECIALTIES
from telemed.fhir import raw
from telemed.fhir.codes import specialty
from telemed.fhir.raw import stamped
from telemed.fhir.resource import Resource, codings, literal
from telemed.fhir.validate import validate
from telemed.people.model import Person, Way

NAMELESS = "Patient/in"
"""Who takes part and has no name yet: each actor has a display (ISiKTermin of Stufe 4, 1..1)."""
PROFILE = "https://gematik.de/fhir/isik/StructureDefinition/ISiKTermin"
TAGS = "http://fhir.de/CodeSystem/common-meta-tag-de"
_ISIK_REASONS = (Reason.PATIENT, Reason.PRACTITIONER, Reason.EQUIPMENT, Reason.OTHER)
_MINUTE = timedelta(minutes=1)


def instant(moment: datetime) -> str:
    """A FHIR instant in UTC, to the second unless there is more."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def appointment(booking: Booking, directory: Directory, *, created: datetime, name: str = "") -> bytes:
    """The Appointment of a new booking, with doctor, room, assistant and devices as participants; *name*: the person's.

    What is said of these people and things is validated once; of one appointment there are only ids and moments more,
    which we make ourselves.
    """
    offer, fixed = booking.offer, _of(booking.offer, directory)
    replaces = booking.extras.replaces
    resource: dict[str, Any] = {
        "resourceType": "Appointment",
        "id": booking.id,
        "meta": {**_version(booking), "profile": [PROFILE]},
        **({"extension": [_replaces(replaces)]} if replaces else {}),
        "status": booking.status.value,
        "serviceType": fixed.service_type,
        "specialty": fixed.specialty,
        "start": instant(offer.start),
        "end": instant(offer.end),
        "minutesDuration": (offer.end - offer.start) // _MINUTE,
        "slot": _slots(fixed, offer),
        "created": instant(created),
        "participant": [_patient(booking, name), *fixed.participants],
    }
    if not fixed.checked:
        validate(resource)
        fixed.checked.append(True)
    return orjson.dumps(resource)


def of_program(
    content: bytes, booking: Booking, directory: Directory, *, created: datetime, name: str = "", before: bytes = b""
) -> bytes:
    """The Appointment as another system wrote it, with what only the planner knows: who and what takes part, and when.

    What is not stamped keeps its text. *name*: the person's; *before*: as it stood, where it was known already.
    """
    fields = raw.parse(content.decode())
    offer, fixed, replaces = booking.offer, _of(booking.offer, directory), booking.extras.replaces
    others = _kept(content, fields, "extension", lambda one: one.get("url") != REPLACES)
    extension = [*others, _replaces(replaces)] if replaces else others
    values: dict[str, Any] = {
        "id": booking.id,
        "meta": _meta_again(content, booking, is_isik=True),
        "extension": extension or None,
        "status": booking.status.value,
        "start": fields.get("start", instant(offer.start)),
        "end": fields.get("end", instant(offer.end)),
        "minutesDuration": (offer.end - offer.start) // _MINUTE,
        "created": orjson.loads(before)["created"] if before else fields.get("created", instant(created)),
        "participant": _taking_part(content, fields, booking, fixed, name),
        "contained": _kept(content, fields, "contained", lambda one: one.get("resourceType") != "Patient") or None,
    }
    if not _covers(fields.get("slot"), offer):
        values["slot"] = _slots(fixed, offer) or None
    if "serviceType" not in fields and fixed.service_type:
        values["serviceType"] = fixed.service_type
    if SPECIALTIES not in {system for system, _ in codings(fields.get("specialty"))} and fixed.specialty:
        values["specialty"] = [*map(Fragment, raw.texts(content, "specialty")), *fixed.specialty]
    return stamped(content, {name: value for name, value in values.items() if value is not None or name in fields})


def _kept(
    content: bytes, fields: Mapping[str, Any], name: str, stays: Callable[[Mapping[str, Any]], bool]
) -> list[Fragment]:
    """The items of an array that stay, with their own text."""
    each = zip(fields.get(name, ()), raw.texts(content, name), strict=True)
    return [Fragment(text) for one, text in each if stays(one)]


def _covers(slots: Any, offer: Offer) -> bool:
    """Whether these slots, one after another, are just the time of *offer*; several schedules may each have theirs."""
    by_schedule: dict[str, list[tuple[datetime, datetime]]] = {}
    for slot in slots or ():
        schedule_id, start, end = slot_of((literal(slot) or ("", ""))[1]) or ("", offer.start, offer.start)
        by_schedule.setdefault(schedule_id, []).append((start, end))
    if not by_schedule or "" in by_schedule:
        return False
    return all(_run_through(sorted(spans), offer) for spans in by_schedule.values())


def _run_through(spans: list[tuple[datetime, datetime]], offer: Offer) -> bool:
    follow = all(one[1] == other[0] for one, other in pairwise(spans))
    return follow and (spans[0][0], spans[-1][1]) == (offer.start, offer.end)


def _taking_part(content: bytes, fields: Mapping[str, Any], booking: Booking, fixed: "_Fixed", name: str) -> list[Any]:
    """Those whom the other system named, in its words where they stand; then whoever else the planner chose."""
    planned = {one["actor"]["reference"]: one for one in fixed.participants}
    found: list[Any] = []
    has_patient = False
    for one, text in zip(fields["participant"], raw.texts(content, "participant"), strict=True):
        kind, actor_id = literal(one.get("actor")) or _contained(one, fields)
        its_name = {key: one["actor"][key] for key in ("display",) if key in one["actor"]}
        if kind == "Patient":
            has_patient = True
            agreed = {"actor": {**_patient(booking, name)["actor"], **its_name}, "status": "accepted"}
        elif f"{kind}/{actor_id}" in planned:
            agreed = {"actor": {**planned.pop(f"{kind}/{actor_id}")["actor"], **its_name}, "status": "accepted"}
        else:
            agreed = {"actor": {"display": one["actor"]["reference"], **its_name}}
        found.append(raw.amended(text, agreed))
    return [*([] if has_patient else [_patient(booking, name)]), *found, *planned.values()]


def _contained(participant: Mapping[str, Any], fields: Mapping[str, Any]) -> tuple[str, str]:
    """Type of a contained resource that is referred to."""
    reference = (participant.get("actor") or {}).get("reference", "")
    found = (one for one in fields.get("contained", ()) if reference == f"#{one.get('id')}")
    return next(((one["resourceType"], "") for one in found), ("", ""))


def patient_of(content: bytes) -> str:
    """How the person of an Appointment is called in it; empty where it does not say."""
    people = (one.get("actor", {}) for one in orjson.loads(content)["participant"])
    names = (one.get("display", "") for one in people if (literal(one) or ("", ""))[0] == "Patient")
    return next(names, "").removeprefix(NAMELESS)


def _patient(booking: Booking, name: str) -> dict[str, Any]:
    return _participant(f"Patient/{booking.person_id}", name or NAMELESS)


def _slots(fixed: "_Fixed", offer: Offer) -> list[dict[str, str]]:
    return [{"reference": f"Slot/{slot_id(one, offer.start, offer.end)}"} for one in fixed.schedules]


def _of(offer: Offer, directory: Directory) -> "_Fixed":
    actors = (offer.doctor_id, offer.assistant_id, offer.room_id, *offer.device_ids, offer.interpreter_id)
    return _fixed(directory, offer.service_id, tuple(filter(None, actors)))


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
    service = directory.services.get(service_id)
    return _Fixed(
        [_kind_of(service)] if service else [],
        [specialty(service.specialty)] if service else [],
        [_participant(f"{_kind(directory, one)}/{one}", directory.name_of(one)) for one in actor_ids],
        sorted(one for one, actors in directory.schedules.items() if actor_ids[0] in actors),
    )


def _kind_of(service: Service) -> dict[str, Any]:
    """The type of a service by all its codes, and its name."""
    return {"coding": [{"system": system, "code": code} for system, code in service.codes], "text": service.name}


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


def _version(booking: Booking) -> dict[str, str]:
    return {"versionId": str(booking.version), "lastUpdated": instant(booking.updated_at)}


def stamped_as(content: bytes, booking: Booking, *, reasoned: bool = False) -> bytes:
    """The same text with id, meta, status and reason as the server has them. *reasoned*: it says the reason itself."""
    reason = _reason(booking.reason) if booking.reason and not reasoned else None
    values = {"id": booking.id, "meta": _meta_again(content, booking), "status": booking.status.value}
    return stamped(content, {**values, **({"cancelationReason": reason} if reason else {})})


def brought_in(resource: Resource, booking: Booking) -> bytes:
    """The Appointment that an import brings, in its own words, and marked as what comes from elsewhere."""
    text = resource.content.decode()
    start, end = raw.members(text).get("meta", (0, 0))
    meta = text[start:end] or "{}"
    tags = [one for one in raw.texts(meta.encode(), "tag") if not _is_external(orjson.loads(one))]
    marked = raw.amended(meta, {"tag": [*map(Fragment, tags), {"system": TAGS, "code": EXTERNAL}]})
    return stamped_as(stamped(resource.content, {"meta": marked}), booking)


def _is_external(tag: Mapping[str, Any]) -> bool:
    return (tag.get("system"), tag.get("code")) == (TAGS, EXTERNAL)


def described(content: bytes) -> Described:
    """What an Appointment that another system wrote may be searched by, beside what the planner keeps of it."""
    fields = orjson.loads(content)
    said = [
        (what, system, code)
        for what, element in (("service-type", "serviceType"), ("specialty", "specialty"))
        for system, code in codings(fields.get(element))
    ]
    is_external = any(_is_external(tag) for tag in fields.get("meta", {}).get("tag", ()))
    return Described(EXTERNAL if is_external else "", tuple(said))


def _meta_again(content: bytes, booking: Booking, *, is_isik: bool = False) -> Fragment:
    """As it stood but for what we know better; without a type of service it is no ISiKTermin."""
    text = content.decode()
    members = raw.members(text)
    start, end = members.get("meta", (0, 0))
    given = text[start:end] or "{}"
    said = orjson.loads(given)
    profiles = said.get("profile", [])
    is_told = PROFILE in profiles or "_profile" in said or not (is_isik or "serviceType" in members)
    own = {} if is_told else {"profile": [*profiles, PROFILE]}
    return raw.amended(given, {**_version(booking), **own})


def with_device(content: bytes, booking: Booking, out: str, instead: str, name: str) -> bytes:
    """The same text with the device *instead*, called *name*, taking part in place of *out*."""
    people = [
        _participant(f"Device/{instead}", name)
        if literal(orjson.loads(one).get("actor")) == ("Device", out)
        else Fragment(one)
        for one in raw.texts(content, "participant")
    ]
    return stamped(content, {"meta": _meta_again(content, booking), "participant": people})


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
