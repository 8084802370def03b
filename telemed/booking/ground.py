"""One rule for what is offered and what is accepted: when each resource can begin, as a big integer, a bit per tick.

Pure. A `Ground` remembers what it worked out until a claim touches it: the starts of each resource for each length, and
of each group of resources of which some are enough (DESIGN D3, and docs/decisions/0007).
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial, reduce
from math import cos, radians, sin
from operator import or_
from typing import Any, NamedTuple, TypeVar

from telemed.booking import sessions
from telemed.booking.planner import TICK, Offer, What, Window, eroded, moment_of, ticks_in
from telemed.directory.model import LEVELS, Actor, AssistantLevel, Device, Directory, Room, Service, Setting, Template

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

MANY = 4096
"""Plans or groups to remember."""
MANY_BITS = 256
"""Bits of a group of which to remember who is chosen."""


@dataclass(frozen=True, eq=False)
class Group:
    """*count* of *ids* are needed for *ticks* from the start. A `Roster` makes it once, so it is known by identity."""

    ids: tuple[str, ...]
    ticks: int
    count: int = 1


class Remembered(dict[K, V]):
    """What is asked is worked out the first time, and found again by `[]` alone: a search does that 200 times."""

    def __init__(self, work_out: Callable[[K], V], most: int = sys.maxsize) -> None:
        self._work_out = work_out
        self._most = most

    def __missing__(self, key: K) -> V:
        if len(self) >= self._most:
            self.clear()
        found = self[key] = self._work_out(key)
        return found


class Chosen(dict[int, tuple[str, ...]]):
    """To a bit, who of a group would begin then: the first that can of *ranked* (load, id, starts), *count* of them."""

    def __init__(self, count: int, ranked: list[tuple[int, str, int]]) -> None:
        self._count = count
        self._ranked = ranked

    def __missing__(self, bit: int) -> tuple[str, ...]:
        if len(self) >= MANY_BITS:
            self.clear()
        one = 1 << bit  # `mask & one` reads the mask up to the bit; `mask >> bit` would copy all the rest
        found: tuple[str, ...] = ()
        for _, actor_id, mask in self._ranked:
            if mask & one:
                found += (actor_id,)
                if len(found) == self._count:
                    break
        self[bit] = found
        return found


class Starts(NamedTuple):
    """When a group can begin, and who of it would, those with least work first."""

    mask: int
    chosen: Chosen


class Place(NamedTuple):
    """One room of a plan and the groups that a visit there needs beside it: the assistants, and devices by kind."""

    room: Room
    assistants: Group | None
    devices: tuple[Group, ...]


class Plan(NamedTuple):
    """What a wish comes to in this directory. *speaking*: doctors who speak the language asked for, if one was."""

    service: Service
    doctors: Group
    speaking: Group | None
    interpreters: Group | None
    places: tuple[Place, ...]


Here = tuple[str, Starts | None, list[Starts]]
"""A room in which a visit can begin, its assistants and its devices."""


class Ground:
    """Who and what can begin when, over one window.

    Args:
        busy: resource id → mask of claimed ticks over *window*.
    """

    def __init__(self, directory: Directory, window: Window, busy: Mapping[str, int] | None = None) -> None:
        self.directory = directory
        self.window = window
        self._busy = dict(busy or {})
        self._open: dict[str, int] = {}
        self._loads = Remembered[str, int](lambda resource_id: self.busy(resource_id).bit_count())
        self._starts = Remembered[int, Remembered[str, int]](lambda ticks: Remembered(partial(self._from, ticks)))
        self._groups = Remembered(self._group, MANY)
        self._groups_of: defaultdict[str, set[Group]] = defaultdict(set)
        self._roster = roster(directory)
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
        self._loads.pop(resource_id, None)
        for by_resource in self._starts.values():
            by_resource.pop(resource_id, None)
        for group in self._groups_of.pop(resource_id, ()):
            self._groups.pop(group, None)

    def busy(self, resource_id: str) -> int:
        return self._busy.get(resource_id, 0)

    def load(self, resource_id: str) -> int:
        """Claimed ticks in the window; work goes to who has least."""
        return self._loads[resource_id]

    def free(self, actor_id: str) -> int:
        """Open and not claimed; nothing for who is not known."""
        actor = self.directory.actor(actor_id)
        return self.opened(actor) & ~self.busy(actor_id) if actor is not None else 0

    def opened(self, actor: Actor) -> int:
        """When somebody is there, or something may be used, claimed or not."""
        found = self._open.get(actor.id)
        if found is None:
            until = actor.until if isinstance(actor, Device) else None
            found = self._open[actor.id] = sessions.open_ticks(actor.hours, until, self.window, self.directory.zone)
        return found

    def starts(self, actor_id: str, ticks: int) -> int:
        """When *actor_id* can begin something of *ticks*: open throughout, and unclaimed with its buffers."""
        return self._starts[ticks][actor_id]

    def _from(self, ticks: int, actor_id: str) -> int:
        actor = self.directory.actor(actor_id)
        if actor is None:
            return 0
        if isinstance(actor, Room) and not actor.is_claimed:
            return eroded(self.opened(actor), ticks)
        unclaimed = self.window.all ^ self.busy(actor.id)  # claims lie inside, and `& ~` takes eight times as long
        found = eroded(self.opened(actor) & unclaimed, ticks)
        if actor.buffers.after:
            found &= eroded(unclaimed, ticks_in(actor.buffers.after)) >> ticks
        if actor.buffers.before:
            before = ticks_in(actor.buffers.before)
            found &= eroded(unclaimed, before) << before
        return found

    def _group(self, group: Group) -> Starts:
        if not self._groups:
            self._groups_of.clear()
        for one in group.ids:
            self._groups_of[one].add(group)
        loads, starts = self._loads, self._starts[group.ticks]
        ranked = sorted([(loads[one], one, starts[one] & self._laid_out(one, group.ticks)) for one in group.ids])
        return Starts(at_least(group.count, [mask for _, _, mask in ranked]), Chosen(group.count, ranked))

    def _laid_out(self, actor_id: str, ticks: int) -> int:
        """What the template of a doctor's session leaves to be offered; it binds nobody who books by hand."""
        doctor = self.directory.doctors.get(actor_id)
        if doctor is None or doctor.template is Template.INDIVIDUAL:
            return self.window.all
        return self.once((actor_id, ticks), lambda: sessions.starts(self.directory, doctor, self.opened(doctor), ticks))

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
        return self._roster.plan(what)

    def at(self, plan: Plan, within: int) -> list[tuple[int, Here]]:
        """When, as far as *within*, a visit of *plan* can begin at each of its places; none where it never can."""
        groups, rooms, found = self._groups, self._starts[plan.doctors.ticks], []
        anyone = self._doctors(plan) & within
        for place in plan.places:
            mask = anyone & rooms[place.room.id]
            if not mask:
                continue
            assistants = groups[place.assistants] if place.assistants else None
            if assistants is not None:
                mask &= assistants.mask
            devices = [groups[one] for one in place.devices] if mask else []
            for starts in devices:
                mask &= starts.mask
            if mask:
                found.append((mask, (place.room.id, assistants, devices)))
        return found

    def _doctors(self, plan: Plan) -> int:
        anyone = self._groups[plan.doctors].mask
        if plan.speaking is None or plan.interpreters is None:
            return anyone
        return self._groups[plan.speaking].mask | anyone & self._groups[plan.interpreters].mask

    def assign(self, plan: Plan, found: Iterable[tuple[int, Here]]) -> list[Offer]:
        """An offer for each bit of `at`, by those with least work who can begin then; who speaks the language first."""
        service, first, doctors, offers = plan.service, self.window.first, self._groups[plan.doctors].chosen, []
        length = plan.doctors.ticks * TICK
        for bit, (room_id, assistants, needed) in found:
            start = moment_of(first + bit)
            doctor, interpreter = self._talker(plan, bit) if plan.speaking else (doctors[bit][0], "")
            assistant = assistants.chosen[bit][0] if assistants is not None else ""
            devices: tuple[str, ...] = ()
            for starts in needed:
                devices += starts.chosen[bit]
            end = start + length
            offers.append(Offer(service.id, start, end, doctor, room_id, assistant, devices, interpreter))
        return offers

    def _talker(self, plan: Plan, bit: int) -> tuple[str, str]:
        """A doctor who speaks the language, or else one with an interpreter."""
        if plan.speaking is None or plan.interpreters is None:
            return self._groups[plan.doctors].chosen[bit][0], ""
        speaking = self._groups[plan.speaking].chosen[bit]
        if speaking:
            return speaking[0], ""
        return self._groups[plan.doctors].chosen[bit][0], self._groups[plan.interpreters].chosen[bit][0]

    def cached(self) -> list[int]:
        """The masks remembered for single resources, for those who measure."""
        return [mask for by_resource in self._starts.values() for mask in by_resource.values()]


@lru_cache(maxsize=8)
def rules(directory: Directory, window: Window) -> Ground:
    """A ground on which nothing is claimed: what the rules alone admit."""
    return Ground(directory, window)


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


Point = tuple[float, float, float]
"""On a sphere of radius 1."""


def _on_sphere(position: tuple[float, float]) -> Point:
    """Of latitude and longitude in degrees."""
    latitude, longitude = radians(position[0]), radians(position[1])
    return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)


class Roster:
    """Who and what may serve in a directory. Each question is worked out once, so its `Group` is the same each time."""

    def __init__(self, directory: Directory) -> None:
        self._known = directory
        once = lru_cache(maxsize=MANY)
        self.plan, self._place = once(self._plan), once(self._of_room)
        self._doctors, self._interpreters = once(self._able_doctors), once(self._able_interpreters)
        self._assistants, self._devices = once(self._able_assistants), once(self._of_kind)
        self._fitting, self._nearest = once(self._fit), once(self._near)

    def _plan(self, what: What) -> Plan | None:
        """The rooms and groups that *what* comes to."""
        service = self._known.services.get(what.service_id)
        if service is None or (service.needs_order and not what.ordered):
            return None
        ticks = ticks_in(what.length or service.length)
        return Plan(
            service,
            self._doctors(service.id, what.doctor_ids, "", ticks),
            self._doctors(service.id, what.doctor_ids, what.language, ticks) if what.language else None,
            self._interpreters(what.language, ticks) if what.language else None,
            self._places(service, what, ticks),
        )

    def rooms(self, service: Service, what: What) -> tuple[Room, ...]:
        """The rooms that fit: by their ids, or the nearest ones, the nearest first."""
        asked = service.id, what.room_ids, what.settings, what.wheelchair, what.companion, bool(what.devices)
        return self._nearest(what.near, what.nearest, *asked) if what.near else self._fitting(*asked)[0]

    def _near(self, near: tuple[float, float], nearest: int, *asked: Any) -> tuple[Room, ...]:
        x, y, z = _on_sphere(near)
        fitting, points = self._fitting(*asked)
        # the nearer two points of a sphere are, the larger is their scalar product
        ranked = sorted([(-(x * a + y * b + z * c), n) for n, (a, b, c) in points])
        return tuple([fitting[n] for _, n in ranked[:nearest]])

    def _places(self, service: Service, what: What, ticks: int) -> tuple[Place, ...]:
        stays = min(ticks, ticks_in(service.assistant_for)) if service.assistant_for else ticks
        level = max(service.assistant_level, what.level or LEVELS[0], key=LEVELS.index)
        kinds = [*service.devices, *(kind for kind in what.devices if kind not in service.devices)]
        counts = tuple([(kind, kinds.count(kind)) for kind in dict.fromkeys(kinds)])
        return tuple([self._place(room.id, ticks, stays, level, counts) for room in self.rooms(service, what)])

    def _of_room(
        self, room_id: str, ticks: int, stays: int, level: AssistantLevel, counts: tuple[tuple[str, int], ...]
    ) -> Place:
        room = self._known.rooms[room_id]
        if not room.is_claimed:
            return Place(room, None, ())
        devices = [self._devices(room_id, kind, ticks, count) for kind, count in counts]
        return Place(room, self._assistants(level, room_id, stays), tuple(devices))

    def _able_doctors(self, service_id: str, doctor_ids: tuple[str, ...], language: str, ticks: int) -> Group:
        service = self._known.services[service_id]
        able = [d for d in self._known.doctors_for(service) if not doctor_ids or d.id in doctor_ids]
        return Group(tuple(d.id for d in able if not language or language in d.languages), ticks)

    def _able_interpreters(self, language: str, ticks: int) -> Group:
        return Group(tuple(i.id for i in self._known.interpreters.values() if language in i.languages), ticks)

    def _able_assistants(self, level: AssistantLevel, room_id: str, ticks: int) -> Group:
        return Group(tuple(a.id for a in self._known.assistants_at(level, room_id)), ticks)

    def _of_kind(self, room_id: str, kind: str, ticks: int, count: int) -> Group:
        return Group(tuple(d.id for d in self._known.devices_in(room_id) if d.kind == kind), ticks, count)

    def _fit(
        self, service_id: str, room_ids: tuple[str, ...], settings: tuple[Setting, ...], *also: bool
    ) -> tuple[tuple[Room, ...], list[tuple[int, Point]]]:
        """The rooms by their ids, and where those lie that say it."""
        service = self._known.services[service_id]
        wheelchair, companion, devices = also
        offered = [self._known.rooms[one] for one in sorted(service.room_ids) if one in self._known.rooms]
        fitting = tuple(
            room
            for room in offered
            if (not room_ids or room.id in room_ids)
            and (not settings or room.setting in settings)
            and (room.is_claimed or not (service.devices or devices))
            and (room.wheelchair or not wheelchair)
            and (room.companion or not companion)
        )
        return fitting, [(n, _on_sphere(room.position)) for n, room in enumerate(fitting) if room.position is not None]


@lru_cache(maxsize=8)
def roster(directory: Directory) -> Roster:
    return Roster(directory)


def rooms_for(directory: Directory, service: Service, what: What) -> tuple[Room, ...]:
    """The rooms that fit: by their ids, or the nearest ones, the nearest first."""
    return roster(directory).rooms(service, what)
