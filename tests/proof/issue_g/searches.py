"""20,000 random searches as a program of one practice: none finds, counts or includes what only another may see."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.databases import SqliteFiles, opened
from tests.interop.fuzzed import a_quarter, agree
from tests.interop.program import auditing
from tests.proof.harness import Failed, Proof

SEARCHES = 20_000
STEPS = 50

_seen: list[int] = []
"""Of each step of this run."""


def step(seed: int, number: int) -> str:
    """
    Raises:
        Failed: a search shows, counts or includes what it must not, or lacks something.
    """
    with (
        TemporaryDirectory(prefix="telemed-proof-") as folder,
        opened(SqliteFiles(Path(folder)).fresh_url()) as database,
    ):
        world, doctors = a_quarter(database)
        try:
            with auditing(world):
                _seen.append(agree(world, doctors, SEARCHES // STEPS, seed + number))
        except AssertionError as error:
            raise Failed(str(error)) from error
    return f"{len(_seen) * (SEARCHES // STEPS)} searches, {sum(_seen)} appointments, none of another doctor's"


PROOF = Proof(issue="g", name="searches", seed=20_261_127, count=STEPS, step=step)
