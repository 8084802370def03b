"""What a template of appointment times would cost whom: waiting, idle and overtime minutes of one session. Pure.

Many sessions are played with the same seed for every template, so that differences are those of the templates. Simple
on purpose: everybody who comes is there when asked to, in order, one room, and no no-show is filled by another. Lengths
are lognormal around the plan (`CV`, `NO_SHOW`: common values of the literature on outpatient sessions, Cayirli and
Veral 2003), or what was learnt of this doctor and service.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import log, sqrt
from random import Random

from schemas.day import Learnt
from telemed.booking.sessions import invited, turns
from telemed.directory.model import Template

CV, NO_SHOW = 0.7, 0.15
RUNS, SEED = 1000, 7
OVERBOOKED = 3 / 16
"""So many more are invited as are expected not to come, and then some: the usual answer to no-shows."""
TICK_MINUTES = 5

Length = Callable[[Random], float]
"""Draws the minutes of one visit."""


@dataclass(frozen=True)
class Costs:
    """Minutes: *wait* of a person who came, *idle* and *overtime* of a session; *seen*: persons in a session."""

    wait: float
    idle: float
    overtime: float
    seen: float


@dataclass(frozen=True)
class Session:
    """What is laid out: *minutes* of a session, *visit* and *pitch* in minutes; *turnaround* between two visits."""

    minutes: int
    visit: int
    pitch: int
    turnaround: int = 0


@dataclass(frozen=True)
class Lengths:
    """*multiples* of the planned length at equal steps of their rank, as learnt of *count* visits; or none yet."""

    multiples: tuple[float, ...] = ()
    no_show: float = NO_SHOW
    count: int = 0


@dataclass(frozen=True)
class Preview:
    """One row. *template* is None where two are invited for some times, which the plan does not do."""

    template: Template | None
    persons: int
    costs: Costs


@lru_cache(maxsize=64)
def previews(session: Session, lengths: Lengths) -> tuple[Preview, ...]:
    """All templates, the one without a rule first, and overbooking last."""
    laid_out = [(each, asked(each, session)) for each in Template]
    return tuple(
        Preview(template, len(times), play(times, session, drawn(session.visit, lengths), no_show=lengths.no_show))
        for template, times in [*laid_out, (None, overbooked(laid_out[0][1]))]
    )


def asked(template: Template, session: Session) -> tuple[float, ...]:
    """When each person of a session is asked to come, as the plan lays it out."""
    ticks = [each // TICK_MINUTES for each in (session.minutes, session.visit, session.pitch)]
    found = turns(template, session=ticks[0], visit=ticks[1], pitch=ticks[2])
    return tuple(float((turn.start - turn.before) * TICK_MINUTES) for turn in found)


def overbooked(times: Sequence[float]) -> tuple[float, ...]:
    """Some times twice, evenly over the session."""
    more = round(len(times) * OVERBOOKED)
    return tuple(sorted([*times, *(times[(2 * n + 1) * len(times) // (2 * more)] for n in range(more))]))


def textbook(template: Template, count: int, pitch: float) -> tuple[float, ...]:
    """As the literature has it, without the plan's steps of ten minutes."""
    return tuple(invited(template, count, pitch))


def lognormal(mean: float, cv: float = CV) -> Length:
    sigma = sqrt(log(1 + cv * cv))
    return lambda random: random.lognormvariate(log(mean) - sigma * sigma / 2, sigma)


def drawn(planned: float, lengths: Lengths) -> Length:
    """Between the quantiles that were learnt, or around the plan."""
    values = lengths.multiples
    if len(values) < 2:
        return lognormal(planned)

    def draw(random: Random) -> float:
        at = random.random() * (len(values) - 1)
        below = int(at)
        return planned * (values[below] + (at - below) * (values[below + 1] - values[below]))

    return draw


def play(times: Sequence[float], session: Session, length: Length, *, no_show: float, runs: int = RUNS) -> Costs:
    """*runs* sessions with persons asked to come at *times*, minutes from the beginning."""
    random, wait, idle, overtime, seen = Random(SEED), 0.0, 0.0, 0.0, 0
    for _ in range(runs):
        free, end = 0.0, 0.0
        for asked_at in times:
            took, comes = length(random), random.random() >= no_show
            if not comes:
                continue
            begins = max(asked_at, free)
            wait, idle, seen = wait + begins - asked_at, idle + begins - free, seen + 1
            end = begins + took
            free = end + session.turnaround
        overtime += max(0.0, end - session.minutes)
    return Costs(wait / max(1, seen), idle / runs, overtime / runs, seen / runs)


@dataclass(frozen=True)
class Layout:
    """What the operator looks at: one doctor's session filled with one service. *chosen*: the template that holds."""

    doctor_id: str
    service_id: str
    chosen: Template
    session: Session
    lengths: Lengths

    @property
    def rows(self) -> tuple[Preview, ...]:
        return previews(self.session, self.lengths)


def lengths_of(learnt: Learnt | None, service_id: str, doctor_id: str) -> Lengths:
    """As the forecast has learnt them: of this service and doctor, else of one of both, else of all, else none."""
    spreads = {each.key: each for each in learnt.spreads} if learnt else {}
    keys = [f"length|{service_id}|{doctor_id}", f"length|{service_id}|", f"length||{doctor_id}", "length||"]
    length = next((spreads[key] for key in keys if key in spreads), None)
    missing = spreads["no-show"].values[0] if "no-show" in spreads else NO_SHOW
    return Lengths(length.values, missing, length.count) if length else Lengths(no_show=missing)


def usual_session(spans: Sequence[tuple[datetime, datetime]]) -> int:
    """The minutes of the session that comes most often, the longer of two; 0 without any."""
    minutes = Counter(int((end - start) / timedelta(minutes=1)) for start, end in spans)
    return max(minutes, key=lambda each: (minutes[each], each), default=0)
