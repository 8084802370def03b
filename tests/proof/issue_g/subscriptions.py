"""20,000 events told to receivers that hang, fail, take twice and are away: none lost, each in order."""

import tempfile
from pathlib import Path

from tests.databases import SqliteFiles, opened
from tests.proof.harness import Failed, Proof
from tests.subscribe.storm import storm

EVENTS = 20_000
STEPS = 40

_requests: list[int] = []
"""Of each step of this run."""


def step(_seed: int, _number: int) -> str:
    """
    Raises:
        Failed: an event was lost or came out of order.
    """
    with (
        tempfile.TemporaryDirectory(prefix="telemed-storm-") as folder,
        opened(SqliteFiles(Path(folder)).fresh_url()) as database,
    ):
        told = storm(database, EVENTS // STEPS, bad=True)
    if told.faults:
        raise Failed("; ".join(told.faults[:5]))
    _requests.append(told.requests)
    return f"{EVENTS // STEPS} events each to 4 receivers, {sum(_requests)} requests: 0 lost, 0 out of order"


PROOF = Proof(issue="g", name="subscriptions", seed=1, count=STEPS, step=step)
