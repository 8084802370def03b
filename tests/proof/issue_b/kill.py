"""1,000 times ``kill -9`` of the centre on each database while eight book: nothing acknowledged lost, nothing twice."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.test_kill import lives
from tests.databases import PostgresCluster, SqliteFiles
from tests.proof.harness import Failed, Proof

CYCLES_EACH = 100
CYCLES = 1_000
STEPS_EACH = CYCLES // CYCLES_EACH


@dataclass
class Seen:
    """Over all steps of this run."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, found: dict[str, int]) -> str:
        for what in ("cycles", "acknowledged", "refused", "lost", "duplicated", "overlaps", "broken"):
            key = f"{name} {what}"
            self.counts[key] = self.counts.get(key, 0) + found[what]
        return ", ".join(f"{key} {count}" for key, count in self.counts.items())


SEEN = Seen()


def step(seed: int, number: int) -> str:
    """*CYCLES_EACH* lives on a fresh database, SQLite first; and once a step the control, which must lose something.

    Raises:
        Failed: something acknowledged was lost, made twice or overlaps, or the control lost nothing.
    """
    name = "SQLite" if number < STEPS_EACH else "PostgreSQL"
    with tempfile.TemporaryDirectory(prefix="telemed-proof-") as folder, PostgresCluster() as cluster:
        files = SqliteFiles(Path(folder))
        fresh = files.fresh_url if name == "SQLite" else cluster.fresh_url
        found = lives(fresh(), CYCLES_EACH, seed=seed + number)
        if not found["holds"]:
            raise Failed(f"{name}: {found}")
        control = lives(fresh(), 6, "--too-early", seed=seed + number)
        if not control["lost"]:
            raise Failed(f"{name}: the control that answers before COMMIT lost nothing")
    return SEEN.add(name, found)


PROOF = Proof(issue="b", name="kill", seed=20_261_125, count=2 * STEPS_EACH, step=step)
