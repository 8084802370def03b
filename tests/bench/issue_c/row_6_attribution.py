"""Values of somebody else that were shown, with the drain and, as the control, without; ``WHOSE_RUNS`` (1,000)."""

import os
import time
from collections.abc import Iterator

from tests.bench.harness import Figure, note
from tests.bench.recorded import recorded
from tests.proof.issue_c.attribution import PROOF, RUNS
from tests.room_agent.whose_tally import play

REDUCED = int(os.environ.get("WHOSE_RUNS", "1000"))


def measure() -> Iterator[Figure]:
    began = time.monotonic()
    seen = play(PROOF.seed, REDUCED)
    took_s = time.monotonic() - began
    control = play(PROOF.seed, REDUCED, drained=False)
    note(f"attribution, reduced count: {seen}")
    note(f"without the drain: {control.wrong} shown under another person")
    yield Figure(
        issue="C",
        row=6,
        name=f"wrong-patient attempts accepted, of {seen.foreign} in {seen.sequences} sequences (baseline: no drain)",
        value=seen.wrong,
        unit="values",
        target="0; without the drain more than 0",
        ok=seen.wrong == 0 and control.wrong > 0,
        baseline=control.wrong,
    )
    yield Figure(
        issue="C",
        row=6,
        name="values measured in good order, every one shown",
        value=seen.good,
        unit="values",
        target="more than 0, or the guard refuses all",
        ok=seen.good > 0,
    )
    yield Figure(
        issue="C",
        row=6,
        name="sequences played",
        value=round(seen.sequences / took_s * 60),
        unit="per minute",
        target="as measured",
        ok=True,
    )
    yield recorded(PROOF, row=6, unit=f"of {RUNS} sequences")
