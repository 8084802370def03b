"""100,000 runs of 50 steps of whatever people do: no overlap, no lost booking, no free time that is not offered."""

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.booking.pendings import QuarterWithPrograms
from tests.proof.harness import Failed, Proof

STEPS = 50
RUNS_EACH = 500
RUNS = 100_000
HALVES = 2
"""Two proofs, so that two cores can work."""


def step(first_seed: int, number: int) -> str:
    """*RUNS_EACH* runs from a seed of their own.

    Raises:
        Failed: it names what was broken, and the shortest way there stands in the log.
    """
    quiet = settings(
        max_examples=RUNS_EACH,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )

    @seed(first_seed + number)
    class Seeded(QuarterWithPrograms):
        pass

    try:
        run_state_machine_as_test(Seeded, settings=quiet)
    except Exception as error:
        raise Failed(f"{type(error).__name__}: {error}") from error
    return f"{(number + 1) * RUNS_EACH} runs of {STEPS} steps"


PROOF = Proof(issue="b", name="machine", seed=20_261_125, count=RUNS // HALVES // RUNS_EACH, step=step)
