"""A malicious centre: mutated set-ups at both verifiers, and real media. The proofs' records have the full counts."""

import os
import time
from collections.abc import Iterator

from tests.bench.harness import Figure, note
from tests.bench.recorded import recorded
from tests.malice.chromium import judged_by_page, trust_page
from tests.malice.moves import MOVES, setups
from tests.malice.world import Seen, tried
from tests.proof.issue_d import malice, middle

REDUCED = int(os.environ.get("MALICE", str(10 * len(MOVES))))


def measure() -> Iterator[Figure]:
    with trust_page() as page:
        for who in ("Python", "the page's module"):
            began = time.monotonic()
            made = setups("d-malice-bench", REDUCED)
            seen = tried(made) if who == "Python" else judged_by_page(page, made)
            note(f"row 7, {who}, reduced count {REDUCED}, {time.monotonic() - began:.1f} s: {seen}")
            yield _figure(who, seen)
    yield recorded(malice.PROOF, row=7, unit=f"of {malice.SETUPS} mutated set-ups at each verifier")
    yield recorded(middle.PROOF, row=7, unit=f"of {middle.EACH * middle.STEPS} set-ups with real media")


def _figure(who: str, seen: Seen) -> Figure:
    return Figure(
        issue="D",
        row=7,
        name=f"{who}: accepted of {seen.setups} mutated set-ups (reduced); baseline: accepted without the check",
        value=len(seen.wrong),
        unit="set-ups",
        baseline=seen.control,
        target="0; baseline all",
        ok=not seen.wrong and seen.control == seen.setups,
    )
