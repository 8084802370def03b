"""200 power cuts in the room's journal: nothing acknowledged lost, nothing broken, and a control that loses."""

from dataclasses import dataclass

from tests.crash.powercut import Found, cuts
from tests.proof.harness import Failed, Proof

CUTS_EACH = 20
CONTROL = 3


@dataclass
class Seen:
    """Over all steps of this run."""

    cuts: int = 0
    midway: int = 0
    acknowledged: int = 0
    controls_lost: int = 0

    def add(self, found: Found, control: Found) -> str:
        self.cuts += found.cuts
        self.midway += found.midway
        self.acknowledged += found.acknowledged
        self.controls_lost += control.lost
        return (
            f"{self.cuts} cuts, {self.midway} midway, {self.acknowledged} acknowledged, 0 lost, 0 corrupt; "
            f"controls lost {self.controls_lost}"
        )


SEEN = Seen()


def step(seed: int, number: int) -> str:
    """*CUTS_EACH* cuts on a fresh disk, and a control that does not wait for the disk, which must lose something.

    Raises:
        Failed: something acknowledged was lost, the file was broken, or the control lost nothing.
    """
    found = cuts(CUTS_EACH, seed=seed + number)
    if not found.holds:
        raise Failed(f"{found} {sorted(found.why)}")
    control = cuts(CONTROL, seed=seed + number, safe=False)
    if not control.lost:
        raise Failed("the control that does not wait for the disk lost nothing")
    return SEEN.add(found, control)


PROOF = Proof(issue="c", name="powercut", seed=20_261_126, count=10, step=step)
