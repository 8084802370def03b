"""An offer that staff make up themselves: at any time, with whoever else is least in the way. Pure."""

from datetime import datetime

from telemed.booking.ground import Ground, Group
from telemed.booking.planner import Offer, What, moment_of, tick_of
from telemed.directory.model import Device


def made_up(here: Ground, what: What, start: datetime) -> Offer | None:
    """The first doctor and room of *what* at *start*, free or not; None where the service is not known.

    Whether it may be booked is for `several.displaces` to say.
    """
    service, plan = here.directory.services.get(what.service_id), here.plan(what)
    if service is None or plan is None:
        return None
    start = moment_of(tick_of(start))
    doctor_id, room_id = what.doctor_ids[0], what.room_ids[0]
    assistants: list[str] = []
    devices: list[str] = []
    for place in plan.places[:1]:
        assistants = _least_in_the_way(here, place.assistants, start)
        devices = [one for group in place.devices for one in _least_in_the_way(here, group, start)]
    speaks = plan.speaking is None or doctor_id in plan.speaking.ids
    interpreters = [] if speaks else _least_in_the_way(here, plan.interpreters, start)
    people = doctor_id, room_id, "".join(assistants), tuple(devices), "".join(interpreters)
    return Offer(service.id, start, start + service.length, *people)


def _least_in_the_way(here: Ground, group: Group | None, start: datetime) -> list[str]:
    if group is None:
        return []
    return sorted(group.ids, key=lambda one: (_in_the_way(here, one, group.ticks, start), one))[: group.count]


def _in_the_way(here: Ground, actor_id: str, ticks: int, start: datetime) -> int:
    """0: free. 1: taken. 2: closed at that time. 3: away, broken or not inspected, and not to be had for any reason."""
    actor, first = here.directory.actor(actor_id), tick_of(start)
    bit, end = first - here.window.first, moment_of(first + ticks)
    if actor is None or not 0 <= bit < here.window.ticks:
        return 3
    if here.starts(actor_id, ticks) >> bit & 1:
        return 0
    is_away = any(a < end and start < b for a, b in actor.hours.closed)
    is_due = isinstance(actor, Device) and actor.until is not None and actor.until < end
    if is_away or is_due:
        return 3
    asked = here.window.mask(first, first + ticks)
    return 1 if here.opened(actor) & asked == asked else 2
