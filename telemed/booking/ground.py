"""One rule for what is offered and what is accepted: when each resource can begin, as a big integer, a bit per tick.

Pure. A `Ground` remembers what it worked out until a claim touches it: the starts of each resource for each length, and
of each group of resources of which some are enough (DESIGN D3, and docs/decisions/0007).
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, reduce
from math import asin, cos, radians, sin, sqrt
from operator import or_
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from telemed.booking.planner import Offer, What, Window, moment_of, tick_after, tick_of, ticks_in
from telemed.directory.calendar import Hours
from telemed.directory.model import LEVELS, Actor, Device, Directory, Room, Service

T = TypeVar("T")

MANY = 2000
"""Plans or groups to remember; more are forgotten together."""
EARTH_KM = 6371.0


def eroded(mask: int, ticks: int) -> int:
    """The ticks from which *ticks* in a row are set."""
    done = 1
    while done < ticks:
        step = min(done, ticks - done)
        mask &= mask >> step
        done += step
    return mask


@dataclass(frozen=True)
class Group:
    """*count* of *ids* are needed for *ticks* from the start."""

    ids: tuple[str, ...]
    ticks: int
    count: int = 1


@dataclass(frozen=True)
class Starts:
    """When a group can begin, and its members' own starts, the least busy member first."""

    mask: int
    ranked: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Place:
    """One room of a plan and the groups that a visit there needs: devices by kind, and the assistants."""

    room: Room
    assistants: Group | None
    devices: tuple[Group, ...]


@dataclass(frozen=True)
class Plan:
    """What a wish comes to in this directory. *speaking*: doctors who speak the language asked for, if one was."""

    service: Service
    doctors: Group
    speaking: Group | None
    interpreters: Group | None
    places: tuple[Place, ...]


class Ground:
    """Who and what can begin when, over one window.

    Args:
        busy: resource id → mask of claimed ticks over *window*.
    """

    def __init__(self, directory: Directory, window: Window, busy: Mapping[str, int] | None = None) -> None:
        self.directory = directory
        self.window = window
        self._busy = dict(busy or {})
        self._starts: dict[str, dict[int, int]] = {}
        self._groups: dict[Group, Starts] = {}
        self._groups_of: dict[str, set[Group]] = {}
        self._plans: dict[What, Plan | None] = {}
        self._answers: dict[Hashable, Any] = {}

    def under(self, directory: Directory) -> "Ground":
        """The same claims under another state of the directory."""
        return Ground(directory, self.window, self._busy)

    def claim(self, resource_id: str, mask: int) -> None:
        """These ticks are taken from now on."""
        self._busy[resource_id] = self._busy.get(resource_id, 0) | mask
        self._forget(resource_id)

    def free_up(self, resource_id: str, mask: int) -> None:
        """These ticks are not taken any more."""
        self._busy[resource_id] = self._busy.get(resource_id, 0) & ~mask
        self._forget(resource_id)

    def take_over(self, resource_id: str, busy: int) -> None:
        """All that is claimed of a resource, as it was just read."""
        if self._busy.get(resource_id, 0) != busy:
            self._busy[resource_id] = busy
            self._forget(resource_id)

    def _forget(self, resource_id: str) -> None:
        self._starts.pop(resource_id, None)
        for group in self._groups_of.pop(resource_id, ()):
            self._groups.pop(group, None)

    def busy(self, resource_id: str) -> int:
        return self._busy.get(resource_id, 0)

    def load(self, resource_id: str) -> int:
        """Claimed ticks in the window; work goes to who has least."""
        return self._busy.get(resource_id, 0).bit_count()

    def free(self, actor_id: str) -> int:
        """Open and not claimed; nothing for who is not known."""
        actor = self.directory.actor(actor_id)
        return self.opened(actor) & ~self.busy(actor_id) if actor is not None else 0

    def opened(self, actor: Actor) -> int:
        """When somebody is there, or something may be used, claimed or not."""
        until = actor.bookable_until if isinstance(actor, Device) else None
        return open_ticks(actor.hours, until, self.window, self.directory.zone)

    def starts(self, actor_id: str, ticks: int) -> int:
        """When *actor_id* can begin something of *ticks*: open throughout, and unclaimed with its buffers."""
        by_length = self._starts.setdefault(actor_id, {})
        found = by_length.get(ticks)
        if found is None:
            actor = self.directory.actor(actor_id)
            found = by_length[ticks] = self._worked_out(actor, ticks) if actor is not None else 0
        return found

    def _worked_out(self, actor: Actor, ticks: int) -> int:
        if isinstance(actor, Room) and not actor.is_claimed:
            return eroded(self.opened(actor), ticks)
        unclaimed = self.window.all & ~self.busy(actor.id)
        visit = eroded(self.opened(actor) & unclaimed, ticks)
        before, after = ticks_in(actor.buffers.before), ticks_in(actor.buffers.after)
        if not before and not after:
            return visit
        return visit & eroded(unclaimed, before + ticks + after) << before

    def group(self, group: Group) -> Starts:
        """When enough members of *group* can begin."""
        found = self._groups.get(group)
        if found is None:
            if len(self._groups) > MANY:
                self._groups.clear()
            ranked = sorted(group.ids, key=lambda one: (self.load(one), one))
            members = tuple((one, self.starts(one, group.ticks)) for one in ranked)
            found = self._groups[group] = Starts(at_least(group.count, [mask for _, mask in members]), members)
            for one in group.ids:
                self._groups_of.setdefault(one, set()).add(group)
        return found

    def once(self, key: Hashable, work_out: Callable[[], T]) -> T:
        """Whatever no claim can change, worked out once."""
        found: T | Ground = self._answers.get(key, self)
        if isinstance(found, Ground):
            if len(self._answers) > MANY:
                self._answers.clear()
            found = self._answers[key] = work_out()
        return found

    def plan(self, what: What) -> Plan | None:
        """The rooms and groups that *what* comes to; None where the service is unknown or wants an order."""
        if what not in self._plans:
            if len(self._plans) > MANY:
                self._plans.clear()
            self._plans[what] = plan(self.directory, what)
        return self._plans[what]

    def at(self, plan: Plan, place: Place) -> int:
        """When a visit of *plan* can begin at *place*."""
        mask = self._doctors(plan) & self.starts(place.room.id, ticks_in(plan.service.length))
        if mask and place.assistants is not None:
            mask &= self.group(place.assistants).mask
        for group in place.devices if mask else ():
            mask &= self.group(group).mask
        return mask

    def _doctors(self, plan: Plan) -> int:
        anyone = self.group(plan.doctors).mask
        if plan.speaking is None or plan.interpreters is None:
            return anyone
        return self.group(plan.speaking).mask | anyone & self.group(plan.interpreters).mask

    def assign(self, plan: Plan, place: Place, tick: int) -> Offer:
        """The least busy of those who can begin at *tick*, which is one of `at`; who speaks the language first."""
        bit = tick - self.window.first
        doctor, interpreter = self._talker(plan, bit)
        assistant = _picked(self.group(place.assistants), 1, bit)[0] if place.assistants else ""
        devices = tuple(one for group in place.devices for one in _picked(self.group(group), group.count, bit))
        start, service = moment_of(tick), plan.service
        return Offer(service.id, start, start + service.length, doctor, place.room.id, assistant, devices, interpreter)

    def _talker(self, plan: Plan, bit: int) -> tuple[str, str]:
        if plan.speaking is None or plan.interpreters is None:
            return _picked(self.group(plan.doctors), 1, bit)[0], ""
        speaking = _picked(self.group(plan.speaking), 1, bit)
        if speaking:
            return speaking[0], ""
        return _picked(self.group(plan.doctors), 1, bit)[0], _picked(self.group(plan.interpreters), 1, bit)[0]

    def cached(self) -> list[int]:
        """The masks remembered for single resources, for those who measure."""
        return [mask for by_length in self._starts.values() for mask in by_length.values()]


@lru_cache(maxsize=8192)
def open_ticks(hours: Hours, until: datetime | None, window: Window, zone: ZoneInfo) -> int:
    """Opening hours as a mask; many have the same, and most stay when the directory changes."""
    between = hours.between(moment_of(window.first), moment_of(window.last), zone)
    found = reduce(or_, (window.mask(tick_after(start), tick_of(end)) for start, end in between), 0)
    return found if until is None else found & window.mask(window.first, tick_of(until))


@lru_cache(maxsize=8)
def rules(directory: Directory, window: Window) -> Ground:
    """A ground on which nothing is claimed: what the rules alone admit."""
    return Ground(directory, window)


def _picked(starts: Starts, count: int, bit: int) -> list[str]:
    found: list[str] = []
    for actor_id, mask in starts.ranked:
        if mask >> bit & 1:
            found.append(actor_id)
            if len(found) == count:
                break
    return found


def at_least(count: int, members: Iterable[int]) -> int:
    """The ticks at which *count* or more of *members* are set: saturating counters, a mask for each number."""
    if count == 1:
        return reduce(or_, members, 0)
    counters = [0] * count
    for mask in members:
        for number in range(count - 1, 0, -1):
            counters[number] |= counters[number - 1] & mask
        counters[0] |= mask
    return counters[-1]


def plan(directory: Directory, what: What) -> Plan | None:
    """The rooms and groups that *what* comes to."""
    service = directory.services.get(what.service_id)
    if service is None or (service.needs_order and not what.ordered):
        return None
    ticks = ticks_in(service.length)
    doctors = [d for d in directory.doctors_for(service) if not what.doctor_ids or d.id in what.doctor_ids]
    speaking = [d.id for d in doctors if what.language in d.languages]
    interpreters = [i.id for i in directory.interpreters.values() if what.language in i.languages]
    return Plan(
        service,
        Group(tuple(d.id for d in doctors), ticks),
        Group(tuple(speaking), ticks) if what.language else None,
        Group(tuple(interpreters), ticks) if what.language else None,
        tuple(_place(directory, service, what, room) for room in rooms_for(directory, service, what)),
    )


def rooms_for(directory: Directory, service: Service, what: What) -> list[Room]:
    """The rooms that fit: by their ids, or the nearest ones, the nearest first."""
    offered = [directory.rooms[one] for one in sorted(service.room_ids) if one in directory.rooms]
    fitting = [room for room in offered if _fits(room, service, what)]
    if what.near is None:
        return fitting
    known = [room for room in fitting if room.position is not None]
    return sorted(known, key=lambda room: (distance_km(what.near, room.position), room.id))[: what.nearest]


def _fits(room: Room, service: Service, what: What) -> bool:
    if what.room_ids and room.id not in what.room_ids:
        return False
    if what.settings and room.setting not in what.settings:
        return False
    if not room.is_claimed and (service.devices or what.devices):
        return False
    return (room.wheelchair or not what.wheelchair) and (room.companion or not what.companion)


def distance_km(one: tuple[float, float] | None, other: tuple[float, float] | None) -> float:
    """As the crow flies, in kilometres (haversine, on a sphere); far away if one is not known."""
    if one is None or other is None:
        return float("inf")
    (lat, lon), (to_lat, to_lon) = (tuple(map(radians, point)) for point in (one, other))
    half = sin((to_lat - lat) / 2) ** 2 + cos(lat) * cos(to_lat) * sin((to_lon - lon) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(half))


def _place(directory: Directory, service: Service, what: What, room: Room) -> Place:
    if not room.is_claimed:
        return Place(room, None, ())
    ticks, stays = ticks_in(service.length), ticks_in(service.assistant_for or service.length)
    level = max(service.assistant_level, what.level or LEVELS[0], key=LEVELS.index)
    assistants = tuple(a.id for a in directory.assistants_at(level, room.id))
    kinds = [*service.devices, *(kind for kind in what.devices if kind not in service.devices)]
    devices = tuple(
        Group(tuple(d.id for d in directory.devices_in(room.id) if d.kind == kind), ticks, kinds.count(kind))
        for kind in dict.fromkeys(kinds)
    )
    return Place(room, Group(assistants, min(ticks, stays)), devices)
