"""10⁴ mutated set-ups at both ends' verifiers, in Python and in the page's module in Chromium: none is accepted."""

from tests.malice.chromium import judged_by_page, trust_page
from tests.malice.moves import setups
from tests.malice.world import Seen, tried
from tests.proof.harness import Failed, Proof

SETUPS = 10_000
STEPS = 10

_seen: list[tuple[Seen, Seen]] = []
"""Of each step of this run."""


def step(seed: int, number: int) -> str:
    """
    Raises:
        Failed: one was accepted, an honest one refused, the two disagree, or an end without the check refused one.
    """
    name, count = f"{seed}-{number}", SETUPS // STEPS
    with trust_page() as page:
        both = tried(setups(name, count)), judged_by_page(page, setups(name, count))
    for who, seen in zip(("Python", "page"), both, strict=True):
        if seen.wrong:
            raise Failed(f"{who}: {'; '.join(seen.wrong[:5])}")
        if seen.control != seen.setups:
            raise Failed(f"the control accepts {seen.control} of {seen.setups}")
    _seen.append(both)
    python, page_ = (sum((each[place] for each in _seen), Seen()) for place in (0, 1))
    return f"Python: {python}; the page's module: {page_}"


PROOF = Proof(issue="d", name="malice", seed=20_261_126, count=STEPS, step=step)
