"""10⁵ random patients: in nothing that they are sent stands their name, doctor, specialty, contact or reason."""

from tests.notify.leaks import Leaks, control, look
from tests.proof.harness import Failed, Proof

PATIENTS = 100_000
STEPS = 20
CONTROLS = 300

_seen: list[Leaks] = []
"""Of each step of this run."""


def step(seed: int, number: int) -> str:
    """
    Raises:
        Failed: something of a patient was in a message, or the look does not find what is put there on purpose.
    """
    name, count = f"{seed}-{number}", PATIENTS // STEPS
    seen = look(name, count)
    if seen.found:
        raise Failed("; ".join(seen.found[:5]))
    caught = control(name, CONTROLS)
    if caught != CONTROLS:
        raise Failed(f"the control found {caught} of {CONTROLS}")
    _seen.append(seen)
    total = Leaks(sum(each.patients for each in _seen), sum(each.parcels for each in _seen))
    return f"{total}; control: {CONTROLS * len(_seen)} of {CONTROLS * len(_seen)} found"


PROOF = Proof(issue="e", name="notices", seed=20_261_126, count=STEPS, step=step)
