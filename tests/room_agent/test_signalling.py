"""The room's place on the hub: taken again under the same name, also where nobody says that the line is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from room_agent.centre import Centre
from room_agent.journal import Journal
from room_agent.room import Room
from room_agent.signalling import Signalling
from schemas.signalling import CLOSE_NOT_ALLOWED, CLOSE_VISIT_OVER, FromHub, Over
from schemas.visit import Paired
from telemed.kit.machine import MachineKey
from tests.room_agent.world import ROOM, SERVER, SmallCentre
from tests.serving import served

pytestmark = pytest.mark.anyio


class Scripted(SmallCentre):
    """A hub that treats each connection as the next word of *script* says, and writes down who came."""

    def __init__(self, *script: str) -> None:
        super().__init__()
        self.script = list(script)
        self.came: list[str] = []
        self.beats = 0

    async def signalling(self, socket: WebSocket, visit_id: str, role: str, peer: str = "") -> None:
        assert await self.prove(socket) is not None
        assert (visit_id, role) == ("visit-1", "agent")
        self.came.append(peer)
        match self.script.pop(0):
            case "barred":
                await socket.close(CLOSE_NOT_ALLOWED)
            case "breaks":
                await socket.close(1012)
            case "silent":
                await self._listen(socket)
            case "over":
                await socket.send_text(Over().model_dump_json())
                await socket.close(CLOSE_VISIT_OVER)

    async def _listen(self, socket: WebSocket) -> None:
        try:
            while True:
                self.beats += "beat" in await socket.receive_text()
        except WebSocketDisconnect:
            return


@asynccontextmanager
async def line(
    centre: Scripted, folder: Path, *, beat_s: float = 2.0, silence_s: float = 5.0
) -> AsyncIterator[tuple[Signalling, list[int]]]:
    """The agent's, and how often it was lost."""
    key, lost = MachineKey.load_or_make(folder / "agent.key"), [0]
    centre.keys["agent-1"] = ("agent", key.public)

    async def take(message: FromHub) -> None:
        raise AssertionError(message)

    def went() -> None:
        lost[0] += 1

    journal = Journal(folder / "journal.sqlite")
    room = Room(journal, simulated=True)
    room.belong(Paired(machine_id="agent-1", room_id=ROOM, server=SERVER))
    async with served(centre.app()) as url:
        paces = {"beat_s": beat_s, "silence_s": silence_s}
        yield Signalling("visit-1", "peer-7", room=room, centre=Centre(url, key), take=take, lost=went, **paces), lost
    journal.close()


async def test_it_comes_back_under_the_same_name_until_the_visit_is_over(tmp_path: Path) -> None:
    centre = Scripted("breaks", "barred", "over")
    async with line(centre, tmp_path) as (it, lost), asyncio.timeout(8):
        await it.stay()
        assert centre.came == ["peer-7"] * 3
        assert lost == [3]
        assert not it.is_up


async def test_a_line_on_which_nothing_comes_is_lost_and_beats_went_up_meanwhile(tmp_path: Path) -> None:
    centre = Scripted("silent", "over")
    async with line(centre, tmp_path, beat_s=0.1, silence_s=0.4) as (it, _), asyncio.timeout(8):
        await it.stay()
        assert len(centre.came) == 2
        assert centre.beats >= 2


async def test_who_is_barred_twice_does_not_insist(tmp_path: Path) -> None:
    async with line(Scripted(), tmp_path) as (it, _):
        assert it._pause_s(CLOSE_NOT_ALLOWED) <= 0.5
        assert it._pause_s(CLOSE_NOT_ALLOWED) == it._pause_s(CLOSE_NOT_ALLOWED) == 15
        assert it._pause_s(0) <= 0.5
