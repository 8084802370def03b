"""Whatever a program sends to the JSON API, it answers as its document says: 20,000 requests made up from it."""

import tempfile
from pathlib import Path

from tests.booking.api_cases import Cases
from tests.builders import make_world
from tests.databases import SqliteFiles, opened
from tests.proof.harness import Failed, Proof

STEPS = 20
EACH = 1000


def step(seed: int, number: int) -> str:
    """A thousand requests to a quarter of its own.

    Raises:
        Failed: an answer is none that the document names, or nothing was booked.
    """
    with tempfile.TemporaryDirectory() as folder, opened(SqliteFiles(Path(folder)).fresh_url()) as database:
        cases = Cases(make_world(database, rooms=3))
        try:
            cases.run(EACH, starting=seed + number)
        except Exception as error:  # supervised: whatever it is, the step does not hold
            raise Failed(f"seed {seed + number}: {error}") from error
    if cases.total < EACH or not cases.with_status(201, "POST /api/bookings"):
        raise Failed(f"seed {seed + number}: {cases.total} requests, {cases.summary}")
    return f"{STEPS * EACH} requests, {cases.total} in this step: {cases.summary}"


PROOF = Proof(issue="b", name="api", seed=20261124, count=STEPS, step=step)
