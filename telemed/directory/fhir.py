"""FHIR resources as the planner's values, and the terms they are found by. Pure.

Elements of FHIR are used where they exist. What FHIR has no element for stands in these extensions:

========================================  ==================  =====================================================
url                                       on                  value
========================================  ==================  =====================================================
``urn:telemed:fhir:length``               HealthcareService   valueDuration, minutes; a multiple of 5
``urn:telemed:fhir:required-device``      HealthcareService   valueCoding, one for each kind of device it needs
``urn:telemed:fhir:assistant-level``      HealthcareService   valueCode: helper, medical-assistant, nurse
``urn:telemed:fhir:cleaning``             Location (room)     valueDuration, minutes kept free after each visit
``urn:telemed:fhir:bookable-until``       Device              valueDateTime, the first moment it may not be booked
`TIMEZONE`                                Location            valueCode, an IANA zone
========================================  ==================  =====================================================
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from telemed.directory.model import (
    LEVELS,
    MIDNIGHT,
    Assistant,
    AssistantLevel,
    Device,
    Directory,
    Doctor,
    Hours,
    Opening,
    Room,
    Service,
    Term,
)
from telemed.fhir.issues import Issue
from telemed.fhir.resource import codings, literal, span
from telemed.fhir.search import Parameter, ParameterType, fold

LENGTH = "urn:telemed:fhir:length"
REQUIRED_DEVICE = "urn:telemed:fhir:required-device"
ASSISTANT_LEVEL = "urn:telemed:fhir:assistant-level"
CLEANING = "urn:telemed:fhir:cleaning"
BOOKABLE_UNTIL = "urn:telemed:fhir:bookable-until"
TIMEZONE = "http://hl7.org/fhir/StructureDefinition/timezone"

MDC = "urn:iso:std:iso:11073:10101"
OWN_DEVICES = "urn:telemed:code:device"
OWN_LEVELS = "urn:telemed:code:assistant-level"
ROLES = "http://terminology.hl7.org/CodeSystem/practitioner-role"
SPECIALTIES = "http://ihe-d.de/CodeSystems/AerztlicheFachrichtungen"
PHYSICAL_TYPES = "http://terminology.hl7.org/CodeSystem/location-physical-type"

DEVICE_KINDS: dict[tuple[str, str], str] = {
    (MDC, "528391"): "blood-pressure",
    (MDC, "528388"): "oximeter",
    (OWN_DEVICES, "stethoscope"): "stethoscope",
    (OWN_DEVICES, "exam-camera"): "exam-camera",
    (OWN_DEVICES, "room-camera"): "room-camera",
}
"""The kind of each device type. MDC numbers are device specializations (ISO/IEEE 11073-10101); it has no number for
a stethoscope or a camera."""

LONGEST_SCHEDULE_ID = 44
"""Leaves room in a Slot's id for the start and the length."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Fields = Mapping[str, Any]


def directory(resources: Iterable[Fields], version: int) -> Directory:
    """The whole directory. What is inactive, or lacks what planning needs, is left out."""
    by_kind: dict[str, dict[str, Fields]] = defaultdict(dict)
    for fields in resources:
        by_kind[fields["resourceType"]][fields["id"]] = fields
    places = by_kind["Location"].values()
    roles = [role for role in by_kind["PractitionerRole"].values() if role.get("active", True)]
    people = {i: f for i, f in by_kind["Practitioner"].items() if f.get("active", True)}
    return Directory(
        zone=_zone(places),
        doctors=_doctors(roles, people),
        assistants=_assistants(roles, people),
        rooms={f["id"]: _room(f) for f in places if _is_room(f)},
        devices={d.id: d for f in by_kind["Device"].values() for d in _device(f)},
        services={s.id: s for f in by_kind["HealthcareService"].values() for s in _service(f)},
        schedules={f["id"]: _targets(f.get("actor")) for f in by_kind["Schedule"].values() if f.get("active", True)},
        version=version,
        quarter_name=next((f.get("name", "") for f in places if "partOf" not in f and not _is_room(f)), ""),
    )


def zone_name(fields: Fields) -> str:
    """The IANA zone of a Location; empty if it names none."""
    return next((str(e.get("valueCode", "")) for e in _extensions(fields, TIMEZONE)), "")


def _zone(places: Iterable[Fields]) -> ZoneInfo:
    names = (zone_name(fields) for fields in places)
    return ZoneInfo(next((name for name in names if name), "UTC"))


def _doctors(roles: Iterable[Fields], people: Mapping[str, Fields]) -> dict[str, Doctor]:
    found: dict[str, Doctor] = {}
    for role in roles:
        person = people.get(_target(role.get("practitioner")))
        if person is None or (ROLES, "doctor") not in codings(role.get("code")):
            continue
        doctor = Doctor(
            id=person["id"],
            name=_person_name(person),
            specialties=tuple(code for system, code in codings(role.get("specialty")) if system == SPECIALTIES),
            hours=_available(role),
            role_id=role["id"],
            service_ids=_targets(role.get("healthcareService")),
        )
        found[doctor.id] = _joined(found[doctor.id], doctor) if doctor.id in found else doctor
    return found


def _joined(one: Doctor, other: Doctor) -> Doctor:
    """Somebody with two roles; limited to services only if both roles are."""
    limited = one.service_ids and other.service_ids
    return Doctor(
        one.id,
        one.name,
        tuple(dict.fromkeys(one.specialties + other.specialties)),
        one.hours.plus(other.hours),
        one.role_id,
        one.service_ids + other.service_ids if limited else (),
    )


def _assistants(roles: Iterable[Fields], people: Mapping[str, Fields]) -> dict[str, Assistant]:
    found: dict[str, Assistant] = {}
    for role in roles:
        person, level = people.get(_target(role.get("practitioner"))), _level_of(role)
        if person is None or level is None:
            continue
        rooms, hours = _targets(role.get("location")), _available(role)
        before = found.get(person["id"])
        if before is not None:
            hours = before.hours.plus(hours)
            rooms = before.room_ids + rooms if before.room_ids and rooms else ()
            level = LEVELS[max(LEVELS.index(level), LEVELS.index(before.level))]
        found[person["id"]] = Assistant(person["id"], _person_name(person), level, hours, rooms)
    return found


def _level_of(role: Fields) -> AssistantLevel | None:
    codes = {code for system, code in codings(role.get("code")) if system == OWN_LEVELS}
    return next((level for level in LEVELS if level in codes), None)


def _is_room(place: Fields) -> bool:
    is_room = (PHYSICAL_TYPES, "ro") in codings(place.get("physicalType"))
    return is_room and place.get("status", "active") == "active"


def _room(place: Fields) -> Room:
    phones = (t.get("value", "") for t in place.get("telecom", ()) if t.get("system") == "phone")
    return Room(
        id=place["id"],
        name=place.get("name", place["id"]),
        hours=_hours(place.get("hoursOfOperation", ()), "openingTime", "closingTime"),
        cleaning=_duration(place, CLEANING) or timedelta(0),
        address=_address(place.get("address", {})),
        phone=next(phones, ""),
    )


def _device(fields: Fields) -> Iterator[Device]:
    kind = next((DEVICE_KINDS[c] for c in codings(fields.get("type")) if c in DEVICE_KINDS), None)
    room_id = _target(fields.get("location"))
    if kind is None or not room_id or fields.get("status", "active") != "active":
        return
    until = next((e["valueDateTime"] for e in _extensions(fields, BOOKABLE_UNTIL)), None)
    names = (n.get("name", "") for n in fields.get("deviceName", ()))
    yield Device(fields["id"], kind, room_id, _first_moment(until), next(names, fields["id"]))


def _service(fields: Fields) -> Iterator[Service]:
    length = _duration(fields, LENGTH)
    specialty = next((c for s, c in codings(fields.get("specialty")) if s == SPECIALTIES), None)
    if length is None or specialty is None or not fields.get("active", True):
        return
    needed = (e["valueCoding"] for e in _extensions(fields, REQUIRED_DEVICE))
    level = next((e.get("valueCode") for e in _extensions(fields, ASSISTANT_LEVEL)), None)
    yield Service(
        id=fields["id"],
        name=fields.get("name", fields["id"]),
        specialty=specialty,
        length=length,
        devices=tuple(dict.fromkeys(DEVICE_KINDS[c["system"], c["code"]] for c in needed)),
        assistant_level=level if level in LEVELS else LEVELS[0],
        room_ids=_targets(fields.get("location")),
    )


def _available(role: Fields) -> Hours:
    return _hours(role.get("availableTime", ()), "availableStartTime", "availableEndTime")


def _hours(parts: Iterable[Fields], start: str, end: str) -> Hours:
    days: dict[str, list[Opening]] = {day: [] for day in DAYS}
    for part in parts:
        for day in part.get("daysOfWeek", DAYS):
            if part.get("allDay"):
                days[day].append(Opening(MIDNIGHT, MIDNIGHT))
            elif start in part and end in part:
                days[day].append(Opening(time.fromisoformat(part[start]), time.fromisoformat(part[end])))
    return Hours(tuple(tuple(sorted(openings, key=lambda o: o.start)) for openings in days.values()))


def _extensions(fields: Fields, url: str) -> list[Fields]:
    return [e for e in fields.get("extension", ()) if e.get("url") == url]


def _duration(fields: Fields, url: str) -> timedelta | None:
    for extension in _extensions(fields, url):
        return timedelta(minutes=int(extension["valueDuration"]["value"]))
    return None


def _first_moment(text: str | None) -> datetime | None:
    return span(text, UTC)[0] if text else None


def _target(reference: Any) -> str:
    named = literal(reference)
    return named[1] if named else ""


def _targets(references: Any) -> tuple[str, ...]:
    return tuple(found for found in (_target(reference) for reference in references or ()) if found)


def _person_name(person: Fields) -> str:
    name: Fields = next(iter(person.get("name", ())), {})
    parts = [*name.get("prefix", ()), *name.get("given", ()), name.get("family", "")]
    return str(name.get("text") or " ".join(part for part in parts if part) or person["id"])


def _address(address: Fields) -> str:
    town = " ".join(filter(None, (address.get("postalCode"), address.get("city"))))
    return str(address.get("text") or ", ".join(filter(None, (*address.get("line", ()), town))))


def faults(fields: Fields) -> Iterator[Issue]:
    """What a valid resource lacks to be planned with: so that reading the directory never fails."""
    kind = fields["resourceType"]
    if "id" not in fields:
        yield Issue("required", "a directory resource has an id", f"{kind}.id")
    if kind == "Schedule" and len(fields.get("id", "")) > LONGEST_SCHEDULE_ID:
        yield Issue("too-long", f"a Schedule's id has at most {LONGEST_SCHEDULE_ID} characters", "Schedule.id")
    for n, extension in enumerate(fields.get("extension", ())):
        rule = _RULES.get(extension["url"])
        if rule is not None and not rule(extension):
            yield Issue("value", f"not what {extension['url']} may hold", f"{kind}.extension[{n}]")
    for name, start, end in _HOURS.get(kind, ()):
        for n, part in enumerate(fields.get(name, ())):
            if not _is_opening(part, start, end):
                yield Issue("value", "allDay, or a start before an end, in whole minutes", f"{kind}.{name}[{n}]")


def _is_minutes(extension: Fields, least: int) -> bool:
    duration = extension.get("valueDuration", {})
    value = duration.get("value")
    unit = duration.get("code", duration.get("unit"))
    return isinstance(value, int | float) and least <= value <= 480 and value % 5 == 0 and unit == "min"


def _is_device(extension: Fields) -> bool:
    coding = extension.get("valueCoding", {})
    return (coding.get("system", ""), coding.get("code", "")) in DEVICE_KINDS


def _is_zone(extension: Fields) -> bool:
    try:
        ZoneInfo(extension.get("valueCode", ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_moment(extension: Fields) -> bool:
    try:
        return span(extension.get("valueDateTime", ""), UTC) is not None
    except (ValueError, OverflowError):
        return False


def _is_opening(part: Fields, start: str, end: str) -> bool:
    if part.get("allDay"):
        return True
    if start not in part or end not in part:
        return False
    opens, closes = time.fromisoformat(part[start]), time.fromisoformat(part[end])
    whole = not any((opens.second, opens.microsecond, closes.second, closes.microsecond))
    return whole and (opens < closes or closes == MIDNIGHT)


_RULES: dict[str, Callable[[Fields], bool]] = {
    LENGTH: lambda extension: _is_minutes(extension, 5),
    CLEANING: lambda extension: _is_minutes(extension, 0),
    REQUIRED_DEVICE: _is_device,
    ASSISTANT_LEVEL: lambda extension: extension.get("valueCode") in LEVELS,
    BOOKABLE_UNTIL: _is_moment,
    TIMEZONE: _is_zone,
}

_HOURS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Location": (("hoursOfOperation", "openingTime", "closingTime"),),
    "PractitionerRole": (("availableTime", "availableStartTime", "availableEndTime"),),
    "HealthcareService": (("availableTime", "availableStartTime", "availableEndTime"),),
}


_ACTIVE = {"active": "token active"}
_SEARCH: dict[str, dict[str, str]] = {
    "Organization": _ACTIVE | {"name": "string name"},
    "Practitioner": _ACTIVE | {"identifier": "token identifier", "name": "string name"},
    "PractitionerRole": _ACTIVE
    | {
        "practitioner": "reference practitioner Practitioner",
        "organization": "reference organization Organization",
        "role": "token code",
        "specialty": "token specialty",
        "location": "reference location Location",
        "service": "reference healthcareService HealthcareService",
    },
    "Location": {
        "name": "string name",
        "status": "token status",
        "organization": "reference managingOrganization Organization",
        "partof": "reference partOf Location",
    },
    "Device": {
        "identifier": "token identifier",
        "status": "token status",
        "type": "token type",
        "location": "reference location Location",
    },
    "HealthcareService": _ACTIVE
    | {
        "service-type": "token type",
        "specialty": "token specialty",
        "name": "string name",
        "location": "reference location Location",
        "organization": "reference providedBy Organization",
    },
    "Schedule": _ACTIVE
    | {
        "service-type": "token serviceType",
        "specialty": "token specialty",
        "actor": "reference actor Practitioner PractitionerRole HealthcareService Location Device",
    },
}
"""What each type is searched by: the kind of parameter, the element, the types that it refers to."""


def parameters(kind: str) -> dict[str, Parameter]:
    """The search parameters of a type."""
    return {name: _parameter(name, *how.split()) for name, how in _SEARCH[kind].items()}


def _parameter(name: str, type_: str, _element: str, *targets: str) -> Parameter:
    return Parameter(name, cast(ParameterType, type_), targets)


def terms(fields: Fields) -> Iterator[Term]:
    """What a resource is found by."""
    for name, how in _SEARCH[fields["resourceType"]].items():
        type_, element, *_ = how.split()
        value = fields.get(element)
        for part in value if isinstance(value, list) else [] if value is None else [value]:
            yield from _terms(name, type_, part)


def _terms(name: str, type_: str, value: Any) -> Iterator[Term]:
    match type_, value:
        case "token", bool():
            yield Term(name, str(value).lower())
        case "token", {"value": code}:
            yield Term(name, code, value.get("system", ""))
        case "token", {"coding": _}:
            yield from (Term(name, code, system) for system, code in codings(value))
        case ("token", str()):
            yield Term(name, value)
        case "string", str():
            yield Term(name, fold(value))
        case "string", _:
            parts = (value.get("text"), value.get("family"), *value.get("given", ()), *value.get("prefix", ()))
            yield from (Term(name, fold(part)) for part in parts if part)
        case "reference", _:
            named = literal(value)
            if named:
                yield Term(name, "/".join(named))
