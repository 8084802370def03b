"""What IHE's ``$find`` is asked for (ITI-115), by GET or in Parameters: read, and what is understood of it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from telemed.fhir.issues import Issue, Malformed, Told
from telemed.fhir.parameters import Given
from telemed.fhir.resource import codings, span

KINDS = ("specialty", "visit-type", "practitioner", "organization", "location-string", "location-reference")
"""Each of these kinds must be met; what repeats within a kind is any of them, the dearest first."""
MOMENTS = ("start", "end")
MOST, USUAL = 200, 50
REPEATS = 10
DAY = 24 * 60
"""Minutes."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PARTS = {"MORN": (6, 12), "AFT": (12, 18), "EVE": (18, 22)}
"""Of the day, as hours on the wall (EventTiming)."""


@dataclass(frozen=True)
class Item:
    """One parameter as it was given: its name, its value as text, and where it stands; *value*: of a data type."""

    name: str
    text: str
    place: str = ""
    value: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Times:
    """When somebody would like to come: days of the week, and spans of minutes on the wall; empty: whenever."""

    days: frozenset[int] = frozenset()
    hours: tuple[tuple[int, int], ...] = ()
    bounds: tuple[datetime, datetime] | None = None

    def spans(self, first: datetime, last: datetime, zone: tzinfo) -> list[tuple[datetime, datetime]]:
        """Between *first* and *last*, the spans in which somebody would like to begin, by time; they do not touch."""
        if self.bounds:
            first, last = max(first, self.bounds[0]), min(last, self.bounds[1])
        if not self.days and not self.hours:
            return [(first, last)] if first < last else []
        hours = self.hours or ((0, DAY),)
        found: list[tuple[datetime, datetime]] = []
        day, until = first.astimezone(zone).date(), last.astimezone(zone).date()
        while day <= until:
            if not self.days or day.weekday() in self.days:
                found += ((max(first, _at(day, a, zone)), min(last, _at(day, b, zone))) for a, b in hours)
            day += timedelta(days=1)
        return [(a, b) for a, b in found if a < b]


def _at(day: date, minute: int, zone: tzinfo) -> datetime:
    """So many minutes after midnight on the wall; the last is the next midnight."""
    wall = datetime.combine(day + timedelta(days=minute // DAY), time(minute % DAY // 60, minute % 60), tzinfo=zone)
    return wall.astimezone(UTC)


def _merged(hours: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same, in order, and none within or beside another."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(hours):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


@dataclass(frozen=True)
class Sought:
    """*kinds*: what is asked for by name of the parameter. *applied*: what was understood, for the self link."""

    start: datetime
    end: datetime
    kinds: Mapping[str, tuple[Item, ...]]
    times: Times | None
    count: int
    offset: int
    applied: tuple[tuple[str, str], ...]


def items(given: Iterable[Given]) -> list[Item]:
    """The parameters of a body, as an address would have them where it can.

    Raises:
        Malformed: a value is not of a type that its parameter has.
    """
    return [_item(one) for one in given]


def _item(given: Given) -> Item:
    value = given.value
    if isinstance(value, bool) or not isinstance(value, str | int | Mapping):
        raise Malformed([Issue("structure", "this parameter has a value of another type", given.place)])
    if not isinstance(value, Mapping):
        return Item(given.name, str(value), given.place)
    return Item(given.name, _as_text(given.form, value), given.place, value)


def _as_text(form: str, value: Mapping[str, Any]) -> str:
    """A reference, or system and code of a coding; empty for what has no such short form."""
    match form:
        case "valueReference":
            reference = value.get("reference")
            return reference if isinstance(reference, str) else _token(value.get("identifier"), "value")
        case "valueCoding":
            return _token(value, "code")
        case "valueCodeableConcept":
            return next((f"{system}|{code}" for system, code in codings(dict(value))), str(value.get("text", "")))
        case _:
            return ""


def _token(value: Any, name: str) -> str:
    if not isinstance(value, Mapping) or not isinstance(value.get(name), str):
        return ""
    return f"{value.get('system', '')}|{value[name]}"


def sought(given: Iterable[Item], zone: tzinfo, place: str = "") -> Sought:
    """What *given* asks for; *place*: of all of them together, where they have one.

    Raises:
        Malformed: start or end is missing or no moment, or a parameter is repeated too often.
        Told: 422, it ends before it starts.
    """
    by_name: dict[str, list[Item]] = {}
    for one in given:
        if one.text or one.value:
            by_name.setdefault(one.name, []).append(one)
    start, end = (_moment(by_name.get(name, []), name, zone, place) for name in MOMENTS)
    if start >= end:
        place = by_name["end"][0].place
        raise Told(422, [Issue("business-rule", "end lies behind start", place)])
    kinds = {name: tuple(by_name[name]) for name in KINDS if name in by_name}
    for each in kinds.values():
        if len(each) > REPEATS:
            raise Malformed([Issue("too-costly", f"a parameter is given {REPEATS} times at most", each[-1].place)])
    applied = [(one.name, one.text) for name in (*MOMENTS, *KINDS) for one in by_name.get(name, ())]
    applied += [("_count", one.text) for one in by_name.get("_count", ())[:1]]
    return Sought(
        start,
        end,
        kinds,
        _times(by_name.get("timing", []), zone),
        min(_number(by_name, "_count", USUAL), MOST),
        _number(by_name, "_offset", 0),
        tuple(applied),
    )


def _moment(given: list[Item], name: str, zone: tzinfo, place: str) -> datetime:
    """The first moment of a start, and the first behind an end that is a whole day."""
    if not given:
        raise Malformed([Issue("required", f"{name} says between which moments to look (ITI-115)", place)])
    if len(given) > 1:
        raise Malformed([Issue("structure", f"{name} is given once", given[1].place)])
    try:
        first, after = span(given[0].text, zone)
    except (ValueError, OverflowError):
        raise Malformed([Issue("value", f"{name} is a dateTime", given[0].place)]) from None
    return first if name == "start" or "T" in given[0].text else after


def _number(by_name: Mapping[str, list[Item]], name: str, usual: int) -> int:
    given = by_name.get(name)
    if not given:
        return usual
    if not given[0].text.isascii() or not given[0].text.isdigit() or len(given[0].text) > 6:
        raise Malformed([Issue("value", f"{name} is a number, 0 or more", given[0].place)])
    return int(given[0].text)


def _times(given: list[Item], zone: tzinfo) -> Times | None:
    """Of a Timing what planning can heed: days of the week, times and parts of the day, and its bounds."""
    repeat = given[0].value.get("repeat") if given else None
    if not isinstance(repeat, Mapping):
        return None
    try:
        days = frozenset(_DAYS.index(one) for one in filter(None, repeat.get("dayOfWeek", ())))
        hours = [_hour(one) for one in filter(None, repeat.get("timeOfDay", ()))]
        hours += [
            (60 * first, 60 * last) for first, last in (_PARTS[one] for one in filter(None, repeat.get("when", ())))
        ]
        bounds = repeat.get("boundsPeriod")
        within = (span(bounds["start"], zone)[0], span(bounds["end"], zone)[1]) if bounds else None
    except (ValueError, OverflowError, KeyError, TypeError, AttributeError):
        why = "of timing are understood: dayOfWeek, timeOfDay, when (MORN, AFT, EVE), boundsPeriod with start and end"
        raise Malformed([Issue("not-supported", why, given[0].place)]) from None
    return Times(days, _merged(hours), within)


def _hour(text: str) -> tuple[int, int]:
    """An hour from a time of day on, and not beyond midnight."""
    at = time.fromisoformat(text)
    first = 60 * at.hour + at.minute
    return first, min(first + 60, DAY)
