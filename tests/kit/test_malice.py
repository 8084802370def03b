"""Nothing that a malicious centre does to a set-up is accepted, by either verifier; the full count is a proof."""

from collections.abc import Callable, Iterator

import pytest

from tests.counts import Counted
from tests.malice.chromium import judged_by_page, trust_page
from tests.malice.moves import MOVES, setups
from tests.malice.world import Seen, World, tried

REDUCED = 5 * len(MOVES)


def _page(made: Iterator[tuple[str, World]]) -> Seen:
    with trust_page() as page:
        return judged_by_page(page, made)


@pytest.mark.parametrize(("who", "judge"), [("in Python", tried), ("of the page, in Chromium", _page)])
def test_no_mutated_setup_is_accepted_and_an_end_that_does_not_check_takes_them_all(
    counted: Counted, who: str, judge: Callable[[Iterator[tuple[str, World]]], Seen]
) -> None:
    seen = judge(setups("d-malice-unit", REDUCED))
    counted(f"d-malice, reduced, the verifier {who}: {seen}")
    assert not seen.wrong
    assert seen.control == seen.setups == REDUCED
    assert len(seen.mutations) == len(MOVES)
