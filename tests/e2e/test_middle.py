"""A centre that stands in between gets no media; ends that do not check give it all. The full count is a proof."""

import pytest

from tests.counts import Counted
from tests.proof.issue_d.middle import tried

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(120)]
REDUCED = 2


async def test_no_packet_gets_to_a_centre_that_stands_in_between(counted: Counted) -> None:
    found, through = await tried(REDUCED, first=1)
    counted(f"d-middle, reduced: {REDUCED} set-ups with real media; control: {through}")
    assert all(each.is_nothing for each in found), found
    assert through.to_middle
    assert through.to_doctor
