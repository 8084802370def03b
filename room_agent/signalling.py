"""The room's place on the hub of one visit: open whenever it can be, under the same peer_id again after each break."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from room_agent.centre import LINE_ERRORS, BrokenContract, Centre, say, signalling_path
from room_agent.room import Room
from schemas.signalling import (
    BEAT_S,
    CLOSE_BROKEN_CONTRACT,
    CLOSE_NOT_ALLOWED,
    CLOSE_VISIT_OVER,
    SILENCE_S,
    FromHub,
    Over,
    Role,
    Signal,
    from_hub,
)
from schemas.signalling import HubBeat as Beat
from telemed.kit.logs import logger

log = logger("signalling")

TRY_S = 1.5
"""A way that was just lost often swallows the first try."""
PAUSE_S = 0.3
BARRED_S = 15.0
MISUNDERSTOOD_S = 5.0


class Signalling:
    """*take* hears everything but beats. *lost* is called when the line is down."""

    def __init__(
        self,
        visit_id: str,
        peer_id: str,
        *,
        room: Room,
        centre: Centre,
        take: Callable[[FromHub], Awaitable[None]],
        lost: Callable[[], None],
        beat_s: float = BEAT_S,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._path = signalling_path(visit_id, Role.AGENT, peer_id)
        self._room = room
        self._centre = centre
        self._take = take
        self._lost = lost
        self._hub: ClientConnection | None = None
        self._beat_s, self._silence_s = beat_s, silence_s
        self._barred = 0

    @property
    def is_up(self) -> bool:
        return self._hub is not None

    async def stay(self) -> None:
        """Until the visit is over. While the line is away the connections go on."""
        while True:
            code = await self._once()
            if code == CLOSE_VISIT_OVER:
                return
            await asyncio.sleep(self._pause_s(code))

    def _pause_s(self, code: int) -> float:
        """Who is shut out once may be so for facts that are on their way; after that it does not insist."""
        if code == CLOSE_NOT_ALLOWED:
            self._barred += 1
            return PAUSE_S if self._barred == 1 else BARRED_S
        self._barred = 0
        return MISUNDERSTOOD_S if code == CLOSE_BROKEN_CONTRACT else PAUSE_S

    async def send(self, signal: Signal) -> None:
        """To nobody while the line is away: both ends begin anew when they find each other again."""
        if self._hub is not None:
            try:
                await say(self._hub, signal)
            except ConnectionClosed:
                return

    async def _once(self) -> int:
        """One connection to the hub, to its end; the code it was closed with, 0 for a line that broke."""
        paired = self._room.pairing
        if paired is None:
            return CLOSE_VISIT_OVER
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(TRY_S):
                    hub = await stack.enter_async_context(self._centre.open(self._path, paired))
                return await self._talk(hub)
        except BrokenContract as error:
            log.warning("contract_broken", what=str(error))
            return CLOSE_BROKEN_CONTRACT
        except LINE_ERRORS as error:
            code = error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd else 0
            log.info("signalling_down", error=type(error).__name__, code=code)
            return code

    async def _talk(self, hub: ClientConnection) -> int:
        beating = asyncio.create_task(self._beat(hub))
        self._hub = hub
        try:
            return await self._listen(hub)
        except TimeoutError:
            hub.transport.abort()  # nobody there to say goodbye to
            raise
        finally:
            self._hub = None
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            self._lost()

    async def _beat(self, hub: ClientConnection) -> None:
        while True:
            await asyncio.sleep(self._beat_s)
            await say(hub, Beat())

    async def _listen(self, hub: ClientConnection) -> int:
        while True:
            async with asyncio.timeout(self._silence_s):
                text = await hub.recv()
            self._barred = 0
            try:
                message = from_hub.validate_json(text)
            except ValidationError:
                await hub.close(CLOSE_BROKEN_CONTRACT)
                raise BrokenContract("signalling") from None
            match message:
                case Over():
                    return CLOSE_VISIT_OVER
                case Beat():
                    continue
                case _:
                    await self._take(message)
