"""When somebody or something is open: FHIR's hours, absences and periods as `Hours`. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from telemed.directory.calendar import ALWAYS, MIDNIGHT, Hours, Opening, Span
from telemed.fhir.resource import span

NOT_AVAILABLE = "urn:telemed:fhir:not-available"
ALSO_AVAILABLE = "urn:telemed:fhir:also-available"
HOLIDAYS = "urn:telemed:fhir:holidays"

NO_HOLIDAYS = "none"
EVER = datetime.min.replace(tzinfo=UTC)
FOR_GOOD = datetime.max.replace(tzinfo=UTC)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Quarter:
    """What opening hours are read with: the zone, and the holidays of all who say nothing."""

    zone: ZoneInfo
    holidays: str

    def person(self, role: Fields) -> Hours:
        weekly = _weekly(role.get("availableTime", ()), "availableStartTime", "availableEndTime")
        absent = [absence["during"] for absence in role.get("notAvailable", ()) if "during" in absence]
        return self._exceptions(role, Hours(weekly), absent)

    def room(self, place: Fields) -> Hours:
        weekly = _weekly(place.get("hoursOfOperation", ()), "openingTime", "closingTime")
        return self._exceptions(place, Hours(weekly), _periods(place, NOT_AVAILABLE))

    def device(self, device: Fields) -> Hours:
        return replace(ALWAYS, closed=self._spans(_periods(device, NOT_AVAILABLE)))

    def _exceptions(self, fields: Fields, hours: Hours, closed: list[Fields]) -> Hours:
        extra = self._spans(_periods(fields, ALSO_AVAILABLE))
        return replace(hours, holidays=holidays_of(fields, self.holidays), closed=self._spans(closed), extra=extra)

    def _spans(self, periods: list[Fields]) -> tuple[Span, ...]:
        return tuple(sorted(period(each, self.zone) for each in periods))


def period(fields: Fields, zone: tzinfo) -> Span:
    """The moments of a FHIR Period. Its end belongs to it: a date ends with the day, a time of day is that moment.

    Raises:
        ValueError, OverflowError: not a date, or none that can be placed in time.
    """
    first = span(fields["start"], zone)[0] if "start" in fields else EVER
    if "end" not in fields:
        return first, FOR_GOOD
    moment, after = span(fields["end"], zone)
    return first, moment if "T" in fields["end"] else after


def extensions(fields: Fields, url: str) -> list[Fields]:
    """The extensions of this url, in their order."""
    return [e for e in fields.get("extension", ()) if e.get("url") == url]


def value(fields: Fields, url: str, name: str, default: Any) -> Any:
    """The value of the first extension of this url."""
    return next((extension.get(name, default) for extension in extensions(fields, url)), default)


def holidays_of(fields: Fields, inherited: str) -> str:
    """The land on whose holidays it is closed; empty if on none."""
    code = value(fields, HOLIDAYS, "valueCode", "") or inherited
    return "" if code == NO_HOLIDAYS else str(code)


def _weekly(parts: Iterable[Fields], start: str, end: str) -> tuple[tuple[Opening, ...], ...]:
    days: dict[str, list[Opening]] = {day: [] for day in DAYS}
    for part in parts:
        for day in filter(None, part.get("daysOfWeek", DAYS)):
            if part.get("allDay"):
                days[day].append(Opening(MIDNIGHT, MIDNIGHT))
            elif start in part and end in part:
                days[day].append(Opening(time.fromisoformat(part[start]), time.fromisoformat(part[end])))
    return tuple(tuple(sorted(openings, key=lambda o: o.start)) for openings in days.values())


def _periods(fields: Fields, url: str) -> list[Fields]:
    return [extension["valuePeriod"] for extension in extensions(fields, url)]
