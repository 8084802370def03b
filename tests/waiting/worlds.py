"""SIMULATED worlds: rooms, doctors, services and their days, each from a named stream of randomness.

A stream's name begins with its `Purpose`; so no day of an evaluation was ever seen in training, whatever the numbers.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from tests.waiting.families import Family

DOCTORS = ("berg", "kaya", "weiss", "wolf")
SERVICES = {"talk": 15.0, "check": 20.0, "wound": 25.0, "devices": 30.0}
"""Planned minutes."""
SHARES = (0.4, 0.3, 0.15, 0.15)
CLEANING = 5.0
ALONE, PAIR = "room-1", ("room-2", "room-3")
"""One doctor works in `ALONE`, another one in both of `PAIR`, so that one is cleaned while she is in the other."""
OPENS, LAST_START = 8 * 60.0, 12.5 * 60.0
"""Minutes of the day."""


class Purpose(StrEnum):
    """What days are for. Nothing is ever tuned on those held back."""

    TRAINING = "training"
    TUNING = "tuning"
    HELD_BACK = "held-back"


@dataclass(frozen=True)
class World:
    """One clinic. *load*: the doctor's expected work over the planned time. *drift*: how much longer everything takes
    at the end of *drift_days* than at their beginning, step by step; with no days at once."""

    family: Family
    load: float
    number: int = 0
    drift: float = 0.0
    drift_days: int = 0

    def pace(self, day: int) -> float:
        """By how much everything takes longer on that day."""
        if not self.drift_days:
            return 1 + self.drift
        return 1 + self.drift * min(1.0, max(0, day) / self.drift_days)

    def drifted(self, drift: float) -> "World":
        return replace(self, drift=drift, drift_days=0)

    def stream(self, purpose: Purpose, what: str) -> Random:
        return Random(f"{purpose}/{self.family.name}/{self.load}/{self.number}/{what}")


@dataclass(frozen=True)
class Booked:
    """A visit as it was planned, and what will come of it. *arrives* is None for a no-show; all in minutes of the day.

    *known_from*: when a walk-in, or a word that she will be late, became known. *says_late*: minutes.
    """

    visit_id: str
    room: str
    doctor: str
    service: str
    start: float
    end: float
    arrives: float | None
    length: float
    cleaning: float
    gap: float
    walk_in: bool = False
    known_from: float = 0.0
    says_late: int | None = None


@dataclass(frozen=True)
class Pause:
    """The doctor is away after the first visit that ends after *after*; *says*: whether she tells, *guess* minutes."""

    doctor: str
    after: float
    minutes: float
    says: bool
    guess: int | None


@dataclass(frozen=True)
class DayAhead:
    """All that was drawn for a day before it begins. *begins*: when each doctor is there."""

    visits: tuple[Booked, ...]
    begins: dict[str, float]
    pauses: tuple[Pause, ...]


def draw(world: World, purpose: Purpose, day: int) -> DayAhead:
    """The day number *day*."""
    stream = world.stream(purpose, f"day {day}")
    speeds = world.family.speeds(Random(f"world/{world.family.name}/{world.number}"), DOCTORS)
    weather = world.family.weather(stream, DOCTORS)
    pace = {doctor: speeds[doctor] * weather.pace[doctor] * world.pace(day) for doctor in DOCTORS}
    lone, paired = DOCTORS[day % 4], DOCTORS[(day + 1 + day // 4 % 3) % 4]
    visits: list[Booked] = []
    for doctor, rooms in ((lone, (ALONE,)), (paired, PAIR)):
        visits += _column(world, stream, doctor, rooms, pace[doctor], weather.traffic)
    begins = {doctor: OPENS + world.family.late_start(stream) for doctor in (lone, paired)}
    pauses = [_pause(stream, doctor) for doctor in (lone, paired) if stream.random() < 0.12]
    return DayAhead(tuple(visits), begins, tuple(pauses))


def _column(
    world: World, stream: Random, doctor: str, rooms: tuple[str, ...], pace: float, traffic: float
) -> list[Booked]:
    """One doctor's day: planned back to back, with time for cleaning where she has one room only."""
    visits: list[Booked] = []
    at = OPENS
    while at <= LAST_START:
        service = stream.choices(tuple(SERVICES), SHARES)[0]
        room = rooms[len(visits) % len(rooms)]
        one = _visit(world, stream, (doctor, room, service), at, pace * _mean(world, service, alone=len(rooms) == 1))
        visits.append(_punctual(world, stream, one, traffic))
        at = one.end + (CLEANING if len(rooms) == 1 else 0)
    walk_ins = [_walk_in(world, stream, one, pace) for one in visits if stream.random() < 0.04]
    return visits + walk_ins


def _mean(world: World, service: str, *, alone: bool) -> float:
    """The mean length with which the doctor's work is *load* of the planned time, no-shows left out of it.

    The usual minute between two visits and the interruptions are work too: about 2 minutes in both families.
    """
    block = SERVICES[service] + (CLEANING if alone else 0)
    return max(3.0, world.load * block / (1 - world.family.no_show) - 2 - (CLEANING if alone else 0))


def _visit(world: World, stream: Random, what: tuple[str, str, str], start: float, mean: float) -> Booked:
    doctor, room, service = what
    family = world.family
    return Booked(
        visit_id=f"{room}-{int(start)}",
        room=room,
        doctor=doctor,
        service=service,
        start=start,
        end=start + SERVICES[service],
        arrives=start,
        length=family.length(stream, mean),
        cleaning=family.cleaning(stream, CLEANING),
        gap=family.gap(stream) + family.interruption(stream),
    )


def _punctual(world: World, stream: Random, one: Booked, traffic: float) -> Booked:
    """Whether and when the person comes; some say before that they will be late."""
    if stream.random() < world.family.no_show:
        return replace(one, arrives=None)
    arrives = max(OPENS - 20, one.start + world.family.arrival(stream) + traffic)
    if arrives > one.start + 10 and stream.random() < 0.3:
        said = max(5, round((arrives - one.start) / 5 + stream.gauss(0, 0.5)) * 5)
        return replace(one, arrives=arrives, says_late=said, known_from=one.start - stream.uniform(0, 40))
    return replace(one, arrives=arrives)


def _walk_in(world: World, stream: Random, before: Booked, pace: float) -> Booked:
    """Comes some time after *before* was planned, for a short talk in the same room, and waits like the others."""
    came = before.start + stream.uniform(0, 25)
    start = -(-came // 5) * 5
    mean = pace * _mean(world, "talk", alone=before.room == ALONE)
    one = _visit(world, stream, (before.doctor, before.room, "talk"), start, mean)
    return replace(one, visit_id=f"{before.visit_id}-w", arrives=came, walk_in=True, known_from=came)


def _pause(stream: Random, doctor: str) -> Pause:
    minutes = 5 + stream.expovariate(1 / 15)
    guess = round(minutes / 5 * stream.uniform(0.6, 1.4)) * 5 if stream.random() < 0.7 else None
    return Pause(doctor, stream.uniform(OPENS, LAST_START), minutes, stream.random() < 0.6, guess)
