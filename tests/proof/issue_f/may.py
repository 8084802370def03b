"""10⁵ random worlds: who may do what is the same by the rule, by the wishes written down once more, and by SQL."""

from sqlalchemy import create_engine

from tests.identity.worlds import agree_shaken
from tests.proof.harness import Failed, Proof

WORLDS = 100_000
STEPS = 100


def step(seed: int, number: int) -> str:
    """
    Raises:
        Failed: in one of these worlds they differ.
    """
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as tx:
            agree_shaken(tx, WORLDS // STEPS, seed + number)
    except AssertionError as error:
        raise Failed(str(error)) from error
    finally:
        engine.dispose()
    return f"{WORLDS // STEPS * (number + 1)} worlds, 0 differences between rule, wishes and SQL"


PROOF = Proof(issue="f", name="may", seed=20_261_127, count=STEPS, step=step)
