"""The device picture of a set-up against a bare pair in the same run: unsigned, and waiting for its addresses."""

from collections.abc import Iterator
from statistics import median

from tests.bench.harness import Figure, percentile
from tests.bench.issue_d.setups import ROUNDS, setups
from tests.bench.issue_d.ways import DIRECT

LIMIT = 1.15


def measure() -> Iterator[Figure]:
    times = setups()[DIRECT.name]
    ours, bare = times["device picture"], times["bare"]
    ratio = median(ours) / median(bare)
    yield Figure(
        issue="D",
        row=2,
        name=f"direct, 40 ms: click to device picture (slate counts), median of {ROUNDS}, against a bare pair's",
        value=round(median(ours)),
        unit="ms",
        baseline=round(median(bare)),
        ratio=round(ratio, 3),
        target=f"≤ {LIMIT} ×",
        ok=ratio <= LIMIT,
    )
    both = percentile(times["all"], 0.5)
    yield Figure(
        issue="D",
        row=2,
        name="the same with speech both ways, for which the bare pair has no counterpart",
        value=round(both),
        unit="ms",
        baseline=round(median(bare)),
        ratio=round(both / median(bare), 3),
        target="as measured",
        ok=True,
    )
