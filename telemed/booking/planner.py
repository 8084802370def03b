"""One rule for what is offered and what is accepted: each resource's free time as a big integer, a bit per tick.

Pure. A mask covers a `Window`; bit *i* is its *i*-th tick of five minutes. Times round outward (DESIGN D3).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import and_, or_

from telemed.directory.model import Device, Directory, Hours, Room, Service

TICK = timedelta(minutes=5)
LONGEST_CLEANING = 96
"""Ticks; busy time is known for so long after a window, so that its last visits can be cleaned after."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tick_of(moment: datetime) -> int:
    """The tick in which *moment* lies, counted from 1970."""
    return (moment - _EPOCH) // TICK


def tick_after(moment: datetime) -> int:
    """The first tick that begins at or after *moment*."""
    return -((_EPOCH - moment) // TICK)


def moment_of(tick: int) -> datetime:
    """When *tick* begins, in UTC."""
    return _EPOCH + tick * TICK


@dataclass(frozen=True)
class Window:
    """Ticks *first* (included) to *last* (excluded)."""

    first: int
    last: int

    @classmethod
    def of(cls, start: datetime, end: datetime) -> "Window":
        return cls(tick_of(start), tick_after(end))

    @property
    def ticks(self) -> int:
        return self.last - self.first

    @property
    def all(self) -> int:
        return (1 << self.ticks) - 1

    def mask(self, first: int, last: int) -> int:
        """Bits for the ticks *first* to *last*, as far as they lie inside."""
        low, high = max(first, self.first) - self.first, min(last, self.last) - self.first
        return ((1 << (high - low)) - 1) << low if high > low else 0


@dataclass(frozen=True)
class Wish:
    """What is asked for: a visit wholly between *earliest* and *latest*, that starts on the wall at multiples of
    *align_minutes*."""

    service_id: str
    earliest: datetime
    latest: datetime
    doctor_id: str | None = None
    room_id: str | None = None
    align_minutes: int = 10


@dataclass(frozen=True)
class Offer:
    """One complete answer: everybody and everything at one time. *end* is without cleaning."""

    service_id: str
    start: datetime
    end: datetime
    doctor_id: str
    room_id: str
    assistant_id: str
    device_ids: tuple[str, ...]

    @property
    def resource_ids(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.doctor_id, self.room_id, self.assistant_id, *self.device_ids)))


def eroded(mask: int, ticks: int) -> int:
    """The ticks from which *ticks* in a row are set."""
    done = 1
    while done < ticks:
        step = min(done, ticks - done)
        mask &= mask >> step
        done += step
    return mask


class Ground:
    """Who and what is free when: the directory's hours less the busy time, over one window.

    Args:
        busy: resource id → mask of claimed ticks over *window* and `LONGEST_CLEANING` after it.
    """

    def __init__(self, directory: Directory, busy: Mapping[str, int], window: Window) -> None:
        self.directory = directory
        self.window = window
        self._busy = busy
        self._hours: dict[Hours, int] = {}

    def starts(self, service: Service, room: Room, doctor_id: str | None = None) -> int:
        """When *service* can begin in *room*, with any of its doctors or with this one."""
        ticks = length(service)
        doctors = [d for d in self.directory.doctors_for(service) if doctor_id in (None, d.id)]
        assistants = self.directory.assistants_for(service, room.id)
        groups = [
            [self._person(d.id, d.hours, ticks) for d in doctors],
            [self._person(a.id, a.hours, ticks) for a in assistants],
            *([self._device(d, ticks) for d in self._of_kind(room, kind)] for kind in service.devices),
        ]
        return reduce(and_, (reduce(or_, group, 0) for group in groups), self._room(room, ticks))

    def assign(self, service: Service, room: Room, tick: int, doctor_id: str | None = None) -> Offer:
        """The first doctor, assistant and devices that are free at a start of `starts`."""
        ticks, bit = length(service), 1 << (tick - self.window.first)
        doctor = next(
            d.id
            for d in self.directory.doctors_for(service)
            if doctor_id in (None, d.id) and self._person(d.id, d.hours, ticks) & bit
        )
        assistant = next(
            a.id for a in self.directory.assistants_for(service, room.id) if self._person(a.id, a.hours, ticks) & bit
        )
        devices = tuple(
            next(d.id for d in self._of_kind(room, kind) if self._device(d, ticks) & bit) for kind in service.devices
        )
        start = moment_of(tick)
        return Offer(service.id, start, start + service.length, doctor, room.id, assistant, devices)

    def admits(self, offer: Offer) -> bool:
        """Whether *offer*, with just these resources, can begin: the same masks as in `starts`."""
        known = self.directory
        service, room = known.services.get(offer.service_id), known.rooms.get(offer.room_id)
        if service is None or room is None or room.id not in service.room_ids:
            return False
        if offer.end - offer.start != service.length or offer.start != moment_of(tick_of(offer.start)):
            return False
        ticks = length(service)
        doctor = [d for d in known.doctors_for(service) if d.id == offer.doctor_id]
        assistant = [a for a in known.assistants_for(service, room.id) if a.id == offer.assistant_id]
        devices = [[d for d in self._of_kind(room, kind) if d.id in offer.device_ids] for kind in service.devices]
        if not doctor or not assistant or any(len(found) != 1 for found in devices):
            return False
        masks = [
            self._room(room, ticks),
            self._person(doctor[0].id, doctor[0].hours, ticks),
            self._person(assistant[0].id, assistant[0].hours, ticks),
            *(self._device(found[0], ticks) for found in devices),
        ]
        asked = self.window.mask(tick_of(offer.start), tick_of(offer.start) + 1)
        return len(offer.device_ids) == len(devices) and asked != 0 and reduce(and_, masks) & asked != 0

    def free(self, resource_id: str, hours: Hours) -> int:
        """Open and not claimed."""
        return self._open(hours) & ~self._busy.get(resource_id, 0)

    def usable(self, device: Device) -> int:
        """Not claimed, and before its inspection is due."""
        return self._device(device, 1)

    def _room(self, room: Room, ticks: int) -> int:
        """Open for the visit, and unclaimed for the visit and the cleaning after it, which may be after hours."""
        unclaimed = ((1 << (self.window.ticks + LONGEST_CLEANING)) - 1) & ~self._busy.get(room.id, 0)
        cleaning = tick_after(_EPOCH + room.cleaning)
        return eroded(self.free(room.id, room.hours), ticks) & eroded(unclaimed, ticks + cleaning)

    def _person(self, person_id: str, hours: Hours, ticks: int) -> int:
        return eroded(self.free(person_id, hours), ticks)

    def _of_kind(self, room: Room, kind: str) -> list[Device]:
        return [d for d in self.directory.devices_in(room.id) if d.kind == kind]

    def _device(self, device: Device, ticks: int) -> int:
        until = self.window.all
        if device.bookable_until is not None:
            until = self.window.mask(self.window.first, tick_of(device.bookable_until))
        return eroded(until & ~self._busy.get(device.id, 0), ticks)

    def _open(self, hours: Hours) -> int:
        if hours not in self._hours:
            self._hours[hours] = reduce(or_, self._openings(hours), 0)
        return self._hours[hours]

    def _openings(self, hours: Hours) -> Iterator[int]:
        zone = self.directory.zone
        day = moment_of(self.window.first).astimezone(zone).date() - timedelta(days=1)
        last = moment_of(self.window.last).astimezone(zone).date()
        while day <= last:
            for start, end in hours.on(day, zone):
                yield self.window.mask(tick_after(start), tick_of(end))
            day += timedelta(days=1)


def length(service: Service) -> int:
    """The service's length in ticks, rounded up."""
    return tick_after(_EPOCH + service.length)


def offers(ground: Ground, wish: Wish, *, now: datetime, limit: int = 20) -> list[Offer]:
    """The first *limit* offers from *now* on, by time, then by room; at each time and room one."""
    service = ground.directory.services.get(wish.service_id)
    if service is None:
        return []
    last_start = tick_of(wish.latest) - length(service)
    span = ground.window.mask(tick_after(max(wish.earliest, now + TICK)), last_start + 1)
    rooms = [ground.directory.rooms[r] for r in service.room_ids if wish.room_id in (None, r)]
    found: list[tuple[int, Room]] = []
    for room in rooms:
        starts = ground.starts(service, room, wish.doctor_id) & span
        found += [(tick, room) for tick in _aligned(ground, starts, wish.align_minutes, limit)]
    found.sort(key=lambda pair: (pair[0], pair[1].id))
    return [ground.assign(service, room, tick, wish.doctor_id) for tick, room in found[:limit]]


def _aligned(ground: Ground, starts: int, minutes: int, limit: int) -> list[int]:
    """The first *limit* set ticks that are multiples of *minutes* on the wall clock."""
    found: list[int] = []
    while starts and len(found) < limit:
        low = starts & -starts
        tick = ground.window.first + low.bit_length() - 1
        if moment_of(tick).astimezone(ground.directory.zone).minute % minutes == 0:
            found.append(tick)
        starts ^= low
    return found


def claims(offer: Offer, directory: Directory) -> list[tuple[str, int]]:
    """Every (resource, tick) that *offer* takes, sorted; the room's include its cleaning."""
    first, last = tick_of(offer.start), tick_after(offer.end)
    cleaned = tick_after(offer.end + directory.rooms[offer.room_id].cleaning)
    taken = [(offer.room_id, tick) for tick in range(first, cleaned)]
    for resource_id in offer.resource_ids:
        if resource_id != offer.room_id:
            taken += [(resource_id, tick) for tick in range(first, last)]
    return sorted(taken)


def masks(rows: Iterable[tuple[str, int]], window: Window) -> dict[str, int]:
    """Claimed ticks by resource as masks that begin with *window*."""
    collected: dict[str, int] = {}
    for resource_id, tick in rows:
        collected[resource_id] = collected.get(resource_id, 0) | 1 << (tick - window.first)
    return collected


def spans(mask: int, window: Window) -> list[tuple[datetime, datetime]]:
    """The runs of set bits, as moments."""
    found = []
    at = window.first
    while mask:
        zeros = (mask & -mask).bit_length() - 1
        mask >>= zeros
        ones = (~mask & (mask + 1)).bit_length() - 1
        found.append((moment_of(at + zeros), moment_of(at + zeros + ones)))
        mask >>= ones
        at += zeros + ones
    return found


def day_window(day: date, directory: Directory) -> tuple[datetime, datetime]:
    """The civil day in the quarter's zone, as moments."""
    start = datetime.combine(day, datetime.min.time(), tzinfo=directory.zone)
    return start.astimezone(UTC), (start + timedelta(days=1)).astimezone(UTC)
