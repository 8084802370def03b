"""SMART Scheduling Links: what may be booked online in the next days, as static files for everybody.

A file says no person and no busy time: only rooms, services, who offers them, and free times, each with a link into our
booking pages that opens with that time chosen. Made anew at most once a minute, and only when somebody asks; what did
not change keeps its moment and its ETag.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import orjson

from telemed.booking import form, search
from telemed.booking.index import Index
from telemed.booking.planner import Offer, What, Wish
from telemed.directory import shelf
from telemed.directory.model import Directory, Room, Service
from telemed.directory.shelf import Shelf
from telemed.interop import links_said as said
from telemed.web.centre import Centre

DAYS = 14
FRESH = timedelta(minutes=1)
MOST = 5_000
"""Free times of one service in one room."""
CHOSEN = "/termin/hilfe"
"""The page of the booking that follows a chosen time; to look at it holds nothing."""

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class File:
    """*name*: below the manifest. *states*: of the Länder that it is about, as far as addresses say it."""

    name: str
    kind: str
    content: bytes
    states: tuple[str, ...] = ()

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:24]}"'


@dataclass(frozen=True)
class Published:
    """All files, as they have been since *since*; *looked_at*: when that was seen last."""

    files: Mapping[str, File]
    since: datetime
    looked_at: datetime

    @property
    def etag(self) -> str:
        every = "".join(f"{one.name}{one.etag}" for one in self.files.values())
        return f'"{hashlib.sha256(every.encode()).hexdigest()[:24]}"'


class Publishing:
    """What this process published last. *days*: so far ahead; 0 publishes nothing."""

    def __init__(self, days: int = DAYS) -> None:
        self.days = days
        self._last: Published | None = None
        self._lock = Lock()

    def now(self, centre: Centre) -> Published:
        """What is published, at most a minute old."""
        now = centre.clock.now()
        with self._lock:
            last = self._last
            if last is None or not timedelta(0) <= now - last.looked_at < FRESH:
                files = {one.name: one for one in _files(centre, now, timedelta(days=self.days))}
                same = last is not None and last.files == files
                self._last = last = Published(files, last.since if last and same else now, now)
            return last


def manifest(published: Published, url: str, *, since: datetime | None = None) -> bytes:
    """The manifest, which is at *url*. *since*: what did not change after that is left out."""
    changed = since is None or published.since > since
    output = [_listed(one, url) for one in published.files.values()] if changed else []
    moment = said.instant(published.since)
    return orjson.dumps({"transactionTime": moment, "request": url, "output": output, "error": []})


def _listed(one: File, url: str) -> Fields:
    states = {"extension": {"state": list(one.states)}} if one.states else {}
    return {"type": one.kind, "url": f"{url}/{one.name}", **states}


def _files(centre: Centre, now: datetime, ahead: timedelta) -> Iterator[File]:
    with centre.the(Index).at(now) as here:
        known = here.directory
    shelved = shelf.of(centre.db, known)
    offered = [one for one in known.services.values() if form.may_book(one.id, known) and _rooms(known, one)]
    rooms = list({room.id: room for service in offered for room in _rooms(known, service)}.values())
    addresses = {room.id: _address(shelved, room.id) for room in rooms}
    states = tuple(sorted({one["state"] for one in addresses.values() if "state" in one}))
    yield _file(
        "locations",
        "Location",
        (said.location(room, _fields(shelved, room.id), addresses[room.id]) for room in rooms),
        states,
    )
    yield _file("services", "HealthcareService", (said.service(one, _rooms(known, one)) for one in offered), states)
    yield _file("roles", "PractitionerRole", said.roles(known, offered), states)
    pairs = [(service, room) for service in offered for room in _rooms(known, service)]
    yield _file("schedules", "Schedule", (said.schedule(*pair) for pair in pairs), states)
    weeks: dict[str, list[Fields]] = defaultdict(list)
    for service, room in pairs:
        for offer in _apart(_offers(centre, service, room, now, ahead)):
            monday = offer.start.astimezone(known.zone).date()
            monday -= timedelta(days=monday.weekday())
            weeks[f"slots-{monday}"].append(_slot(centre, room, offer))
    for name, slots in sorted(weeks.items()):
        yield _file(name, "Slot", slots, states)


def _file(name: str, kind: str, resources: Iterable[Fields], states: tuple[str, ...]) -> File:
    return File(f"{name}.ndjson", kind, b"".join(orjson.dumps(one) + b"\n" for one in resources), states)


def _rooms(known: Directory, service: Service) -> list[Room]:
    """Where somebody may come to; the own home has no address to be found by."""
    rooms = (known.rooms[one] for one in service.room_ids if one in known.rooms)
    return [room for room in rooms if room.setting == "room"]


def _offers(centre: Centre, service: Service, room: Room, now: datetime, ahead: timedelta) -> list[Offer]:
    """The index is asked anew for each: nobody who books waits until all are done."""
    wish = Wish(What(service.id, room_ids=(room.id,)), now, now + ahead)
    with centre.the(Index).at(now) as here:
        return search.offers(here, wish, now=now, limit=MOST)


def _apart(offers: Iterable[Offer]) -> Iterator[Offer]:
    """Those that do not overlap, the first first: so many may really be booked there."""
    end: datetime | None = None
    for one in offers:
        if end is None or one.start >= end:
            end = one.end
            yield one


def _fields(shelved: Shelf, room_id: str) -> Fields:
    """The Location of a room as it is kept."""
    volume = shelved.get("Location", room_id)
    fields: Fields = orjson.loads(volume.content) if volume else {}
    return fields


def _address(shelved: Shelf, room_id: str) -> dict[str, Any]:
    """Of the room, or of the house that it is in."""
    seen: set[str] = set()
    while room_id and room_id not in seen:
        seen.add(room_id)
        fields = _fields(shelved, room_id)
        if fields.get("address"):
            return dict(fields["address"])
        room_id = fields.get("partOf", {}).get("reference", "").rpartition("/")[2]
    return {}


def _slot(centre: Centre, room: Room, offer: Offer) -> Fields:
    code = form.encode(offer)  # ids and underscores: nothing that an address would have to escape
    return said.slot(room, offer, f"{centre.public_url}{CHOSEN}?offer={code}")
