"""Offers for a wish, and why an offer does not hold: both ask the same `Ground`. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache, reduce
from operator import or_
from zoneinfo import ZoneInfo

from telemed.booking.ground import Ground, Here, Plan
from telemed.booking.planner import TICK, Offer, What, Window, Wish, moment_of, presence, tick_after, tick_of, ticks_in
from telemed.directory.calendar import is_holiday
from telemed.directory.model import Actor, Device, Directory, Room, Service

CHUNK = 2016
"""Ticks looked at together, a week: most answers lie in the first, and small integers are cheap."""
_CHUNK = (1 << CHUNK) - 1
NOON = 12


def offers(ground: Ground, wish: Wish, *, now: datetime, limit: int = 20) -> list[Offer]:
    """The first *limit* offers from *now* on, by time, then by room (the nearest first); at each time and room one.

    With `Wish.spread` one for each half of a day.
    """
    plan = ground.plan(wish.what)
    span = _span(ground, plan, wish, now=now) if plan else 0
    if plan is None or not span:
        return []
    masks = ground.at(plan, span)
    return ground.assign(plan, _spread(ground, masks, limit) if wish.spread else _first(masks, limit))


def count(ground: Ground, wish: Wish, *, now: datetime) -> int:
    """How many `offers` there are in all, `Wish.spread` aside."""
    plan = ground.plan(wish.what)
    span = _span(ground, plan, wish, now=now) if plan else 0
    return sum(mask.bit_count() for mask, _ in ground.at(plan, span)) if plan and span else 0


def nearest(ground: Ground, wish: Wish, to: datetime, *, now: datetime, count: int = 3) -> list[Offer]:
    """The offers at the *count* times nearest to *to*, by time; at each time one."""
    plan = ground.plan(wish.what)
    span = _span(ground, plan, wish, now=now) if plan else 0
    if plan is None or not span:
        return []
    masks = ground.at(plan, span)
    together = reduce(or_, (mask for mask, _ in masks), 0)
    bits = nearest_bits(together, max(0, tick_of(to) - ground.window.first), count)
    return ground.assign(plan, [(bit, next(here for mask, here in masks if mask >> bit & 1)) for bit in bits])


def nearest_bits(mask: int, to: int, count: int) -> list[int]:
    """The set bits nearest to bit *to*, in order; of two as near the earlier."""
    behind, before = mask >> to << to, mask & (1 << to) - 1
    found = []
    for _ in range(count):
        if before:
            found.append(before.bit_length() - 1)
            before ^= 1 << found[-1]
        if behind:
            found.append((behind & -behind).bit_length() - 1)
            behind &= behind - 1
    return sorted(sorted(found, key=lambda bit: (abs(bit - to), bit))[:count])


def _span(ground: Ground, plan: Plan, wish: Wish, *, now: datetime) -> int:
    """The starts that the wish allows, whoever is free."""
    last_start = tick_of(wish.latest) - plan.doctors.ticks
    span = ground.window.mask(tick_after(max(wish.earliest, now + TICK)), last_start + 1)
    return span & aligned(wish.align_minutes, ground.window, ground.directory.zone)


def _first(masks: list[tuple[int, Here]], limit: int) -> list[tuple[int, Here]]:
    """The first set bits over all places, in order."""
    found: list[tuple[int, Here]] = []
    rest, at = reduce(or_, (mask for mask, _ in masks), 0), 0
    while rest:
        piece = rest & _CHUNK
        while piece:
            low = piece & -piece
            piece ^= low
            one, bit = low << at, at + low.bit_length() - 1
            for mask, here in masks:
                if mask & one:
                    found.append((bit, here))
            if len(found) >= limit:
                return found[:limit]
        rest >>= CHUNK
        at += CHUNK
    return found


def _spread(ground: Ground, masks: list[tuple[int, Here]], limit: int) -> list[tuple[int, Here]]:
    """The first set bit of each half of a day."""
    found: list[tuple[int, Here]] = []
    while len(found) < limit:
        nearest = _first(masks, 1)
        if not nearest:
            break
        found += nearest
        behind = tick_after(_next_half(ground, ground.window.first + nearest[0][0])) - ground.window.first
        keep = ground.window.all >> behind << behind
        masks = [(mask & keep, here) for mask, here in masks]
    return found


def _next_half(ground: Ground, tick: int) -> datetime:
    """The noon or midnight on the wall after *tick*."""
    wall = moment_of(tick).astimezone(ground.directory.zone)
    if wall.hour < NOON:
        return wall.replace(hour=NOON, minute=0)
    return (wall.replace(hour=0, minute=0, tzinfo=None) + timedelta(days=1)).replace(tzinfo=wall.tzinfo)


@lru_cache(maxsize=256)
def aligned(minutes: int, window: Window, zone: ZoneInfo) -> int:
    """The ticks that are multiples of *minutes* on the wall clock; a zone shifts by whole hours or parts of one."""
    found = 0
    for hour in range(window.first, window.last, 12):
        begins = moment_of(hour).astimezone(zone).minute
        fitting = sum(1 << n for n in range(12) if (begins + 5 * n) % 60 % minutes == 0)
        found |= fitting << hour - window.first
    return found & window.all


class Rule(StrEnum):
    """Why an offer does not hold; the value ends the catalogue key ``refusal.not_offered.…``."""

    SERVICE = "service"
    HORIZON = "horizon"
    LENGTH = "length"
    ORDER = "order"
    PLACE = "place"
    DOCTOR = "doctor"
    ASSISTANT = "assistant"
    DEVICE = "device"
    INTERPRETER = "interpreter"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    ABSENT = "absent"
    INSPECTION = "inspection"
    BLOCKED = "blocked"
    TAKEN = "taken"


@dataclass(frozen=True)
class Objection:
    """*rule* is broken by *resource_id* (empty where it is the service or the time itself)."""

    rule: Rule
    resource_id: str = ""


LONGEST = timedelta(hours=4)
"""A visit that was booked for longer than its service takes by itself."""


def objection(ground: Ground, offer: Offer, *, ordered: bool = False, longer: bool = False) -> Objection | None:
    """Why *offer*, with just these resources, cannot begin; None if it can. The masks are those of `offers`.

    *longer*: it may last longer than its service by itself; programs may ask for that, residents not.
    """
    known = ground.directory
    service = known.services.get(offer.service_id)
    if service is None:
        return Objection(Rule.SERVICE)
    if service.needs_order and not ordered:
        return Objection(Rule.ORDER)
    if not _is_long_enough(service, offer, longer=longer) or offer.start != moment_of(tick_of(offer.start)):
        return Objection(Rule.LENGTH)
    return _fitness(ground, service, offer) or _unready(ground, service, offer)


def _is_long_enough(service: Service, offer: Offer, *, longer: bool) -> bool:
    length = offer.end - offer.start
    return length == service.length or (longer and service.length < length <= LONGEST and not length % TICK)


def _fitness(ground: Ground, service: Service, offer: Offer) -> Objection | None:
    """`_unfit`, asked once for the same people and things."""
    return ground.once((service.id, offer.resource_ids), lambda: _unfit(ground, service, offer))


def _unfit(ground: Ground, service: Service, offer: Offer) -> Objection | None:
    """Somebody or something that could never do this service there."""
    plan = ground.plan(What(service.id, ordered=True))
    place = next((one for one in plan.places if one.room.id == offer.room_id), None) if plan else None
    if plan is None or place is None:
        return Objection(Rule.PLACE, offer.room_id)
    if offer.doctor_id not in plan.doctors.ids:
        return Objection(Rule.DOCTOR, offer.doctor_id)
    if offer.assistant_id not in (place.assistants.ids if place.assistants else ("",)):
        return Objection(Rule.ASSISTANT, offer.assistant_id)
    if offer.interpreter_id and offer.interpreter_id not in ground.directory.interpreters:
        return Objection(Rule.INTERPRETER, offer.interpreter_id)
    return _unfit_devices(ground.directory, service, place.room, offer.device_ids)


def _unfit_devices(known: Directory, service: Service, room: Room, device_ids: tuple[str, ...]) -> Objection | None:
    """Each is in the room and there once, and the service has as many of each kind as it needs; more do no harm."""
    here = {device.id: device.kind for device in known.devices_in(room.id)} if room.is_claimed else {}
    foreign = next((one for n, one in enumerate(device_ids) if one not in here or one in device_ids[:n]), None)
    if foreign is not None:
        return Objection(Rule.DEVICE, foreign)
    kinds = [here[one] for one in device_ids]
    lacking = any(kinds.count(kind) < service.devices.count(kind) for kind in service.devices)
    return Objection(Rule.DEVICE) if lacking else None


def _unready(ground: Ground, service: Service, offer: Offer) -> Objection | None:
    bit = tick_of(offer.start) - ground.window.first
    if not 0 <= bit < ground.window.ticks:
        return Objection(Rule.HORIZON)
    for actor_id in offer.resource_ids:
        ticks = ticks_in(presence(service, offer, actor_id))
        if not ground.starts(actor_id, ticks) >> bit & 1:
            actor = ground.directory.actor(actor_id)
            return Objection(_why(ground, actor, offer) if actor else Rule.PLACE, actor_id)
    return None


def _why(ground: Ground, actor: Actor, offer: Offer) -> Rule:
    """Why somebody known cannot begin: away, closed that day, broken, not inspected, or else taken."""
    asked = ground.window.mask(tick_of(offer.start), tick_after(offer.end))
    if ground.opened(actor) & asked == asked:
        return Rule.TAKEN
    if isinstance(actor, Device) and actor.until is not None and actor.until < offer.end:
        return broken_by(actor)
    if any(start < offer.end and offer.start < end for start, end in actor.hours.closed):
        return Rule.ABSENT
    day = offer.start.astimezone(ground.directory.zone).date()
    return Rule.HOLIDAY if actor.hours.holidays and is_holiday(actor.hours.holidays, day) else Rule.CLOSED


def broken_by(device: Device) -> Rule:
    """Why a device is not to be booked any more."""
    return Rule.INSPECTION if device.until == device.bookable_until else Rule.BLOCKED


def why_nothing(ground: Ground, wish: Wish) -> Objection | None:
    """What a wish for which there is no offer fails at, whatever the time: the first kind that nobody can be."""
    plan = ground.plan(wish.what)
    if plan is None:
        needs = ground.directory.services.get(wish.what.service_id)
        return Objection(Rule.ORDER if needs is not None else Rule.SERVICE)
    if not plan.places:
        return Objection(Rule.PLACE)
    lacking: list[tuple[Rule, Callable[[], bool]]] = [
        (Rule.DOCTOR, lambda: not plan.doctors.ids),
        (Rule.INTERPRETER, lambda: _nobody_speaks(plan)),
        (Rule.ASSISTANT, lambda: all(place.assistants and not place.assistants.ids for place in plan.places)),
        (Rule.DEVICE, lambda: all(any(len(g.ids) < g.count for g in place.devices) for place in plan.places)),
    ]
    return next((Objection(rule) for rule, lacks in lacking if lacks()), None)


def _nobody_speaks(plan: Plan) -> bool:
    return plan.speaking is not None and not plan.speaking.ids and not (plan.interpreters and plan.interpreters.ids)
