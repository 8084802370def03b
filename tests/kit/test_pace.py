"""One turn of the event loop that lets nobody in between."""

import asyncio
import sys

import pytest

from telemed.kit.pace import IN_ONE_GO_S, in_one_go

pytestmark = pytest.mark.anyio


async def test_other_threads_wait_for_one_turn_only_however_often_it_is_asked_for() -> None:
    usual_s = sys.getswitchinterval()
    for _ in range(2):
        in_one_go(asyncio.get_running_loop())
        assert sys.getswitchinterval() == pytest.approx(IN_ONE_GO_S)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert sys.getswitchinterval() == pytest.approx(usual_s)
