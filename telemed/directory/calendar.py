"""Opening hours: wall time by weekday, less public holidays and absences, plus exceptions; as moments in UTC. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

MIDNIGHT = time(0)
_LAND = re.compile("[A-Z]{2}(-[A-Z0-9]{1,3})?")
"""The form of a code in ISO 3166-1 or 3166-2."""

Span = tuple[datetime, datetime]
"""From the first moment to the last (excluded), aware."""


class UnknownCalendar(ValueError):
    """No calendar of public holidays has this code."""


@dataclass(frozen=True)
class Opening:
    """Wall time on one weekday; an *end* of 0:00 is the midnight that follows."""

    start: time
    end: time


@dataclass(frozen=True)
class Hours:
    """Opening hours in wall time: seven tuples, Monday first.

    *holidays*: ISO 3166-2 code of the land on whose public holidays it is closed, or empty. *closed*: absences and
    closures; they win over everything. *extra*: opened beside the weekly hours, on holidays too.
    """

    by_weekday: tuple[tuple[Opening, ...], ...] = ((),) * 7
    holidays: str = ""
    closed: tuple[Span, ...] = ()
    extra: tuple[Span, ...] = ()

    def on(self, day: date, zone: ZoneInfo) -> tuple[Span, ...]:
        """The weekly openings of *day* as moments in UTC, in the order given; none on a public holiday."""
        if self.holidays and is_holiday(self.holidays, day):
            return ()
        return tuple((_moment(day, o.start, zone), _closing(day, o, zone)) for o in self.by_weekday[day.weekday()])

    def between(self, start: datetime, end: datetime, zone: ZoneInfo) -> list[Span]:
        """When it is open between two moments, sorted; pieces that touch are one."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        day, last = (moment.astimezone(zone).date() for moment in (start, end))
        day -= timedelta(days=1)
        found: list[Span] = [(a.astimezone(UTC), b.astimezone(UTC)) for a, b in self.extra]
        while day <= last:
            found += self.on(day, zone)
            day += timedelta(days=1)
        return list(_within(_less(merged(found), self.closed), start, end))

    def plus(self, other: "Hours") -> "Hours":
        """Both together, for somebody with two roles; who is absent is so in both."""
        pairs = zip(self.by_weekday, other.by_weekday, strict=True)
        weekly = tuple(tuple(sorted({*a, *b}, key=lambda o: o.start)) for a, b in pairs)
        closed, extra = (tuple(sorted({*a, *b})) for a, b in ((self.closed, other.closed), (self.extra, other.extra)))
        return Hours(weekly, self.holidays or other.holidays, closed, extra)


ALWAYS = Hours(((Opening(MIDNIGHT, MIDNIGHT),),) * 7)


def is_holiday(code: str, day: date) -> bool:
    """Whether *day* is a public holiday of the land *code* (``DE-TH``).

    Raises:
        UnknownCalendar: nobody knows this land's holidays.
    """
    return day in _holidays(code, day.year)


@cache
def _holidays(code: str, year: int) -> frozenset[date]:
    if not _LAND.fullmatch(code):  # what else the package would take is no land
        raise UnknownCalendar(code)
    country, _, land = code.partition("-")
    try:
        return frozenset(holidays.country_holidays(country, subdiv=land or None, years=year))
    except NotImplementedError:
        raise UnknownCalendar(code) from None


def merged(spans: Iterable[Span]) -> list[Span]:
    """Sorted; those that overlap or touch are one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found


def _less(opened: Iterable[Span], closed: tuple[Span, ...]) -> Iterator[Span]:
    gone = merged((a.astimezone(UTC), b.astimezone(UTC)) for a, b in closed)
    for start, end in opened:
        at = start
        for gone_start, gone_end in gone:
            if gone_end <= at or gone_start >= end:
                continue
            if gone_start > at:
                yield at, gone_start
            at = gone_end
        if at < end:
            yield at, end


def _within(spans: Iterable[Span], start: datetime, end: datetime) -> Iterator[Span]:
    for a, b in spans:
        first, last = max(a, start), min(b, end)
        if first < last:
            yield first, last


def _moment(day: date, wall: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, wall, tzinfo=zone).astimezone(UTC)


def _closing(day: date, opening: Opening, zone: ZoneInfo) -> datetime:
    return _moment(day + timedelta(days=1) if opening.end == MIDNIGHT else day, opening.end, zone)
