"""100,000 sequences over clocks, orders, reconnections, stored values and windows: no value under another person."""

from tests.proof.harness import Failed, Proof
from tests.room_agent.whose_tally import play, worst

RUNS_EACH = 500
RUNS = 100_000


def step(first_seed: int, number: int) -> str:
    """*RUNS_EACH* sequences from a seed of their own; before them the control without the drain, which must fail.

    Raises:
        Failed: a value was shown under another person, one in good order was not shown, or the control found nothing.
    """
    if not worst(drained=False):
        raise Failed("without the drain nothing was shown wrongly: the witness is blind")
    try:
        seen = play(first_seed + number, RUNS_EACH)
    except Exception as error:
        raise Failed(f"{type(error).__name__}: {error}") from error
    return f"{(number + 1) * RUNS_EACH} sequences, 0 shown under another person; of the last step, {seen}"


PROOF = Proof(issue="c", name="attribution", seed=20_261_125, count=RUNS // RUNS_EACH, step=step)
