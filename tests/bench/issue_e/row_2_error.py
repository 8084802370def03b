"""The same questions: mean absolute error against "as planned" and "the last delay carries over"; and what it costs."""

import time
from collections.abc import Iterator
from datetime import timedelta

from tests.bench.harness import Figure, note
from tests.bench.issue_e.clinics import A, B, flat, together
from tests.bench.plot import Plot, distribution, save
from tests.waiting.evaluation import school, score, starts
from tests.waiting.simulator import moment, simulate
from tests.waiting.worlds import ALONE, Purpose, World

LIMITS = {A.name: {"planned": 0.55, "carried": 0.80}, B.name: {"carried": 0.90}}
NAMES = {"planned": "planned time", "carried": "last delay carries over"}
PLOT_UP_TO = 60.0


def measure() -> Iterator[Figure]:
    for family in (A, B):
        asked = flat(together(family))
        found = score(asked)
        for naive, limit in LIMITS[family.name].items():
            baseline = found.planned if naive == "planned" else found.carried
            ratio = found.ours / baseline
            yield Figure(
                issue="E",
                row=2,
                name=f"family {family.name}: mean absolute error, against {NAMES[naive]}, {found.count} starts",
                value=round(found.ours, 2),
                unit="min",
                baseline=round(baseline, 2),
                ratio=round(ratio, 3),
                target=f"≤ {limit} ×",
                ok=ratio <= limit,
            )
        curves = (
            distribution("forecast", [abs(one.actual - one.median) for one in asked]),
            distribution("last delay carries over", [abs(one.actual - one.carried) for one in asked]),
            distribution("planned time", [abs(one.actual) for one in asked]),
        )
        shown = [type(c)(c.name, [point for point in c.points if point[0] <= PLOT_UP_TO]) for c in curves]
        title = f"Family {family.name}: how many starts were off by at most so much"
        save(Plot(title, "minutes", "share", shown), f"issue_e_row_2_error_{family.name}")
    note(f"one forecast of 20 who wait: {cost_ms():.1f} ms of one core")


def cost_ms() -> float:
    """The median of one recomputation for a room with 20 visits, all of which wait."""
    here = World(A, 0.9)
    day = simulate(here, Purpose.TUNING, 0)
    plan, facts = day.seen(ALONE, moment(day.day, 7 * 60 + 30), school(here, 5).learnt)
    shift = timedelta(hours=5)
    later = [
        each.model_copy(update={"visit_id": f"{each.visit_id}-x", "start": each.start + shift, "end": each.end + shift})
        for each in plan.visits
    ]
    plan = plan.model_copy(update={"visits": (*plan.visits, *later)[:20]})
    took = []
    for _ in range(30):
        began = time.process_time()
        starts(plan, facts, plan.as_of)
        took.append(time.process_time() - began)
    return sorted(took)[len(took) // 2] * 1000
