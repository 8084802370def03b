"""50 set-ups with real media through a centre that stands in between: no packet. Run it by ops/in_namespace.sh."""

import asyncio
from collections import Counter

from tests.malice.middle import Attack
from tests.malice.real_media import Passed, attacked, between, control
from tests.proof.harness import Failed, Proof

EACH = 10
STEPS = 5

_seen: list[Passed] = []
"""Of each step of this run."""


async def tried(count: int, first: int = 0) -> tuple[list[Passed], Passed]:
    """So many attacks, of each kind in turn, and the control."""
    kinds = list(Attack)
    async with between() as (room, hub):
        found = [await attacked(room, hub, kinds[(first + number) % len(kinds)]) for number in range(count)]
        return found, await control(room, hub)


def step(_seed: int, number: int) -> str:
    """
    Raises:
        Failed: media came through, an end did not refuse, or the control's ends got no media.
    """
    try:
        found, through = asyncio.run(tried(EACH, number))
    except TimeoutError as error:
        raise Failed("an end did not refuse in time, or the control got no media") from error
    wrong = [each for each in found if not each.is_nothing]
    if wrong:
        raise Failed(f"came through: {wrong[:3]}")
    _seen.extend(found)
    kinds = dict(Counter(each.attack for each in _seen))
    packets = sum(each.to_middle + each.to_doctor for each in _seen)
    control_ = f"{through.to_middle} packets to the middle, {through.to_doctor} to the doctor"
    return f"{len(_seen)} set-ups {kinds}: {packets} packets, all refused by both ends; last control: {control_}"


PROOF = Proof(issue="d", name="middle", seed=20_261_126, count=STEPS, step=step)
