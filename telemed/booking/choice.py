"""Another system names a time and some of whom and what it needs; the planner names the rest, or says why not. Pure.

The same rule as everywhere decides (`search.objection`); what a session's template leaves to be offered binds nobody
who names the time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from telemed.booking.ground import Ground, Group, Place, Plan
from telemed.booking.planner import Offer, What, tick_of
from telemed.booking.search import Objection, Rule, objection


@dataclass(frozen=True)
class Named:
    """What is asked for. *doctor_ids*: any of them; *device_ids*: all of them. What is empty is chosen.

    *ordered*: a doctor ordered it.
    """

    service_id: str
    start: datetime
    end: datetime
    doctor_ids: tuple[str, ...] = ()
    room_ids: tuple[str, ...] = ()
    assistant_id: str = ""
    device_ids: tuple[str, ...] = ()
    interpreter_id: str = ""
    ordered: bool = False

    @property
    def what(self) -> What:
        """The same as a wish for whatever time."""
        length = self.end - self.start
        return What(self.service_id, self.doctor_ids, self.room_ids, ordered=self.ordered, length=length)


def completed(here: Ground, named: Named) -> Offer | Objection:
    """The offer that *named* comes to with whoever has least work, or what stands in the way of the likeliest one."""
    plan = here.plan(named.what)
    if plan is None:
        known = named.service_id in here.directory.services
        return Objection(Rule.ORDER if known else Rule.SERVICE)
    if not plan.doctors.ids:
        return Objection(Rule.DOCTOR, named.doctor_ids[0] if named.doctor_ids else "")
    if not plan.places:
        return Objection(Rule.PLACE, named.room_ids[0] if named.room_ids else "")
    bit = tick_of(named.start) - here.window.first
    if not 0 <= bit < here.window.ticks:
        return Objection(Rule.HORIZON)
    first: Objection | None = None
    for place in plan.places:
        offer = _at(here, plan, place, named, bit)
        broken = objection(here, offer, ordered=named.ordered, longer=True)
        if broken is None:
            return offer
        first = first or broken
    return first or Objection(Rule.PLACE)


def _at(here: Ground, plan: Plan, place: Place, named: Named, bit: int) -> Offer:
    """At one place: those who are free then before those who are not, and of them who has least work."""
    (doctor_id,) = _best(here, plan.doctors, bit)
    assistants = _best(here, place.assistants, bit) if place.assistants else [""]
    devices = _devices(here, place, named, bit)
    assistant_id = named.assistant_id or next(iter(assistants), "")
    people = doctor_id, place.room.id, assistant_id, tuple(devices), named.interpreter_id
    return Offer(plan.service.id, named.start, named.end, *people)


def _devices(here: Ground, place: Place, named: Named, bit: int) -> list[str]:
    """Those that are named, and of each kind as many more as the service needs."""
    found = list(named.device_ids)
    for group in place.devices:
        lacking = group.count - sum(one in group.ids for one in named.device_ids)
        others = [one for one in group.ids if one not in found]
        found += _best(here, Group(tuple(others), group.ticks, lacking), bit) if lacking > 0 else []
    return found


def _best(here: Ground, group: Group, bit: int) -> list[str]:
    return sorted(group.ids, key=lambda one: (not _is_free(here, one, group.ticks, bit), here.load(one), one))[
        : group.count
    ]


def _is_free(here: Ground, actor_id: str, ticks: int, bit: int) -> bool:
    return bool(here.starts(actor_id, ticks) >> bit & 1)


def names(offer: Offer, named: Named) -> bool:
    """Whether *offer* is one that *named* could have come to."""
    return (
        offer.service_id == named.service_id
        and (offer.start, offer.end) == (named.start, named.end)
        and _any_of(offer.doctor_id, named.doctor_ids)
        and _any_of(offer.room_id, named.room_ids)
        and _any_of(offer.assistant_id, filter(None, [named.assistant_id]))
        and _any_of(offer.interpreter_id, filter(None, [named.interpreter_id]))
        and set(named.device_ids) <= set(offer.device_ids)
    )


def _any_of(actor_id: str, named: Iterable[str]) -> bool:
    wanted = list(named)
    return not wanted or actor_id in wanted
