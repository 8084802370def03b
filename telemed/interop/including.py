"""What a search includes beside what matches: what that refers to, and what refers to it. All of it is public.

Nothing here is of a person: patients are not served, and appointments are never included.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson

from telemed.booking.ground import Ground
from telemed.directory.shelf import Shelf
from telemed.fhir.bundle import Entry
from telemed.fhir.resource import literal
from telemed.fhir.search import Criterion, Include
from telemed.fhir.values import Window
from telemed.interop import slots

MOST = 500
"""So many of the next slots are included with their schedules; nothing goes on from more than that."""


def included(
    includes: Iterable[Include], matches: Sequence[Entry], shelf: Shelf, here: Ground, *, now: datetime
) -> list[Entry]:
    """Each once, and nothing of *matches*; what iterates goes on from what was included."""
    known = {entry.name: entry for entry in matches}
    found: dict[str, Entry] = {}
    added: Sequence[Entry] = matches
    going_on = tuple(includes)
    while added and going_on and len(found) < MOST:
        new: dict[str, Entry] = {}
        for include in going_on:
            for entry in _beside(include, added, shelf, here, now):
                if entry.name not in known and entry.name not in found:
                    new.setdefault(entry.name, entry)
        found |= new
        added, going_on = list(new.values()), tuple(one for one in includes if one.iterate)
    return list(found.values())


def _beside(include: Include, entries: Sequence[Entry], shelf: Shelf, here: Ground, now: datetime) -> Iterator[Entry]:
    if include.back:
        of = [one for one in entries if include.target in ("", one.kind)]
        yield from _referring(include.kind, include.parameter, of, shelf, here, now)
        return
    of = [one for one in entries if one.kind == include.kind]
    for entry in _referred(include.kind, include.parameter, of, shelf, here, now):
        if include.target in ("", entry.kind):
            yield entry


def _referring(
    kind: str, parameter: str, entries: Sequence[Entry], shelf: Shelf, here: Ground, now: datetime
) -> Iterator[Entry]:
    if kind == "Slot":
        schedules = sorted(one.name.removeprefix("Schedule/") for one in entries if one.kind == "Schedule")
        for slot in map(slots.Slot._make, slots.of_schedules(here, schedules, [Window()], now=now)[:MOST]):
            yield Entry(f"Slot/{slot.id}", slot.content(), "include")
        return
    for one in shelf.find(kind, [Criterion(parameter, references=tuple(entry.name for entry in entries))]):
        yield Entry(one.name, one.content, "include")


def _referred(
    kind: str, parameter: str, entries: Sequence[Entry], shelf: Shelf, here: Ground, now: datetime
) -> Iterator[Entry]:
    for entry in entries:
        if kind in ("Appointment", "Slot"):
            for name in _named(kind, parameter, orjson.loads(entry.content)):
                yield from _looked_up(name, shelf, here, now)
            continue
        volume = shelf.get(*entry.name.split("/"))
        for one in shelf.referred(volume, parameter) if volume else ():
            yield Entry(one.name, one.content, "include")


def _named(kind: str, parameter: str, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What an appointment or a slot refers to."""
    if kind == "Slot":
        references = [fields["schedule"]]
    elif parameter == "slot":
        references = fields.get("slot", [])
    else:
        references = [one.get("actor") for one in fields["participant"]]
    wanted = {"practitioner": "Practitioner", "location": "Location"}.get(parameter)
    for named in map(literal, references):
        if named and wanted in (None, named[0]):
            yield named


def _looked_up(name: tuple[str, str], shelf: Shelf, here: Ground, now: datetime) -> Iterator[Entry]:
    if name[0] == "Slot":
        slot = slots.named(here, name[1], now=now)
        if slot is not None:
            yield Entry(f"Slot/{slot.id}", slot.content(), "include")
        return
    volume = shelf.get(*name)
    if volume is not None:
        yield Entry(volume.name, volume.content, "include")
