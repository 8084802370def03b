"""A resource that has been looked at once: its bytes for keeping, its fields for reading."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
"""A FHIR R4 id (datatypes, id)."""

_REFERENCE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_MOMENT = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(.+))?)?)?")


@dataclass(frozen=True)
class Resource:
    """A valid resource. *content* is the text as it came; *fields* the same as Python values, to be read only."""

    kind: str
    id: str
    content: bytes
    fields: Mapping[str, Any]


def literal(reference: object) -> tuple[str, str] | None:
    """Type and id that a Reference names literally, relative or absolute; None for anything else."""
    text = reference.get("reference") if isinstance(reference, dict) else None
    found = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    return (found[1], found[2]) if found else None


def codings(concepts: Any) -> Iterator[tuple[str, str]]:
    """System and code of every coding in a CodeableConcept or a list of them."""
    for concept in concepts if isinstance(concepts, list) else [concepts] if concepts else []:
        for coding in concept.get("coding", ()):
            yield coding.get("system", ""), coding.get("code", "")


def span(text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """First moment of a FHIR date, dateTime or instant and the first after it, in UTC; *zone* where it names none.

    Raises:
        ValueError: not a date.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError("not a date")
    year, month, day = (int(part) if part else None for part in found.groups()[:3])
    if found[4]:
        return _instant(text, zone)
    first = date(year or 0, month or 1, day or 1)
    if day:
        after = first + timedelta(days=1)
    else:
        after = (first.replace(day=28) + timedelta(days=4)).replace(day=1) if month else date(first.year + 1, 1, 1)
    return _midnight(first, zone), _midnight(after, zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


def _instant(text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    moment = moment.astimezone(UTC)
    wall = re.split(r"[Z+]|-\d\d:\d\d$", text.partition("T")[2])[0]
    width = timedelta(minutes=1) if wall.count(":") == 1 else timedelta(seconds=1)
    return moment, moment + (timedelta(microseconds=1) if "." in wall else width)
