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
from telemed.fhir.search import Criterion, Window
from telemed.interop import slots

MOST_SLOTS = 500
"""So many of the next slots are included with their schedules."""


def included(
    includes: Iterable[str], matches: Sequence[Entry], shelf: Shelf, here: Ground, *, now: datetime
) -> list[Entry]:
    """Each once. *includes*: ``Type:parameter``, with ``<`` in front where the other way round."""
    found: dict[str, Entry] = {}
    for include in includes:
        kind, _, parameter = include.lstrip("<").partition(":")
        if include.startswith("<"):
            entries = _referring(kind, parameter, matches, shelf, here, now)
        else:
            entries = _referred(kind, parameter, matches, shelf, here, now)
        for entry in entries:
            found.setdefault(entry.name, entry)
    return list(found.values())


def _referring(
    kind: str, parameter: str, matches: Sequence[Entry], shelf: Shelf, here: Ground, now: datetime
) -> Iterator[Entry]:
    names = tuple(entry.name for entry in matches)
    if kind == "Slot":
        schedules = sorted(name.removeprefix("Schedule/") for name in names)
        for slot in map(slots.Slot._make, slots.of_schedules(here, schedules, [Window()], now=now)[:MOST_SLOTS]):
            yield Entry(f"Slot/{slot.id}", slot.content(), "include")
        return
    for one in shelf.find(kind, [Criterion(parameter, references=names)]):
        yield Entry(one.name, one.content, "include")


def _referred(
    kind: str, parameter: str, matches: Sequence[Entry], shelf: Shelf, here: Ground, now: datetime
) -> Iterator[Entry]:
    for entry in matches:
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
