"""Nothing that a malicious centre does to a set-up is accepted (`telemed.kit.trust`); the full count is a proof."""

from tests.counts import Counted
from tests.malice.moves import MOVES, setups
from tests.malice.world import tried

REDUCED = 10 * len(MOVES)


def test_no_mutated_setup_is_accepted_and_an_end_that_does_not_check_takes_them_all(counted: Counted) -> None:
    seen = tried(setups("d-malice-unit", REDUCED))
    counted(f"d-malice, reduced, the verifier in Python: {seen}")
    assert not seen.wrong
    assert seen.control == seen.setups == REDUCED
    assert len(seen.mutations) == len(MOVES)
