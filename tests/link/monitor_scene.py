"""From the operator's button to a monitor's glass with the parts of the real programs: centre, line, agent, monitor."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from room_agent.app import create_app
from room_agent.instruments import none
from room_agent.journal import Journal
from room_agent.room import Room
from room_agent.settings import Settings
from room_agent.wiring import Agent, Devices, build
from signage.feed import Bulletin, Feed, Pace
from signage.pairing import Identity
from signage.screen import Mode
from telemed.identity import service as identity
from telemed.identity.model import MachinesChanged
from telemed.kit.i18n import words
from telemed.kit.outbox import Relay, Subscription
from telemed.link import routes
from telemed.link.reactions import send_plan
from telemed.link.service import Lines
from telemed.operator import service as operator
from tests.builders import World
from tests.link.cable import Cable, cable
from tests.serving import served, served_beside

ROOM = "room-1"
PATIENCE_S = 15.0
LET_IN, SHUT_OUT = Mode.FRESH, Mode.BARRED


@dataclass
class Monitored:
    """A centre, and the agent of its first room. The centre's own work is done beside the loop of agent and monitor."""

    world: World
    agent: Agent
    url: str
    folder: Path
    line: Cable

    @asynccontextmanager
    async def monitor(self, name: str) -> AsyncIterator[tuple[str, Bulletin]]:
        """Pair one more monitor with a code of the operator's, and see the board on it."""
        code = await asyncio.to_thread(self._code, "monitor")
        seen, bulletin = Identity.load_or_make(self.folder / name), Bulletin()
        feed = Feed(self.url, seen, bulletin, code=code, pace=Pace())
        listening = asyncio.create_task(feed.run())
        try:
            await shows(bulletin, LET_IN)
            paired = seen.paired(code)
            assert paired is not None
            yield paired.machine_id, bulletin
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def revoke(self, machine_id: str) -> None:
        """What the operator's button does; returns when the centre has committed it."""

        def pressed() -> None:
            with self.world.db.transaction() as tx:
                identity.revoke(tx, machine_id, now=self.world.clock.now())

        await asyncio.to_thread(pressed)

    async def contact(self, machine_id: str) -> str:
        """How the operator's page says that the machine stands."""

        def looked() -> str:
            with self.world.db.reading() as tx:
                rooms = operator.rooms(tx, self.world.centre.the(Lines), now=self.world.clock.now())
            return next(each.contact.value for room in rooms for each in room.machines if each.id == machine_id)

        return await asyncio.to_thread(looked)

    async def is_here(self, machine_id: str) -> None:
        """Until the operator's page shows it."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.contact(machine_id) != "here":
                await asyncio.sleep(0.05)

    def _code(self, kind: str) -> str:
        with self.world.db.transaction() as tx:
            return operator.new_pairing(tx, kind=kind, room_id=ROOM, now=self.world.clock.now())


async def shows(bulletin: Bulletin, mode: Mode, within_s: float = PATIENCE_S) -> float:
    """Wait for it on the glass; the moment, on the monotonic clock."""
    async with asyncio.timeout(within_s):
        while bulletin.screen().mode is not mode:
            await bulletin.changed(within_s=0.05)
    return time.monotonic()


def plain_room(journal: Journal) -> Room:
    return Room(journal, simulated=False)


@asynccontextmanager
async def monitored(
    world: World, folder: Path, room: Callable[[Journal], Room] = plain_room
) -> AsyncIterator[Monitored]:
    """Centre and agent run and know each other; the line between them can be cut. *room*: with clocks of its own."""
    lines = world.centre.the(Lines)
    relay = Relay(world.db, [Subscription("send plan", MachinesChanged, send_plan(lines))], world.clock)
    relaying = threading.Thread(target=relay.run)
    relaying.start()
    app = FastAPI()
    app.state.centre = world.centre
    app.include_router(routes.routes)
    try:
        with served_beside(app, lifespan="off") as server:
            async with cable(server.port) as line, _agent(world, line, folder, room) as it:
                yield it
    finally:
        relay.stop()
        relaying.join(PATIENCE_S)


@asynccontextmanager
async def _agent(world: World, line: Cable, folder: Path, room: Callable[[Journal], Room]) -> AsyncIterator[Monitored]:
    def code() -> str:
        with world.db.transaction() as tx:
            return operator.new_pairing(tx, kind="agent", room_id=ROOM, now=world.clock.now())

    settings = Settings(centre_url=line.url, state_dir=folder, pairing_code=await asyncio.to_thread(code))
    journal = Journal(folder / "journal.sqlite")
    agent = build(settings, room(journal), Devices(), none(words()))

    @asynccontextmanager
    async def running() -> AsyncIterator[Agent]:
        task = asyncio.create_task(agent.run())
        yield agent
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async with served(create_app(running)) as url:
        async with asyncio.timeout(PATIENCE_S):
            while agent.room.plan is None:
                await asyncio.sleep(0.01)
        yield Monitored(world, agent, url, folder, line)
    journal.close()
