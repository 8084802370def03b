"""The monitor's line to the room agent, against a small real agent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from signage.feed import Bulletin, Feed, Pace, feed_url
from signage.pairing import Identity
from signage.screen import Line, Mode
from telemed.kit.clock import real_now
from tests.serving import served
from tests.signage.agent import CODE, SmallAgent
from tests.signage.boards import make_board

QUICK = Pace(first_s=0.05, longest_s=0.2, barred_s=0.2, ping_s=0.5, silent_s=1.5)


class HandSeconds:
    """A monotonic clock that a test turns by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def until(bulletin: Bulletin, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await bulletin.changed(within_s=0.02)


@asynccontextmanager
async def monitor(
    folder: Path, url: str, code: str = CODE, *, seconds: Callable[[], float] | None = None
) -> AsyncIterator[Bulletin]:
    """A monitor that listens to *url* while the block lasts."""
    bulletin = Bulletin(seconds=seconds) if seconds else Bulletin()
    feed = Feed(url, Identity.load_or_make(folder), bulletin, code=code, pace=QUICK)
    task = asyncio.create_task(feed.run())
    try:
        yield bulletin
    finally:
        task.cancel()
        await asyncio.wait([task])


async def dropped_after(agent: SmallAgent, bulletin: Bulletin, message: str) -> None:
    """The monitor ends the connection over *message* and comes back with a new proof."""
    before = agent.proofs
    agent.send_text(message)
    await until(bulletin, lambda: agent.proofs > before)


def current(seq: int = 1) -> dict[str, object]:
    return {"seq": seq, "as_of": real_now(), "centre_heard": real_now()}


def test_a_monitor_pairs_proves_its_key_and_shows_the_board(tmp_path: Path) -> None:
    async def story() -> None:
        agent = SmallAgent()
        async with served(agent.app) as url, monitor(tmp_path, url) as bulletin:
            assert bulletin.screen().mode in {Mode.UNPAIRED, Mode.WAY}
            await agent.connected()
            agent.send(make_board(**current()))
            await until(bulletin, lambda: bulletin.screen().mode is Mode.FRESH)
            assert agent.proofs == 1

    asyncio.run(story())


def test_a_paired_monitor_needs_no_code_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        agent = SmallAgent()
        async with served(agent.app) as url:
            async with monitor(tmp_path, url):
                await agent.connected()
            async with monitor(tmp_path, url, code="") as bulletin:
                await until(bulletin, lambda: agent.proofs == 2)

    asyncio.run(story())


def test_a_new_code_pairs_anew(tmp_path: Path) -> None:
    async def story() -> None:
        agent = SmallAgent()
        async with served(agent.app) as url:
            async with monitor(tmp_path, url):
                await agent.connected()
            assert Identity.load_or_make(tmp_path).paired("WXYZ-6789") is None
            assert Identity.load_or_make(tmp_path).paired(CODE) is not None

    asyncio.run(story())


def test_a_wrong_code_leaves_the_monitor_unpaired(tmp_path: Path) -> None:
    async def story() -> None:
        agent = SmallAgent()
        async with served(agent.app) as url, monitor(tmp_path, url, "WXYZ-6789") as bulletin:
            await bulletin.changed(within_s=0.3)
            assert bulletin.screen().mode is Mode.UNPAIRED
            assert not (tmp_path / "paired.json").exists()

    asyncio.run(story())


def test_a_monitor_pairs_as_soon_as_the_agent_can_ask_the_centre(tmp_path: Path) -> None:
    async def story() -> None:
        agent = SmallAgent()
        agent.centre_away = True
        async with served(agent.app) as url, monitor(tmp_path, url) as bulletin:
            await until(bulletin, lambda: agent.asked_to_pair >= 2)
            agent.centre_away = False
            await agent.connected()

    asyncio.run(story())


def test_a_revoked_monitor_shows_nothing_any_more_and_comes_back_when_allowed(tmp_path: Path) -> None:
    async def story() -> None:
        agent = SmallAgent()
        async with served(agent.app) as url, monitor(tmp_path, url) as bulletin:
            await agent.connected()
            agent.send(make_board(**current()))
            await until(bulletin, lambda: bulletin.screen().mode is Mode.FRESH)
            agent.revoke()
            await until(bulletin, lambda: bulletin.screen().mode is Mode.BARRED)
            assert bulletin.heard is None
            agent.revoked = False
            await agent.connected()
            agent.send(make_board(**current(2)))
            await until(bulletin, lambda: bulletin.screen().mode is Mode.FRESH)

    asyncio.run(story())


def test_a_killed_agent_is_said_within_15_seconds_and_its_return_ends_it(tmp_path: Path) -> None:
    async def story() -> None:
        seconds = HandSeconds()
        agent = SmallAgent()
        async with served(agent.app) as url:
            watching = monitor(tmp_path, url, seconds=seconds)
            bulletin = await watching.__aenter__()
            await agent.connected()
            agent.send(make_board(**current()))
            await until(bulletin, lambda: bulletin.line is Line.UP)
        await until(bulletin, lambda: bulletin.line is Line.DOWN)
        seconds.now_s = 14.9
        assert bulletin.screen().lost
        again = SmallAgent()
        again.public_key = agent.public_key
        async with served(again.app, port=int(url.rpartition(":")[2])):
            await again.connected()
            again.send(make_board(**current(2)))
            await until(bulletin, lambda: bulletin.screen().mode is Mode.FRESH)
        await watching.__aexit__(None, None, None)

    asyncio.run(story())


def test_an_agent_that_falls_silent_without_closing_counts_as_lost(tmp_path: Path) -> None:
    async def story() -> None:
        agent = SmallAgent()
        async with served(agent.app) as url, monitor(tmp_path, url) as bulletin:
            await agent.connected()
            agent.send(make_board(**current()))
            await until(bulletin, lambda: bulletin.line is Line.UP)
            await until(bulletin, lambda: bulletin.line is Line.DOWN)

    asyncio.run(story())


def test_an_older_board_does_not_replace_a_newer_one(tmp_path: Path) -> None:
    async def story() -> None:
        agent = SmallAgent()
        async with served(agent.app) as url, monitor(tmp_path, url) as bulletin:
            await agent.connected()
            agent.send(make_board(**current(5)))
            agent.send(make_board(**current(4)))
            agent.send(make_board(**{**current(9), "as_of": real_now() - timedelta(minutes=1)}))
            agent.send(make_board(**current(6)))
            seen = set()

            def last_came() -> bool:
                seen.add(bulletin.heard.board.seq if bulletin.heard else 0)
                return 6 in seen

            await until(bulletin, last_came)
            assert seen <= {0, 5, 6}

    asyncio.run(story())


def test_a_message_outside_the_contract_closes_the_line_and_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        agent = SmallAgent()
        async with served(agent.app) as url, monitor(tmp_path, url) as bulletin:
            for broken in ('{"rows": 3}', "not json", make_board(room_id="another-room").model_dump_json()):
                await agent.connected()
                await dropped_after(agent, bulletin, broken)
            assert bulletin.heard is None

    asyncio.run(story())


def test_an_agent_with_another_name_gets_no_proof(tmp_path: Path) -> None:
    async def story() -> None:
        stranger = SmallAgent(server_name="stranger")
        async with served(stranger.app) as url, monitor(tmp_path, url) as bulletin:
            await until(bulletin, lambda: bulletin.line is Line.DOWN)
            await bulletin.changed(within_s=0.3)
            assert stranger.proofs == 0

    asyncio.run(story())


def test_the_address_of_the_feed() -> None:
    assert feed_url("http://raum.localhost:8082/") == "ws://raum.localhost:8082/feed"
    assert feed_url("https://raum") == "wss://raum/feed"
