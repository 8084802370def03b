"""How the visits of one session follow each other: templates of appointment times. Pure.

A session is a run of a doctor's opening hours. Two claims of one doctor never overlap (docs/decisions/0018), so what a
template asks for is kept in two numbers for each visit: when its time begins, and how much earlier its person is asked
to come. Sources: Bailey and Welch 1952 (two at the beginning), Robinson and Chen 2003 (the dome of intervals).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, reduce
from math import pi, sin
from operator import or_
from zoneinfo import ZoneInfo

from telemed.booking.planner import TICK, Offer, Window, moment_of, runs, tick_after, tick_of, ticks_in
from telemed.directory.calendar import Hours
from telemed.directory.model import Directory, Doctor, Template

UNIT = 2
"""Ticks: people are offered times at multiples of ten minutes (`Wish.align_minutes`)."""

LONGER = 1.1
"""Ten per cent more for each visit."""
EDGE, MIDDLE = 0.7, 1.1
"""The dome's intervals at both ends and in the middle, as multiples of the pitch."""


@dataclass(frozen=True)
class Turn:
    """One visit of a session, in ticks. *start*: when its time begins, from the session's; *before*: so much earlier
    its person is asked to come.
    """

    start: int
    before: int


def invited(template: Template, count: int, pitch: float) -> list[float]:
    """When each of *count* persons is asked to come, from the beginning of the session, in the unit of *pitch*."""
    match template:
        case Template.INDIVIDUAL:
            return [turn * pitch for turn in range(count)]
        case Template.BAILEY_WELCH:
            return [max(0, turn - 1) * pitch for turn in range(count)]
        case Template.LONGER:
            return [turn * pitch * LONGER for turn in range(count)]
        case Template.DOME:
            between = max(1, count - 1)
            steps = [EDGE + (MIDDLE - EDGE) * sin(pi * (turn + 0.5) / between) for turn in range(between)]
            return [pitch * sum(steps[:turn]) for turn in range(count)]


def turns(template: Template, *, session: int, visit: int, pitch: int) -> list[Turn]:
    """The visits of a *session*, all in ticks; each begins when the one before it is over by plan, on a full unit."""
    most = max(0, (session - visit) // pitch + 1) if session >= visit else 0
    found: list[Turn] = []
    for wanted in (round(each / UNIT) * UNIT for each in invited(template, most, pitch)):
        start = max(found[-1].start + pitch if found else 0, wanted)
        if start + visit > session:
            break
        found.append(Turn(start, start - min(start, wanted)))
    return found


def pitch(directory: Directory, doctor: Doctor, visit: int) -> int:
    """Ticks from one visit's beginning to the next one's: the visit, and what must be kept free in the best case."""
    rooms = [room.buffers for room in directory.rooms.values() if room.is_claimed]
    turnaround = min((ticks_in(each.before) + ticks_in(each.after) for each in rooms), default=0)
    own = ticks_in(doctor.buffers.before) + ticks_in(doctor.buffers.after)
    return _up(visit + max(own, turnaround))


def starts(directory: Directory, doctor: Doctor, opened: int, visit: int) -> int:
    """The ticks at which a visit is offered in the sessions that *opened* consists of."""
    found, each = 0, pitch(directory, doctor, visit)
    for first, last in runs(opened):
        for turn in turns(doctor.template, session=last - _up(first), visit=visit, pitch=each):
            found |= 1 << (_up(first) + turn.start)
    return found


def come_before(directory: Directory, offer: Offer, *, now: datetime) -> timedelta:
    """So much before its planned beginning the person of *offer* is asked to come; never into the past."""
    doctor, room = directory.doctors.get(offer.doctor_id), directory.rooms.get(offer.room_id)
    if doctor is None or doctor.template is Template.INDIVIDUAL or room is None or not room.is_claimed:
        return timedelta(0)
    window, visit = Window.around(offer.start, offer.end), ticks_in(offer.end - offer.start)
    opened, at = open_ticks(doctor.hours, None, window, directory.zone), tick_of(offer.start) - window.first
    session = next(((_up(first), last) for first, last in runs(opened) if first <= at < last), (at, at))
    laid_out = turns(
        doctor.template, session=session[1] - session[0], visit=visit, pitch=pitch(directory, doctor, visit)
    )
    ticks = next((turn.before for turn in laid_out if turn.start == at - session[0]), 0)
    return max(timedelta(0), min(ticks * TICK, (offer.start - now) // TICK * TICK))


def _up(ticks: int) -> int:
    return -(-ticks // UNIT) * UNIT


@lru_cache(maxsize=8192)
def open_ticks(hours: Hours, until: datetime | None, window: Window, zone: ZoneInfo) -> int:
    """Opening hours as a mask; many have the same, and most stay when the directory changes."""
    between = hours.between(moment_of(window.first), moment_of(window.last), zone)
    found = reduce(or_, (window.mask(tick_after(start), tick_of(end)) for start, end in between), 0)
    return found if until is None else found & window.mask(window.first, tick_of(until))
