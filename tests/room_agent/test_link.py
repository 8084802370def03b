"""The line to the centre, against a small real one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from room_agent.centre import Centre
from room_agent.journal import Journal
from room_agent.link import Link
from room_agent.room import Room
from schemas.channels import CLOSE_BROKEN_CONTRACT, Beat, FactsTaken, PlanDown
from schemas.day import FactKind
from telemed.kit.machine import MachineKey
from tests.room_agent.world import CODE, ROOM, SmallCentre, fact, plan, ticket, until, visit
from tests.serving import served

pytestmark = pytest.mark.anyio


@dataclass
class Machine:
    """A room's machine without devices."""

    room: Room
    link: Link


@asynccontextmanager
async def machine(url: str, folder: Path, code: str = CODE) -> AsyncIterator[Machine]:
    journal = Journal(folder / "journal.sqlite")
    room = Room(journal, simulated=True)
    link = Link(room, Centre(url, MachineKey.load_or_make(folder / "agent.key")), pairing_code=code)
    running = asyncio.create_task(link.run())
    try:
        yield Machine(room, link)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        journal.close()


async def test_a_code_makes_it_the_rooms_machine_once_and_a_restart_needs_none(tmp_path: Path) -> None:
    centre = SmallCentre(plan=plan(visit()))
    async with served(centre.app()) as url:
        async with machine(url, tmp_path) as first:
            await until(lambda: first.room.plan)
            assert first.room.pairing is not None
            assert first.room.pairing.room_id == ROOM
        async with machine(url, tmp_path, code="") as again:
            await until(lambda: again.room.line_ok)
    assert list(centre.keys) == ["agent-1"]


async def test_a_wrong_code_pairs_nothing(tmp_path: Path) -> None:
    centre = SmallCentre()
    async with served(centre.app()) as url, machine(url, tmp_path, code="WRONG234") as it:
        await it.link._try()
        assert it.room.pairing is None


async def test_the_plan_comes_down_and_moves_the_exercise_clock(tmp_path: Path) -> None:
    centre = SmallCentre()
    async with served(centre.app()) as url, machine(url, tmp_path) as it:
        await until(lambda: it.room.line_ok)
        await centre.send_plan(visit(), seq=1, exercise=True, clock_offset_s=720.0)
        await until(lambda: it.room.plan)
        assert it.room.clock.offset.total_seconds() == 720
        await centre.send_plan(visit(), seq=2, exercise=False, clock_offset_s=720.0)
        await until(lambda: it.room.plan and it.room.plan.seq == 2)
        assert it.room.clock.offset.total_seconds() == 0


async def test_a_fact_goes_up_again_until_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("room_agent.link.RESEND_S", 0.1)
    centre = SmallCentre(takes=False, plan=plan(visit()))
    async with served(centre.app()) as url, machine(url, tmp_path) as it:
        await until(lambda: it.room.plan)
        assert it.room.check_in(ticket())
        await until(lambda: len(centre.all_facts_up()) >= 3)
        arrived = centre.all_facts_up()[0]
        assert {each.fact_id for each in centre.all_facts_up()} == {arrived.fact_id}
        await centre.down(FactsTaken(fact_ids=(arrived.fact_id,)))
        await until(lambda: not it.room.journal.untaken())


async def test_what_happens_without_the_line_goes_up_later_and_once(tmp_path: Path) -> None:
    centre = SmallCentre(plan=plan(visit()))
    async with served(centre.app()) as url, machine(url, tmp_path) as it:
        await until(lambda: it.room.plan)
    async with machine("http://127.0.0.1:9", tmp_path) as alone:
        assert alone.room.check_in(ticket())
        board = alone.room.board()
        assert board is not None
        assert len(board.rows) == 1
        assert board.centre_heard is None
    async with served(centre.app()) as url, machine(url, tmp_path) as it:
        await until(lambda: centre.facts)
        await until(lambda: not it.room.journal.untaken())
    assert [each.kind for each in centre.all_facts_up()] == [FactKind.ARRIVED]


async def test_it_comes_back_after_a_break(tmp_path: Path) -> None:
    centre = SmallCentre(plan=plan(visit()))
    async with served(centre.app()) as url, machine(url, tmp_path) as it:
        await until(lambda: centre.links)
        first = centre.links[0]
        await first.close(1012)
        await until(lambda: centre.links and centre.links[0] is not first)
        await until(lambda: it.room.line_ok)


@pytest.mark.parametrize(
    "broken",
    [
        "not json",
        '{"type": "unknown"}',
        '{"type": "plan", "plan": {"room_id": "room-1"}}',
        '{"type": "facts", "facts": [{"fact_id": "a"}]}',
        PlanDown(plan=plan(visit(), room_id="room-2", seq=9)).model_dump_json(),
    ],
)
async def test_a_broken_message_closes_with_4400_and_nothing_is_half_applied(tmp_path: Path, broken: str) -> None:
    centre = SmallCentre(plan=plan(visit()))
    async with served(centre.app()) as url, machine(url, tmp_path) as it:
        await until(lambda: it.room.plan)
        before = (it.room.plan, it.room.journal.facts())
        await centre.down(broken)
        await until(lambda: centre.link_codes)
        assert centre.link_codes[0] == CLOSE_BROKEN_CONTRACT
        assert (it.room.plan, it.room.journal.facts()) == before
        await until(lambda: centre.links)


async def test_a_silent_centre_is_a_line_that_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("room_agent.link.SILENCE_S", 0.3)
    monkeypatch.setattr("room_agent.room.SILENCE_S", 0.3)
    centre = SmallCentre(plan=plan(visit()))
    async with served(centre.app()) as url, machine(url, tmp_path) as it:
        await until(lambda: it.room.line_ok)
        await until(lambda: not it.room.line_ok)
        await until(lambda: centre.link_codes)


async def test_it_beats(tmp_path: Path) -> None:
    centre = SmallCentre()
    async with served(centre.app()) as url, machine(url, tmp_path) as it:
        await until(lambda: any(isinstance(message, Beat) for message in centre.heard))
        assert it.link.round_trip_s is not None


async def test_what_the_centre_says_has_happened_is_known_here(tmp_path: Path) -> None:
    centre = SmallCentre(plan=plan(visit()), facts=[fact(FactKind.ARRIVED)])
    async with served(centre.app()) as url, machine(url, tmp_path) as it:
        await until(it.room.journal.facts)
        await centre.tell(fact(FactKind.CALLED))
        await until(lambda: it.room.show().screen == "call")
        assert not it.room.journal.untaken()
