"""50,000 mutated resources and parameters: never a 5xx, never a change after a refusal, always a path that is there."""

import tempfile
from pathlib import Path

from tests.builders import make_world
from tests.databases import SqliteFiles, opened
from tests.interop.stand import Seen, send, stand
from tests.proof.harness import Failed, Proof

REQUESTS = 50_000
STEPS = 20

_all = Seen()


def step(seed: int, number: int) -> str:
    """
    Raises:
        Failed: one was not answered as it must be.
    """
    with (
        tempfile.TemporaryDirectory(prefix="telemed-mutated-") as folder,
        opened(SqliteFiles(Path(folder)).fresh_url()) as database,
        stand(make_world(database)) as there,
    ):
        try:
            send(there, REQUESTS // STEPS, seed=seed + number)
        except AssertionError as error:
            raise Failed(str(error)) from error
        _all.add(there.seen)
    return f"{_all}; 0 × 5xx, 0 changes after a refusal, 0 refusals without a path that is there"


PROOF = Proof(issue="g", name="mutated", seed=20_261_126, count=STEPS, step=step)
