"""What an ISiK ``$book`` means here: which service, when, with whom and what, and for whom."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson

from telemed.booking import asking
from telemed.booking import service as booking
from telemed.booking.choice import Named
from telemed.booking.planner import TICK, moment_of, tick_of
from telemed.directory import service as directory
from telemed.directory.model import Directory, Service, slot_of
from telemed.fhir import raw
from telemed.fhir.issues import Issue, Told
from telemed.fhir.resource import Resource, codings, literal
from telemed.fhir.values import fold
from telemed.identity.allowed import Action, program
from telemed.identity.model import Actor
from telemed.interop.isik import Asked
from telemed.kit.db import Tx
from telemed.people.model import Person, Way

LONGEST_NAME, LONGEST_CONTACT = 200, 254
RELATED_ID = "related-person"


@dataclass(frozen=True)
class Meant:
    """*named* is asked for; *person*: for somebody who is not known yet; *person_id*: or who is."""

    named: Named
    content: bytes
    person: Person | None = None
    person_id: str = ""


@dataclass
class _Found:
    """What participants, slots and schedule name."""

    doctors: list[str] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)
    assistants: list[str] = field(default_factory=list)
    interpreters: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    patients: list[tuple[int, str]] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    """Where each of them is named."""

    def named(self, actor_id: str, otherwise: str) -> str:
        return self.places.get(actor_id, otherwise)


def meant(
    tx: Tx, known: Directory, asked: Asked, *, actor: Actor, now: datetime, no_slot: int, has_person: bool
) -> Meant:
    """
    Args:
        no_slot: the status of HTTP where neither slot nor schedule is named; ISiK 3 and later want 422.
        has_person: it changes or moves an appointment, which stays that of its person.

    Raises:
        Told: it says what is at fault.
    """
    fields = asked.appointment.fields
    schedules = _schedules(known, asked, no_slot)
    start, end = _time(asked, schedules)
    found = _Found()
    for n, participant in enumerate(fields["participant"]):
        _taking_part(tx, known, asked, found, n, participant)
    _sort_in(known, found, [known.schedules[one] for one in schedules], asked)
    service = _service(tx, known, asked, found, schedules, end - start)
    named = Named(
        service.id,
        start,
        end,
        tuple(dict.fromkeys(found.doctors)),
        tuple(dict.fromkeys(found.rooms)),
        _one(found.assistants, found, asked),
        tuple(dict.fromkeys(found.devices)),
        _one(found.interpreters, found, asked),
        any((literal(one) or ("",))[0] == "ServiceRequest" for one in fields.get("basedOn", ())),
    )
    person, person_id = _person(tx, asked, found, actor=actor, now=now, has_person=has_person)
    return Meant(named, _content(asked), person, person_id)


def _refused(code: str, why: str, place: str, status: int = 422) -> Told:
    return Told(status, [Issue(code, why, place)])


Span = tuple[datetime, datetime]


def _slots(known: Directory, asked: Asked) -> dict[str, list[Span]]:
    """By schedule, the spans of the slots that are named."""
    found: dict[str, list[Span]] = {}
    for n, slot in enumerate(asked.appointment.fields.get("slot", ())):
        place = asked.at(f"Appointment.slot[{n}].reference")
        kind, slot_id = literal(slot) or ("", "")
        parts = slot_of(slot_id) if kind == "Slot" else None
        if parts is None or parts[0] not in known.schedules:
            raise _refused("not-found", "there is no such slot", place)
        found.setdefault(parts[0], []).append((parts[1], parts[2]))
    return found


def _schedules(known: Directory, asked: Asked, no_slot: int) -> dict[str, list[Span]]:
    """Every schedule that is named, and the spans of its slots that are."""
    found = _slots(known, asked)
    if asked.schedule is not None:
        kind, schedule_id = literal({"reference": asked.schedule.reference}) or ("", "")
        if kind != "Schedule" or schedule_id not in known.schedules:
            raise _refused("not-found", "there is no such schedule", asked.schedule.place)
        found.setdefault(schedule_id, [])
    if not found:
        raise _refused(
            "required", "slot names what is free, or the parameter schedule whose it is", asked.place, no_slot
        )
    return found


def _time(asked: Asked, schedules: Mapping[str, list[Span]]) -> Span:
    """From when to when; from its first slot to its last where the Appointment does not say."""
    fields = asked.appointment.fields
    spans = [sorted(each) for each in schedules.values() if each]
    for each in spans:
        if any(one[1] != other[0] for one, other in pairwise(each)):
            raise _refused("business-rule", "slots of one schedule follow each other", asked.at("Appointment.slot"))
    if "start" in fields:
        start, end = (_moment(asked, name) for name in ("start", "end"))
    elif spans:
        start, end = max(each[0][0] for each in spans), min(each[-1][1] for each in spans)
    else:
        raise _refused("required", "start and end say when, where no slot does", asked.place)
    if start >= end:
        raise _refused("invariant", "start is before end", asked.at("Appointment.start" if "start" in fields else ""))
    if start != moment_of(tick_of(start)) or end != moment_of(tick_of(end)):
        off = "start" if start != moment_of(tick_of(start)) else "end"
        minutes = TICK // timedelta(minutes=1)
        raise _refused("business-rule", f"times are multiples of {minutes} minutes", asked.at(f"Appointment.{off}"))
    if any(start < each[0][0] or each[-1][1] < end for each in spans):
        raise _refused("business-rule", "it lies within the slots that it names", asked.at("Appointment.start"))
    return start, end


def _moment(asked: Asked, name: str) -> datetime:
    try:
        return datetime.fromisoformat(asked.appointment.fields[name]).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refused("value", "not a moment", asked.at(f"Appointment.{name}"), 400) from None


def _taking_part(tx: Tx, known: Directory, asked: Asked, found: _Found, n: int, participant: Mapping[str, Any]) -> None:
    """
    Raises:
        Told: whoever or whatever is named is not known here.
    """
    place = asked.at(f"Appointment.participant[{n}].actor.reference")
    named = literal(participant["actor"])
    if named is None:
        if participant["actor"]["reference"].startswith("#"):
            found.patients += [(n, "")] if _contained(asked, participant["actor"]["reference"]) else []
            return
        raise _refused("value", "a reference names type and id", place)
    kind, actor_id = named
    match kind:
        case "Patient":
            found.patients.append((n, actor_id))
        case "PractitionerRole":
            doctor = next((one.id for one in known.doctors.values() if one.role_id == actor_id), "")
            if not doctor:
                raise _refused("not-found", "there is no such role of a doctor", place)
            found.doctors.append(doctor)
            found.places[doctor] = place
        case "Practitioner" | "Location" | "Device" | "HealthcareService":
            if not _sorted_in(known, found, actor_id) and not directory.knows(tx, kind, actor_id):
                raise _refused("not-found", "there is nobody and nothing of this id here", place)
            found.places[actor_id] = place
        case _:
            return  # a RelatedPerson and the like take part by the other system's word alone


def _sorted_in(known: Directory, found: _Found, actor_id: str) -> bool:
    for which, listed in (
        (known.doctors, found.doctors),
        (known.rooms, found.rooms),
        (known.assistants, found.assistants),
        (known.interpreters, found.interpreters),
        (known.devices, found.devices),
        (known.services, found.services),
    ):
        if actor_id in which:
            listed.append(actor_id)
            return True
    return False


def _sort_in(known: Directory, found: _Found, calendars: Iterable[tuple[str, ...]], asked: Asked) -> None:
    """Whose schedules are named takes part, as far as no participant says otherwise. One doctor does, in one room.

    Raises:
        Told: two take part, or another one than the schedules are of.
    """
    each = [_Found() for _ in calendars]
    for calendar, theirs in zip(calendars, each, strict=True):
        for actor_id in calendar:
            _sorted_in(known, theirs, actor_id)
    found.doctors = _agreed(found.doctors, [one.doctors for one in each], found, asked)
    found.rooms = _agreed(found.rooms, [one.rooms for one in each], found, asked)
    for theirs in each:
        found.devices += [one for one in theirs.devices if one not in found.devices]
        found.services += theirs.services


def _agreed(named: list[str], calendars: Iterable[list[str]], found: _Found, asked: Asked) -> list[str]:
    """Who is named; or else whoever is in all schedules that are of any such."""
    said = [one for one in calendars if one]
    in_all = [one for one in dict.fromkeys(said[0]) if all(one in other for other in said)] if said else []
    if said and not in_all:
        place = asked.at("Appointment.slot")
        raise _refused("business-rule", "one appointment is with one doctor in one room; the schedules are not", place)
    one = _one(named, found, asked)
    if one and in_all and one not in in_all:
        raise _refused("business-rule", "not the one whose schedule is named", found.named(one, asked.place))
    return [one] if one else in_all


def _one(ids: list[str], found: _Found, asked: Asked) -> str:
    if len(set(ids)) > 1:
        place = found.named(ids[-1], asked.place)
        raise _refused("business-rule", "one doctor, room, assistant, interpreter takes part at most", place)
    return ids[0] if ids else ""


def _service(
    tx: Tx, known: Directory, asked: Asked, found: _Found, schedules: Iterable[str], length: timedelta
) -> Service:
    """What serviceType says, by its codings or its text; where several fit, what schedule and length say beside it.

    Raises:
        Told: none is called so.
    """
    said = asked.appointment.fields["serviceType"]
    called = [one for one in known.services.values() if any(_is_called(one, concept) for concept in said)]
    if not called and _is_said_by(tx, schedules, said):
        called = list(known.services.values())
    if not called:
        place = asked.at("Appointment.serviceType[0]")
        raise _refused(
            "code-invalid",
            "no service of this centre is called so; GET HealthcareService lists them, each with code and text",
            place,
        )
    for fits in (
        lambda one: one.id in found.services,
        lambda one: any(doctor.id in found.doctors for doctor in known.doctors_for(one)),
        lambda one: set(one.room_ids) & set(found.rooms),
        lambda one: one.length <= length,
    ):
        called = [one for one in called if fits(one)] or called
    return min(called, key=lambda one: (one.length != length, -one.length, one.id))


def _is_called(service: Service, concept: Mapping[str, Any]) -> bool:
    text = fold(concept.get("text", ""))
    by_code = any(
        (system, code) in service.codes or (not system and code == service.id) for system, code in codings(concept)
    )
    return by_code or (bool(text) and text in (fold(service.name), fold(service.id)))


def _is_said_by(tx: Tx, schedules: Iterable[str], said: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a schedule itself says that it is for this type of service."""
    wanted = {each for concept in said for each in codings(concept)}
    for schedule_id in schedules:
        offered = orjson.loads(directory.read(tx, "Schedule", schedule_id)).get("serviceType", ())
        if wanted & set(codings(list(offered))):
            return True
    return False


def _contained(asked: Asked, reference: str) -> Mapping[str, Any] | None:
    contained = asked.appointment.fields.get("contained", ())
    return next(
        (one for one in contained if f"#{one.get('id')}" == reference and one["resourceType"] == "Patient"), None
    )


def _person(
    tx: Tx, asked: Asked, found: _Found, *, actor: Actor, now: datetime, has_person: bool
) -> tuple[Person | None, str]:
    """For whom: somebody of whom this program may know, or else whoever is described.

    Raises:
        Told: nobody is named, somebody unknown, or several.
    """
    if len(found.patients) > 1:
        place = asked.at(f"Appointment.participant[{found.patients[1][0]}]")
        raise _refused("business-rule", "an appointment is for one patient", place)
    n, person_id = found.patients[0] if found.patients else (0, "")
    place = asked.at(f"Appointment.participant[{n}].actor.reference")
    said = _described(asked, n if found.patients else None, is_known=has_person)
    asker = program(actor, now)
    if person_id and any(asking.may(asker, Action.MEET, one) for one in booking.of_person(tx, person_id)):
        return None, person_id
    if said is not None or has_person:
        return said, ""
    if person_id:
        why = "this person is not known here; send her data as the parameter patient"
        raise _refused("not-found", why, place)
    raise _refused("required", "a Patient takes part, or is the parameter patient", asked.place)


def _described(asked: Asked, n: int | None, *, is_known: bool) -> Person | None:
    """Who is sent as a Patient, beside the Appointment or within it; of somebody *is_known*, the name alone will do.

    Raises:
        Told: the record is not in use, or she is dead.
    """
    if asked.patient is not None:
        return described(asked.patient.fields, asked.patient_place)
    actor = asked.appointment.fields["participant"][n]["actor"] if n is not None else {}
    inside = _contained(asked, actor.get("reference", ""))
    if inside is not None:
        return described(inside, asked.place)
    named = actor.get("display", "") if is_known else ""
    return Person(named[:LONGEST_NAME], 0, Way.PAPER) if named else None


def described(fields: Mapping[str, Any], place: str) -> Person:
    """Who a Patient says that she is, as far as it does.

    Raises:
        Told: the record is not in use, or she is dead.
    """
    if fields.get("active", True) is False or fields.get("deceasedBoolean") or fields.get("deceasedDateTime"):
        raise _refused("business-rule", "this patient is not active", place)
    way, contact = _reached(fields.get("telecom", ()))
    born = str(fields.get("birthDate", ""))[:4]
    spoken = _language(fields.get("communication", ()))
    return Person(_name(fields.get("name", ())), int(born) if born.isdigit() else 0, way, contact, spoken or "de")


def _name(names: Iterable[Mapping[str, Any]]) -> str:
    listed = [one for one in names if one.get("use") not in ("old", "maiden")]
    first = next((one for one in listed if one.get("use") == "official"), next(iter(listed), {}))
    parts = [*first.get("prefix", ()), *first.get("given", ()), first.get("family", "")]
    text = first.get("text") or " ".join(part for part in parts if part)
    return str(text)[:LONGEST_NAME]


def _reached(telecom: Iterable[Mapping[str, Any]]) -> tuple[Way, str]:
    """By telephone rather than by mail; by letter where nothing is said."""
    usable = [one for one in telecom if one.get("value") and one.get("use") != "old"]
    for systems, way in ((("phone", "sms"), Way.PHONE), (("email",), Way.EMAIL)):
        fitting = [one for one in usable if one.get("system") in systems and len(one["value"]) <= LONGEST_CONTACT]
        if fitting:
            return way, str(min(fitting, key=lambda one: (one.get("rank", 99), one.get("use") != "mobile"))["value"])
    return Way.PAPER, ""


def _language(spoken: Iterable[Mapping[str, Any]]) -> str:
    said = sorted(spoken, key=lambda one: not one.get("preferred"))
    codes = (code for one in said for _, code in codings(one.get("language")))
    return next(codes, "").partition("-")[0].lower()


def _content(asked: Asked) -> bytes:
    """The Appointment, with a RelatedPerson that was sent beside it within. All keep their digits."""
    whole, fields = asked.appointment.content, asked.appointment.fields
    if asked.related is None:
        return whole
    others = zip(fields.get("contained", ()), raw.texts(whole, "contained"), strict=True)
    contained = [orjson.Fragment(text) for one, text in others if one.get("id") != RELATED_ID]
    name = _name(asked.related.fields.get("name", ()))
    actor = {"reference": f"#{RELATED_ID}", **({"display": name} if name else {})}
    people = map(orjson.Fragment, raw.texts(whole, "participant"))
    return raw.stamped(
        whole,
        {
            "contained": [*contained, _bare(asked.related)],
            "participant": [*people, {"actor": actor, "status": "accepted"}],
        },
    )


def _bare(resource: Resource) -> orjson.Fragment:
    """A contained resource has no meta of versions (dom-4) and contains none itself (dom-2)."""
    taken_away = dict.fromkeys(("meta", "contained", "text"))
    return orjson.Fragment(raw.stamped(resource.content, {**taken_away, "id": RELATED_ID}))
