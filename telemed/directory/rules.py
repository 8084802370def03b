"""What a valid resource must satisfy to be planned with, so that reading the directory never fails. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, time, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from telemed.directory import fhir, translated
from telemed.directory.calendar import MIDNIGHT, UnknownCalendar, is_holiday
from telemed.directory.hours import ALSO_AVAILABLE, HOLIDAYS, NO_HOLIDAYS, NOT_AVAILABLE, Fields, extensions, period
from telemed.directory.model import LEVELS, SETTINGS, Template
from telemed.fhir.codes import unknown_specialties
from telemed.fhir.issues import Issue
from telemed.fhir.resource import span

LONGEST_SCHEDULE_ID = 44
"""Leaves room in a Slot's id for the start and the length."""

LONGEST_MINUTES = 480
PERIOD = "a period whose start is before its end"
ANY_DAY = date(2026, 1, 1)
ZONES = (timezone(timedelta(hours=14)), timezone(timedelta(hours=-12)))
"""The first and the last on Earth."""


def faults(fields: Fields) -> Iterator[Issue]:
    """What a valid resource lacks, each with its place."""
    kind = fields["resourceType"]
    if "id" not in fields:
        yield Issue("required", "a directory resource has an id", f"{kind}.id")
    if kind == "Schedule" and len(fields.get("id", "")) > LONGEST_SCHEDULE_ID:
        yield Issue("too-long", f"a Schedule's id has at most {LONGEST_SCHEDULE_ID} characters", "Schedule.id")
    yield from unknown_specialties(fields, kind)
    yield from _of_extensions(fields, kind)
    yield from translated.faults(fields, kind)
    yield from _of_hours(fields, kind)
    match kind:
        case "PractitionerRole":
            yield from _of_absences(fields)
        case "Location":
            yield from _of_position(fields)
        case "HealthcareService":
            yield from _of_presence(fields)


def _of_extensions(fields: Fields, kind: str) -> Iterator[Issue]:
    for n, extension in enumerate(fields.get("extension", ())):
        rule = _RULES.get(extension["url"])
        if rule is not None and not rule.holds(extension):
            yield Issue("value", f"{extension['url']} holds {rule.what}", f"{kind}.extension[{n}]")


def _of_hours(fields: Fields, kind: str) -> Iterator[Issue]:
    for name, start, end in _HOURS.get(kind, ()):
        for n, part in enumerate(fields.get(name, ())):
            if not _is_opening(part, start, end):
                yield Issue("value", "allDay, or a start before an end, in whole minutes", f"{kind}.{name}[{n}]")


def _of_absences(role: Fields) -> Iterator[Issue]:
    for n, absence in enumerate(role.get("notAvailable", ())):
        if "during" in absence and not _is_period(absence["during"]):
            yield Issue("value", f"during is {PERIOD}", f"PractitionerRole.notAvailable[{n}].during")


def _of_position(place: Fields) -> Iterator[Issue]:
    for name, most in (("latitude", 90), ("longitude", 180)):
        if not -most <= place.get("position", {}).get(name, 0) <= most:
            yield Issue("value", f"{name} is between -{most} and {most} degrees", f"Location.position.{name}")


def _of_presence(service: Fields) -> Iterator[Issue]:
    lengths = [e for e in extensions(service, fhir.LENGTH) if _is_minutes(e, 5)]
    for n, extension in enumerate(service.get("extension", ())):
        if extension["url"] != fhir.ASSISTANT_MINUTES or not _is_minutes(extension, 5):
            continue
        if any(_minutes(extension) > _minutes(length) for length in lengths):
            text = "the assistant is needed for no longer than the service lasts"
            yield Issue("value", text, f"HealthcareService.extension[{n}]")


def _minutes(extension: Fields) -> float:
    return float(extension["valueDuration"]["value"])


def _is_minutes(extension: Fields, least: int) -> bool:
    duration = extension.get("valueDuration", {})
    value = duration.get("value")
    unit = duration.get("code", duration.get("unit"))
    return isinstance(value, int | float) and least <= value <= LONGEST_MINUTES and value % 5 == 0 and unit == "min"


def _is_device(extension: Fields) -> bool:
    coding = extension.get("valueCoding", {})
    return (coding.get("system", ""), coding.get("code", "")) in fhir.DEVICE_KINDS


def _is_zone(extension: Fields) -> bool:
    try:
        ZoneInfo(extension.get("valueCode", ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_calendar(extension: Fields) -> bool:
    code = extension.get("valueCode", "")
    try:
        is_holiday(code, ANY_DAY)
    except UnknownCalendar:
        return bool(code == NO_HOLIDAYS)
    return True


def _is_moment(extension: Fields) -> bool:
    try:
        return span(extension.get("valueDateTime", ""), UTC) is not None
    except (ValueError, OverflowError):
        return False


def _is_period(fields: Fields) -> bool:
    """Whether it can be placed in every zone, and is one at least somewhere."""
    try:
        spans = [period(fields, zone) for zone in ZONES]
    except (ValueError, OverflowError):
        return False
    return any(start < end for start, end in spans)


def _is_opening(part: Fields, start: str, end: str) -> bool:
    if part.get("allDay"):
        return True
    if start not in part or end not in part:
        return False
    opens, closes = time.fromisoformat(part[start]), time.fromisoformat(part[end])
    whole = not any((opens.second, opens.microsecond, closes.second, closes.microsecond))
    return whole and (opens < closes or closes == MIDNIGHT)


LONGEST_FLOOR = 80


def _is_floor(extension: Fields) -> bool:
    return 0 < len(extension.get("valueString", "")) <= LONGEST_FLOOR


def _is_way(extension: Fields) -> bool:
    try:
        told = all(translated.is_one(each) for each in extensions(extension, translated.OF_WAY))
        return told and len(fhir.way(extension).text) <= LONGEST_FLOOR
    except ValueError:
        return False


def _is_absence(extension: Fields) -> bool:
    return "valuePeriod" in extension and _is_period(extension["valuePeriod"])


def _is_extra_opening(extension: Fields) -> bool:
    return _is_absence(extension) and {"start", "end"} <= extension["valuePeriod"].keys()


@dataclass(frozen=True)
class _Rule:
    """*what* an extension holds, in words, and whether it does."""

    what: str
    holds: Callable[[Fields], bool]


_FROM_5 = _Rule("minutes, a multiple of 5 from 5 to 480", lambda extension: _is_minutes(extension, 5))
_FROM_0 = _Rule("minutes, a multiple of 5 from 0 to 480", lambda extension: _is_minutes(extension, 0))
_YES_OR_NO = _Rule("a valueBoolean", lambda extension: "valueBoolean" in extension)

_RULES = {
    fhir.LENGTH: _FROM_5,
    fhir.ASSISTANT_MINUTES: _FROM_5,
    fhir.SETUP: _FROM_0,
    fhir.CLEANING: _FROM_0,
    fhir.BUFFER_BEFORE: _FROM_0,
    fhir.BUFFER_AFTER: _FROM_0,
    fhir.REQUIRED_DEVICE: _Rule("a device kind that is known here", _is_device),
    fhir.ASSISTANT_LEVEL: _Rule(f"one of {', '.join(LEVELS)}", lambda extension: extension.get("valueCode") in LEVELS),
    fhir.SETTING: _Rule(f"one of {', '.join(SETTINGS)}", lambda extension: extension.get("valueCode") in SETTINGS),
    fhir.NEEDS_ORDER: _YES_OR_NO,
    fhir.NEEDS_CONFIRMATION: _YES_OR_NO,
    fhir.WHEELCHAIR: _YES_OR_NO,
    fhir.COMPANION: _YES_OR_NO,
    fhir.FLOOR: _Rule(f"a valueString of at most {LONGEST_FLOOR} characters", _is_floor),
    fhir.WAY: _Rule(f"a picture of ours, an arrow, and a text of at most {LONGEST_FLOOR} characters", _is_way),
    fhir.TEMPLATE: _Rule(
        f"one of {', '.join(Template)}", lambda extension: extension.get("valueCode") in tuple(Template)
    ),
    fhir.BOOKABLE_UNTIL: _Rule("a moment", _is_moment),
    NOT_AVAILABLE: _Rule(PERIOD, _is_absence),
    ALSO_AVAILABLE: _Rule(f"{PERIOD}, both given", _is_extra_opening),
    HOLIDAYS: _Rule("a land whose holidays are known (ISO 3166-2, like DE-TH), or none", _is_calendar),
    fhir.TIMEZONE: _Rule("an IANA time zone", _is_zone),
}

_HOURS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Location": (("hoursOfOperation", "openingTime", "closingTime"),),
    "PractitionerRole": (("availableTime", "availableStartTime", "availableEndTime"),),
    "HealthcareService": (("availableTime", "availableStartTime", "availableEndTime"),),
}
