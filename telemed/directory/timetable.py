"""When rooms and people are there: the hours of their week, and the days that differ. Whoever asks for a preview does
it, looks, and does not commit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any

import orjson

from telemed.directory import store
from telemed.directory.calendar import MIDNIGHT, Hours, Opening
from telemed.directory.hours import ALSO_AVAILABLE, DAYS, NOT_AVAILABLE, Quarter, holidays_of, period
from telemed.directory.model import Directory
from telemed.directory.service import OWN_ABSENCE, absent, load, period_of, read, take
from telemed.kit.db import Tx
from telemed.kit.ids import new_id
from telemed.kit.refusal import NotFound

ROOM, ROLE = "Location", "PractitionerRole"
Week = tuple[tuple[Opening, ...], ...]
"""Seven days, Monday first."""


class Differs(StrEnum):
    """How a day differs from the week."""

    CLOSED = "closed"
    EXTRA = "extra"


@dataclass(frozen=True)
class Exceptional:
    """A time that differs from the week. *own*: a doctor entered it herself. Without an *id* it was said by the system
    from which the directory came, and is changed there.
    """

    id: str
    differs: Differs
    start: datetime
    end: datetime
    own: bool


@dataclass(frozen=True)
class Timetable:
    """When one room, or one person in one role, is there. *kind* and *id* of the FHIR resource that says so."""

    kind: str
    id: str
    name: str
    actor_id: str
    week: Week
    exceptions: tuple[Exceptional, ...]


def timetables(tx: Tx) -> list[Timetable]:
    """Of every room in which visits take place and of everybody who is planned, rooms first, by name."""
    known = load(tx)
    found = [
        _timetable(fields, known)
        for kind, content, _ in store.everything(tx)
        if kind in (ROOM, ROLE) and _is_planned(fields := orjson.loads(content), known)
    ]
    return sorted(found, key=lambda each: (each.kind != ROOM, each.name, each.id))


def timetable(tx: Tx, kind: str, resource_id: str) -> Timetable:
    """
    Raises:
        NotFound: there is no such room, and nobody who is planned by this role.
    """
    known = load(tx)
    return _timetable(_fields(tx, kind, resource_id, known), known)


def set_week(tx: Tx, kind: str, resource_id: str, week: Week, *, now: datetime) -> None:
    """These are the hours of each week from now on; what is booked beside them waits until staff move it.

    Raises:
        NotFound: as above.
    """
    fields = _fields(tx, kind, resource_id, load(tx))
    parts = [part for day, openings in zip(DAYS, week, strict=True) for part in _parts(kind, day, openings)]
    name = "hoursOfOperation" if kind == ROOM else "availableTime"
    fields.pop(name, None)
    take(tx, {**fields, name: parts} if parts else fields, now=now)


def add(
    tx: Tx, kind: str, resource_id: str, differs: Differs, start: datetime, end: datetime, *, now: datetime
) -> None:
    """It is closed, or open beside the week, from *start* to *end*.

    Raises:
        NotFound: as above.
        Invalid: it ends before it begins.
    """
    fields = _fields(tx, kind, resource_id, load(tx))
    if differs is Differs.CLOSED and kind == ROLE:
        fields = absent(fields, new_id(), start, end)
    else:
        url = NOT_AVAILABLE if differs is Differs.CLOSED else ALSO_AVAILABLE
        own = {"id": new_id(), "url": url, "valuePeriod": period_of(start, end)}
        fields["extension"] = [*fields.get("extension", ()), own]
    take(tx, fields, now=now)


def remove(tx: Tx, kind: str, resource_id: str, exception_id: str, *, now: datetime) -> None:
    """The week holds again for that time.

    Raises:
        NotFound: as above, or it has no such exception.
    """
    fields = _fields(tx, kind, resource_id, load(tx))
    kept = dict(fields)
    for name in ("notAvailable", "extension"):
        others = [each for each in fields.get(name, ()) if each.get("id") != exception_id]
        kept.pop(name, None)
        kept |= {name: others} if others else {}
    if kept == fields:
        raise NotFound
    take(tx, kept, now=now)


def _fields(tx: Tx, kind: str, resource_id: str, known: Directory) -> dict[str, Any]:
    if kind not in (ROOM, ROLE):
        raise NotFound
    fields: dict[str, Any] = orjson.loads(read(tx, kind, resource_id))
    if not _is_planned(fields, known):
        raise NotFound
    return fields


def _actor_id(fields: Mapping[str, Any]) -> str:
    if fields["resourceType"] == ROOM:
        return str(fields["id"])
    return str(fields.get("practitioner", {}).get("reference", "")).removeprefix("Practitioner/")


def _is_planned(fields: Mapping[str, Any], known: Directory) -> bool:
    actor = known.actor(_actor_id(fields))
    return actor is not None and fields.get("active", True)


def _timetable(fields: Mapping[str, Any], known: Directory) -> Timetable:
    kind, actor_id = fields["resourceType"], _actor_id(fields)
    quarter = Quarter(known.zone, holidays_of(fields, ""))
    hours: Hours = quarter.room(fields) if kind == ROOM else quarter.person(fields)
    exceptions = sorted(_exceptions(fields, known), key=lambda each: (each.start, each.id))
    return Timetable(kind, fields["id"], known.name_of(actor_id), actor_id, hours.by_weekday, tuple(exceptions))


def _exceptions(fields: Mapping[str, Any], known: Directory) -> Iterable[Exceptional]:
    absences = ((each.get("id"), Differs.CLOSED, each.get("during")) for each in fields.get("notAvailable", ()))
    urls = {NOT_AVAILABLE: Differs.CLOSED, ALSO_AVAILABLE: Differs.EXTRA}
    extended = (
        (each.get("id"), urls[each["url"]], each["valuePeriod"])
        for each in fields.get("extension", ())
        if each["url"] in urls
    )
    for element_id, differs, during in (*absences, *extended):
        if during:
            start, end = period(during, known.zone)
            own = str(element_id).startswith(OWN_ABSENCE)
            yield Exceptional(element_id or "", differs, start, end, own=own)


def _parts(kind: str, day: str, openings: Iterable[Opening]) -> Iterable[dict[str, Any]]:
    names = ("openingTime", "closingTime") if kind == ROOM else ("availableStartTime", "availableEndTime")
    for opening in openings:
        yield {"daysOfWeek": [day]} | (
            {"allDay": True}
            if opening == Opening(MIDNIGHT, MIDNIGHT)
            else dict(zip(names, (_wall(opening.start), _wall(opening.end)), strict=True))
        )


def _wall(at: time) -> str:
    return at.isoformat(timespec="seconds")
