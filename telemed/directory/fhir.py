"""FHIR resources as the planner's values. Pure; `hours` reads when they are open, `rules` says what each must satisfy.

Elements of FHIR are used where they exist: ``PractitionerRole.notAvailable.during`` is an absence,
``Location.position`` where a room lies, ``Practitioner.communication`` (BCP 47) what somebody speaks. A period without
an end is for good; one of dates is whole days of the quarter's zone. What FHIR has no element for stands in these
extensions (durations are minutes, multiples of 5):

======================================  ================================  ==========================================
url                                     on                                value
======================================  ================================  ==========================================
``urn:telemed:fhir:length``             HealthcareService                 valueDuration
``urn:telemed:fhir:required-device``    HealthcareService                 valueCoding, one for each device it needs;
                                                                          given twice, two of the kind
``urn:telemed:fhir:assistant-level``    HealthcareService                 valueCode: helper, medical-assistant, nurse
``urn:telemed:fhir:assistant-minutes``  HealthcareService                 valueDuration from the beginning; without
                                                                          it the assistant is needed throughout
``urn:telemed:fhir:needs-order``        HealthcareService                 valueBoolean: only on a doctor's order
``urn:telemed:fhir:needs-confirmation``  HealthcareService                valueBoolean: staff confirm what programs book
``urn:telemed:fhir:setting``            Location                          valueCode: room, home, apartment; makes any
                                                                          Location a place for visits
``urn:telemed:fhir:setup``              Location                          valueDuration kept free before each visit
``urn:telemed:fhir:cleaning``           Location                          valueDuration kept free after each visit
``urn:telemed:fhir:wheelchair``         Location                          valueBoolean: one gets in with a wheelchair
``urn:telemed:fhir:companion``          Location                          valueBoolean: somebody may come along
``urn:telemed:fhir:way``                Location                          the way to the room from its monitor, in
                                                                          extensions ``picture`` (valueCode, one of
                                                                          `schemas.day.PICTURES`), ``arrow`` (valueCode:
                                                                          left, right, ahead, up, down) and, if wished,
                                                                          ``text`` (valueString)
``urn:telemed:fhir:buffer-before``      PractitionerRole, Device          valueDuration kept free before each visit
``urn:telemed:fhir:buffer-after``       PractitionerRole, Device          valueDuration kept free after each visit
``urn:telemed:fhir:not-available``      Location, Device                  valuePeriod, closed or away
``urn:telemed:fhir:also-available``     PractitionerRole, Location        valuePeriod, open beside the weekly hours
``urn:telemed:fhir:holidays``           Location, PractitionerRole        valueCode, ISO 3166-2: closed on the public
                                                                          holidays of this land, or ``none``; on the
                                                                          quarter it is for all who say nothing
``urn:telemed:fhir:bookable-until``     Device                            valueDateTime, from then on not to be booked
``urn:telemed:fhir:session-template``   PractitionerRole                  valueCode of `Template`: how visits follow
`TIMEZONE`                              Location                          valueCode, an IANA zone
======================================  ================================  ==========================================

In which other languages names, floors and ways may stand there: `translated`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from schemas.day import PICTURES, Arrow, Way
from telemed.directory import translated
from telemed.directory.hours import Fields, Quarter, extensions, holidays_of, value
from telemed.directory.model import (
    LEVELS,
    Assistant,
    AssistantLevel,
    Buffers,
    Device,
    Directory,
    Doctor,
    Interpreter,
    Room,
    Service,
    Template,
)
from telemed.directory.systems import (
    BCP_47,
    DEVICE_KINDS,
    MDC,
    OWN_DEVICES,
    OWN_LEVELS,
    OWN_ROLES,
    OWN_SERVICES,
    PHYSICAL_TYPES,
    ROLES,
    SPECIALTIES,
)
from telemed.fhir.resource import codings, literal, span
from telemed.kit.i18n import in_all

__all__ = [
    "BCP_47",
    "DEVICE_KINDS",
    "MDC",
    "OWN_DEVICES",
    "OWN_LEVELS",
    "OWN_ROLES",
    "OWN_SERVICES",
    "PHYSICAL_TYPES",
    "ROLES",
    "SPECIALTIES",
]
"""Passed on to whoever writes resources."""

LENGTH = "urn:telemed:fhir:length"
REQUIRED_DEVICE = "urn:telemed:fhir:required-device"
ASSISTANT_LEVEL = "urn:telemed:fhir:assistant-level"
ASSISTANT_MINUTES = "urn:telemed:fhir:assistant-minutes"
NEEDS_ORDER = "urn:telemed:fhir:needs-order"
NEEDS_CONFIRMATION = "urn:telemed:fhir:needs-confirmation"
SETTING = "urn:telemed:fhir:setting"
SETUP = "urn:telemed:fhir:setup"
CLEANING = "urn:telemed:fhir:cleaning"
FLOOR = "urn:telemed:fhir:floor"
WAY = "urn:telemed:fhir:way"
WHEELCHAIR = "urn:telemed:fhir:wheelchair"
COMPANION = "urn:telemed:fhir:companion"
BUFFER_BEFORE = "urn:telemed:fhir:buffer-before"
BUFFER_AFTER = "urn:telemed:fhir:buffer-after"
BOOKABLE_UNTIL = "urn:telemed:fhir:bookable-until"
TEMPLATE = "urn:telemed:fhir:session-template"
TIMEZONE = "http://hl7.org/fhir/StructureDefinition/timezone"


def directory(resources: Iterable[Fields], version: int, stamp: str = "") -> Directory:
    """The whole directory. What is inactive, or lacks what planning needs, is left out."""
    by_kind: dict[str, dict[str, Fields]] = defaultdict(dict)
    for fields in resources:
        by_kind[fields["resourceType"]][fields["id"]] = fields
    places = by_kind["Location"].values()
    sites = [f for f in places if "partOf" not in f and not _is_for_visits(f)]
    quarter = Quarter(_zone(places), next(filter(None, (holidays_of(site, "") for site in sites)), ""))
    employed = list(_employed(by_kind))
    doctors = _each((d for p, r in employed for d in _doctor(p, r, quarter)), _both_doctors)
    assistants = _each((a for p, r in employed for a in _assistant(p, r, quarter)), _both_assistants)
    interpreters = _each((i for p, r in employed for i in _interpreter(p, r, quarter)), _both_interpreters)
    return Directory(
        zone=quarter.zone,
        doctors=doctors,
        # one person is one resource of a visit, so who is a doctor neither assists nor interprets
        assistants={i: a for i, a in assistants.items() if i not in doctors},
        rooms={f["id"]: _room(f, quarter) for f in places if _is_for_visits(f) and _is_active(f)},
        devices={d.id: d for f in by_kind["Device"].values() for d in _device(f, quarter)},
        services={s.id: s for f in by_kind["HealthcareService"].values() for s in _service(f)},
        schedules={f["id"]: _targets(f.get("actor")) for f in by_kind["Schedule"].values() if _is_active(f)},
        version=version,
        quarter_name=next((translated.name(site) for site in sites), ""),
        interpreters={i: one for i, one in interpreters.items() if i not in doctors and i not in assistants},
        stamp=stamp,
    )


def _zone(places: Iterable[Fields]) -> ZoneInfo:
    names = (str(value(fields, TIMEZONE, "valueCode", "")) for fields in places)
    return ZoneInfo(next((name for name in names if name), "UTC"))


Employed = tuple[Fields, Fields]
"""A Practitioner and one of the PractitionerRoles."""

Person = TypeVar("Person", Doctor, Assistant, Interpreter)


def _employed(by_kind: Mapping[str, Mapping[str, Fields]]) -> Iterator[Employed]:
    for role in by_kind["PractitionerRole"].values():
        person = by_kind["Practitioner"].get(_target(role.get("practitioner")))
        if person is not None and _is_active(person) and _is_active(role):
            yield person, role


def _each(found: Iterable[Person], both: Callable[[Person, Person], Person]) -> dict[str, Person]:
    people: dict[str, Person] = {}
    for one in found:
        people[one.id] = both(people[one.id], one) if one.id in people else one
    return people


def _doctor(person: Fields, role: Fields, quarter: Quarter) -> Iterator[Doctor]:
    if (ROLES, "doctor") in codings(role.get("code")):
        yield Doctor(
            id=person["id"],
            name=_person_name(person),
            specialties=tuple(code for system, code in codings(role.get("specialty")) if system == SPECIALTIES),
            hours=quarter.person(role),
            role_id=role["id"],
            service_ids=_targets(role.get("healthcareService")),
            languages=_languages(person),
            buffers=_buffers(role),
            template=Template(value(role, TEMPLATE, "valueCode", Template.INDIVIDUAL)),
        )


def _both_doctors(one: Doctor, other: Doctor) -> Doctor:
    """Somebody with two roles; limited to services only if both roles are."""
    limited = one.service_ids and other.service_ids
    return replace(
        one,
        specialties=tuple(dict.fromkeys(one.specialties + other.specialties)),
        hours=one.hours.plus(other.hours),
        service_ids=one.service_ids + other.service_ids if limited else (),
        buffers=_longer(one.buffers, other.buffers),
    )


def _assistant(person: Fields, role: Fields, quarter: Quarter) -> Iterator[Assistant]:
    level, rooms = _level_of(role), _targets(role.get("location"))
    if level is not None:
        yield Assistant(person["id"], _person_name(person), level, quarter.person(role), rooms, _buffers(role))


def _both_assistants(one: Assistant, other: Assistant) -> Assistant:
    return replace(
        one,
        level=max(one.level, other.level, key=LEVELS.index),
        hours=one.hours.plus(other.hours),
        room_ids=one.room_ids + other.room_ids if one.room_ids and other.room_ids else (),
        buffers=_longer(one.buffers, other.buffers),
    )


def _level_of(role: Fields) -> AssistantLevel | None:
    codes = {code for system, code in codings(role.get("code")) if system == OWN_LEVELS}
    return next((level for level in LEVELS if level in codes), None)


def _interpreter(person: Fields, role: Fields, quarter: Quarter) -> Iterator[Interpreter]:
    if (OWN_ROLES, "interpreter") in codings(role.get("code")):
        name, hours = _person_name(person), quarter.person(role)
        yield Interpreter(person["id"], name, _languages(person), hours, _buffers(role))


def _both_interpreters(one: Interpreter, other: Interpreter) -> Interpreter:
    return replace(one, hours=one.hours.plus(other.hours), buffers=_longer(one.buffers, other.buffers))


def _languages(person: Fields) -> tuple[str, ...]:
    """As told, and without the region: who speaks de-AT speaks de."""
    told = [code for system, code in codings(person.get("communication")) if system == BCP_47]
    return tuple(dict.fromkeys(each for code in told for each in (code, code.partition("-")[0])))


def _buffers(fields: Fields) -> Buffers:
    return Buffers(_duration(fields, BUFFER_BEFORE), _duration(fields, BUFFER_AFTER))


def _longer(one: Buffers, other: Buffers) -> Buffers:
    return Buffers(max(one.before, other.before), max(one.after, other.after))


def _is_active(fields: Fields) -> bool:
    return bool(fields.get("active", True)) and fields.get("status", "active") == "active"


def _is_for_visits(place: Fields) -> bool:
    return (PHYSICAL_TYPES, "ro") in codings(place.get("physicalType")) or bool(extensions(place, SETTING))


def _room(place: Fields, quarter: Quarter) -> Room:
    phones = (t.get("value", "") for t in place.get("telecom", ()) if t.get("system") == "phone")
    position = place.get("position")
    return Room(
        id=place["id"],
        name=translated.name(place, place["id"]),
        hours=quarter.room(place),
        cleaning=_duration(place, CLEANING),
        address=_address(place.get("address", {})),
        phone=next(phones, ""),
        setup=_duration(place, SETUP),
        setting=value(place, SETTING, "valueCode", "room"),
        wheelchair=value(place, WHEELCHAIR, "valueBoolean", False),
        companion=value(place, COMPANION, "valueBoolean", True),
        position=(float(position["latitude"]), float(position["longitude"])) if position else None,
        floor=translated.text(value(place, FLOOR, "valueString", ""), extensions(place, translated.OF_FLOOR)),
        way=next((way(each) for each in extensions(place, WAY)), None),
    )


def way(extension: Fields) -> Way:
    """
    Raises:
        ValueError: it has no picture of ours or no arrow.
    """
    picture = value(extension, "picture", "valueCode", "")
    if picture not in PICTURES:
        raise ValueError(f"no picture {picture}")
    arrow = Arrow(value(extension, "arrow", "valueCode", ""))
    text = translated.text(value(extension, "text", "valueString", ""), extensions(extension, translated.OF_WAY))
    return Way(picture=picture, arrow=arrow, text=text, texts=in_all(text))


def _device(fields: Fields, quarter: Quarter) -> Iterator[Device]:
    kind = next((DEVICE_KINDS[c] for c in codings(fields.get("type")) if c in DEVICE_KINDS), None)
    room_id = _target(fields.get("location"))
    if kind is None or not room_id or not _is_active(fields):
        return
    until = value(fields, BOOKABLE_UNTIL, "valueDateTime", None)
    names = (n.get("name", "") for n in fields.get("deviceName", ()))
    yield Device(
        id=fields["id"],
        kind=kind,
        room_id=room_id,
        bookable_until=span(until, UTC)[0] if until else None,
        name=next(names, fields["id"]),
        hours=quarter.device(fields),
        buffers=_buffers(fields),
        serial=fields.get("serialNumber", ""),
    )


def _service(fields: Fields) -> Iterator[Service]:
    length = _duration(fields, LENGTH)
    specialty = next((c for s, c in codings(fields.get("specialty")) if s == SPECIALTIES), None)
    if not length or specialty is None or not _is_active(fields):
        return
    needed = (e["valueCoding"] for e in extensions(fields, REQUIRED_DEVICE))
    yield Service(
        id=fields["id"],
        name=translated.name(fields, fields["id"]),
        specialty=specialty,
        length=length,
        devices=tuple(sorted(DEVICE_KINDS[c["system"], c["code"]] for c in needed)),
        assistant_level=value(fields, ASSISTANT_LEVEL, "valueCode", LEVELS[0]),
        room_ids=_targets(fields.get("location")),
        assistant_for=_duration(fields, ASSISTANT_MINUTES) or None,
        needs_order=value(fields, NEEDS_ORDER, "valueBoolean", False),
        needs_confirmation=value(fields, NEEDS_CONFIRMATION, "valueBoolean", False),
        codes=tuple(dict.fromkeys([(OWN_SERVICES, fields["id"]), *codings(fields.get("type"))])),
    )


def _duration(fields: Fields, url: str) -> timedelta:
    """Nothing where the resource does not say."""
    return timedelta(minutes=int(value(fields, url, "valueDuration", {"value": 0})["value"]))


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
