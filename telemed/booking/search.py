"""Offers for a wish, and why an offer does not hold: both ask the same `Ground`. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from telemed.booking.ground import Ground, Place, Plan
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
    if plan is None:
        return []
    last_start = tick_of(wish.latest) - ticks_in(plan.service.length)
    span = ground.window.mask(tick_after(max(wish.earliest, now + TICK)), last_start + 1)
    span &= aligned(wish.align_minutes, ground.window, ground.directory.zone)
    if not span:
        return []
    masks = [(ground.at(plan, place) & span, place) for place in plan.places]
    found = _spread(ground, masks, limit) if wish.spread else _first(masks, limit)
    return [ground.assign(plan, place, ground.window.first + bit) for bit, place in found]


def _first(masks: list[tuple[int, Place]], limit: int) -> list[tuple[int, Place]]:
    """The first set bits over all places, in order."""
    found: list[tuple[int, Place]] = []
    for at, pieces in _chunks([(mask, place) for mask, place in masks if mask]):
        together = 0
        for mask, _ in pieces:
            together |= mask
        while together:
            low = together & -together
            bit = at + low.bit_length() - 1
            found += [(bit, place) for mask, place in pieces if mask & low]
            if len(found) >= limit:
                return found[:limit]
            together ^= low
    return found


def _chunks(masks: list[tuple[int, Place]]) -> Iterator[tuple[int, list[tuple[int, Place]]]]:
    """The masks cut into pieces that begin where the first set bit is."""
    at = 0
    while masks:
        skip = min((mask & -mask).bit_length() for mask, _ in masks) - 1
        at += skip
        yield at, [(mask >> skip & _CHUNK, place) for mask, place in masks]
        at += CHUNK
        masks = [(rest, place) for mask, place in masks if (rest := mask >> skip + CHUNK)]


def _spread(ground: Ground, masks: list[tuple[int, Place]], limit: int) -> list[tuple[int, Place]]:
    """The first set bit of each half of a day."""
    found: list[tuple[int, Place]] = []
    while len(found) < limit:
        nearest = _first(masks, 1)
        if not nearest:
            break
        found += nearest
        behind = tick_after(_next_half(ground, ground.window.first + nearest[0][0])) - ground.window.first
        keep = ground.window.all >> behind << behind
        masks = [(mask & keep, place) for mask, place in masks]
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
    TAKEN = "taken"


@dataclass(frozen=True)
class Objection:
    """*rule* is broken by *resource_id* (empty where it is the service or the time itself)."""

    rule: Rule
    resource_id: str = ""


def objection(ground: Ground, offer: Offer, *, ordered: bool = False) -> Objection | None:
    """Why *offer*, with just these resources, cannot begin; None if it can. The masks are those of `offers`."""
    known = ground.directory
    service = known.services.get(offer.service_id)
    if service is None:
        return Objection(Rule.SERVICE)
    if service.needs_order and not ordered:
        return Objection(Rule.ORDER)
    if offer.end - offer.start != service.length or offer.start != moment_of(tick_of(offer.start)):
        return Objection(Rule.LENGTH)
    return _fitness(ground, service, offer) or _unready(ground, service, offer)


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
    """Why somebody known cannot begin: away, closed that day, not inspected, or else taken."""
    asked = ground.window.mask(tick_of(offer.start), tick_after(offer.end))
    if ground.opened(actor) & asked == asked:
        return Rule.TAKEN
    if isinstance(actor, Device) and actor.bookable_until is not None and actor.bookable_until < offer.end:
        return Rule.INSPECTION
    if any(start < offer.end and offer.start < end for start, end in actor.hours.closed):
        return Rule.ABSENT
    day = offer.start.astimezone(ground.directory.zone).date()
    return Rule.HOLIDAY if actor.hours.holidays and is_holiday(actor.hours.holidays, day) else Rule.CLOSED


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
