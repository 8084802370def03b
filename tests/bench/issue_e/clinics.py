"""Simulated clinics of both families, with what a forecast has learnt there, and its answers on days held back.

Each held-back day is asked about before it is learnt, as it is in a centre. `WAITING_DAYS` (environment) is how many
there are per clinic, and twice as many are lived before; by default minutes on one core.
"""

import os
from dataclasses import replace
from functools import cache

from tests.bench.harness import note
from tests.bench.plot import Curve, Plot, save
from tests.waiting.evaluation import Asked, Score, accompany, school, score
from tests.waiting.families import GammaMixture, Lognormal
from tests.waiting.worlds import World

DAYS = int(os.environ.get("WAITING_DAYS", "60"))
HISTORY = 2 * DAYS
CLINICS = 2
"""Of each kind; each has doctors of its own."""
LOADS = (0.7, 0.9, 1.1)
DRIFT = 0.25
LOW, HIGH = 0.76, 0.84
"""In which coverage must be."""
Clinic = Lognormal | GammaMixture
A, B = Lognormal(), GammaMixture()


def world(family: Clinic, load: float, number: int) -> World:
    """A clinic; of the other family one in which everything takes a quarter longer in the end."""
    made = World(family, load, number=number)
    return replace(made, drift=DRIFT, drift_days=HISTORY + DAYS) if family.name == "B" else made


@cache
def answers(family: Clinic, load: float) -> list[list[Asked]]:
    """For each day held back, the clinics together, what was asked and answered."""
    days: list[list[Asked]] = [[] for _ in range(DAYS)]
    for number in range(CLINICS):
        here = world(family, load, number)
        found = accompany(school(here, HISTORY), here, range(HISTORY, HISTORY + DAYS))
        days = [[*before, *more] for before, more in zip(days, found, strict=True)]
    _say(f"{family.name}, load {load}", score(flat(days)))
    return days


@cache
def together(family: Clinic) -> list[list[Asked]]:
    """The days of a family: A with all its loads, B with one."""
    loads = LOADS if family.name == "A" else LOADS[1:2]
    return [[one for load in loads for one in answers(family, load)[day]] for day in range(DAYS)]


def flat(days: list[list[Asked]]) -> list[Asked]:
    return [one for day in days for one in day]


def _say(what: str, found: Score) -> None:
    note(
        f"{what}: {found.count} starts, error {found.ours:.1f} min (planned {found.planned:.1f}, carried "
        f"{found.carried:.1f}), coverage {found.coverage:.3f}, width {found.width:.1f} min"
    )


def plot_coverage(name: str, title: str, days: dict[str, list[list[Asked]]], *, window: int = 10) -> None:
    """Coverage over the days, each with those before it."""
    curves = []
    for family, found in days.items():
        points = []
        for last in range(window, len(found) + 1):
            asked = flat(found[last - window : last])
            points.append((float(last), sum(one.covered for one in asked) / len(asked)))
        curves.append(Curve(family, points))
    shown = [curve for curve in curves if curve.points]
    if shown:
        save(Plot(title, f"day (the {window} up to it)", "coverage", shown, targets=(LOW, HIGH)), name)
