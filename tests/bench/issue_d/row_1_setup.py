"""From the doctor's click until a device picture (the slate "not allowed yet" counts) and speech both ways."""

from collections.abc import Iterator

from tests.bench.harness import Figure, percentile
from tests.bench.issue_d.setups import ROUNDS, setups
from tests.bench.issue_d.ways import DEAD, DIRECT, RELAYED

LIMITS_MS = {DIRECT.name: 500.0, RELAYED["udp"].name: 1300.0}
DEAD_MORE_MS = 1000.0


def measure() -> Iterator[Figure]:
    found = {name: percentile(times["all"], 0.95) for name, times in setups().items()}
    straight = found[DIRECT.name]
    for name, limit in {**LIMITS_MS, DEAD.name: straight + DEAD_MORE_MS}.items():
        value, bare = found[name], percentile(setups()[name]["bare"], 0.95)
        yield Figure(
            issue="D",
            row=1,
            name=f"{name}, 40 ms: click to device picture (slate counts) and speech both ways, p95 of {ROUNDS}",
            value=round(value),
            unit="ms",
            baseline=round(bare),
            ratio=round(value / bare, 3),
            target=f"≤ {limit:.0f}" + (" (direct + 1000)" if name == DEAD.name else ""),
            ok=value <= limit,
        )
