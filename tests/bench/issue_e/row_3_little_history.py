"""Coverage after ten sessions of history only, and after everything takes a quarter longer from one day to the next."""

from collections.abc import Iterator
from dataclasses import replace

from tests.bench.harness import Figure, note
from tests.bench.issue_e.clinics import DAYS, DRIFT, HIGH, HISTORY, LOADS, LOW, A, B, flat, plot_coverage
from tests.waiting.evaluation import Asked, accompany, examine, school, score
from tests.waiting.families import Family
from tests.waiting.worlds import World

SESSIONS = 10
SESSIONS_A_DAY = 2
CLINICS = max(3, DAYS // 5)
"""Each has ten sessions of its own; what they teach differs from clinic to clinic."""
ASKED_DAYS = 10
RELEARNT = 30
DRIFTED = 4
"""Clinics of each family."""
LITTLE = 0.72


def measure() -> Iterator[Figure]:
    for family in (A, B):
        found = score(_little(family))
        yield Figure(
            issue="E",
            row=3,
            name=f"family {family.name}: coverage after {SESSIONS} sessions, {CLINICS} clinics, {found.count} starts",
            value=round(found.coverage, 3),
            unit="share",
            target=f"≥ {LITTLE}",
            ok=found.coverage >= LITTLE,
        )
    drifted = {family.name: _drifted(family) for family in (A, B)}
    for name, days in drifted.items():
        at_once, after = score(flat(days[:5])), score(flat(days[RELEARNT:]))
        note(f"family {name}: coverage in the first 5 days of the drift {at_once.coverage:.3f}")
        yield Figure(
            issue="E",
            row=3,
            name=f"family {name}: coverage from {RELEARNT} days after a drift of 25 % on, {after.count} starts",
            value=round(after.coverage, 3),
            unit="share",
            target=f"{LOW}–{HIGH}",
            ok=LOW <= after.coverage <= HIGH,
        )
    plot_coverage("issue_e_row_3_drift", "Everything takes 25 % longer from day 0 on", drifted)


def _little(family: Family) -> list[Asked]:
    """What ten sessions taught, and nothing after them."""
    asked = []
    for number in range(CLINICS):
        here = World(family, LOADS[number % 3] if family.name == "A" else LOADS[1], number=number)
        asked += examine(school(here, SESSIONS // SESSIONS_A_DAY), here, range(ASKED_DAYS))
    return asked


def _drifted(family: Family) -> list[list[Asked]]:
    """Day by day from the drift on, the clinics together."""
    days: list[list[Asked]] = [[] for _ in range(RELEARNT + DAYS)]
    for number in range(DRIFTED):
        before = World(family, LOADS[1], number=number)
        pupil = school(before, HISTORY)
        after = replace(before, drift=DRIFT)
        found = accompany(pupil, after, range(HISTORY, HISTORY + len(days)))
        days = [[*asked, *more] for asked, more in zip(days, found, strict=True)]
    return days
