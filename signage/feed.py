"""Listens to the room agent: proves who we are, takes boards, comes back after every loss."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus

from schemas.board import Board
from schemas.channels import CLOSE_BROKEN_CONTRACT, CLOSE_NOT_ALLOWED
from schemas.visit import Challenge, Paired
from signage.calls import Sound, Volume, sound
from signage.languages import Turn, turned
from signage.pairing import AgentAway, Identity, PairingRefused, pair
from signage.screen import Line, Received, Screen, is_newer, languages, received, show
from telemed.kit.clock import real_now
from telemed.kit.logs import logger
from telemed.web.pages import BERLIN

log = logger("feed")


@dataclass(frozen=True)
class Pace:
    """How fast we come back, and when a silent line counts as lost; all in seconds.

    A room PC that loses its power closes nothing: pings find out, long before a board is marked as old.
    """

    first_s: float = 0.5
    longest_s: float = 5.0
    barred_s: float = 15.0
    ping_s: float = 3.0
    silent_s: float = 12.0


class Barred(Exception):
    """The agent does not let us in (any more)."""


class Broken(Exception):
    """What came is not what the contract says."""


class Bulletin:
    """The newest board and how the line stands; whoever shows it waits for `changed`."""

    def __init__(
        self, *, seconds: Callable[[], float] = time.monotonic, real: Callable[[], datetime] = real_now
    ) -> None:
        self.line = Line.UNPAIRED
        self.heard: Received | None = None
        self._seconds = seconds
        self._real = real
        self._turn: Turn | None = None
        self._changed = asyncio.Event()

    def take(self, board: Board) -> bool:
        """Keep *board*; False where it is older than what we have."""
        at_s = self._seconds()
        if not is_newer(board, self.heard, at_s=at_s):
            return False
        self.heard = received(board, real=self._real(), at_s=at_s)
        self._tell()
        return True

    def stands(self, line: Line) -> None:
        """The line is now *line*. Whoever is barred forgets what was heard."""
        if line is Line.BARRED:
            self.heard = None
        if line is not self.line:
            self.line = line
            self._tell()

    def screen(self) -> Screen:
        """What is on the glass now; the second line goes on to the next language when its time has come."""
        now_s = self._seconds()
        self._turn = turned(self._turn, languages(self.heard, now_s=now_s, line=self.line), now_s=now_s)
        screen = show(self.heard, now_s=now_s, line=self.line)
        return replace(screen, second=self._turn.language if self._turn else "")

    def sound(self, volume: Volume) -> Sound:
        """What is to be heard now, as loud as *volume* says for this time of day."""
        offset_s = self.heard.board.clock_offset_s if self.heard else 0.0
        local = (self._real() + timedelta(seconds=offset_s)).astimezone(BERLIN)
        return sound(self.heard, now_s=self._seconds(), line=self.line, volume=volume.at(local))

    async def changed(self, within_s: float) -> None:
        """Return at the next change, or after *within_s*."""
        try:
            async with asyncio.timeout(within_s):
                await self._changed.wait()
        except TimeoutError:
            return

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Feed:
    """Keeps a `Bulletin` filled; `run` never ends by itself."""

    def __init__(self, agent_url: str, identity: Identity, bulletin: Bulletin, *, code: str = "", pace: Pace) -> None:
        self._agent_url = agent_url
        self._identity = identity
        self._bulletin = bulletin
        self._code = code
        self._pace = pace
        self._failures = 0

    async def run(self) -> None:
        """Pair if we must, listen, and after each loss wait and listen again."""
        paired = await self._paired()
        while True:
            try:
                await self._listen(paired)
            except Barred:
                self._bulletin.stands(Line.BARRED)
                log.warning("feed_barred")
                await self._pause(self._pace.barred_s)
            except (ConnectionClosed, InvalidHandshake, InvalidMessage, OSError, TimeoutError, Broken) as error:
                self._lost(error)
                await self._pause(self._pace.longest_s)

    def _lost(self, error: Exception) -> None:
        if self._bulletin.line is not Line.BARRED:
            self._bulletin.stands(Line.DOWN)
        log.info("feed_lost", reason=type(error).__name__)

    async def _pause(self, longest_s: float) -> None:
        """Wait twice as long after each failure, up to *longest_s*."""
        wait_s = min(self._pace.first_s * 2**self._failures, longest_s)
        self._failures = min(self._failures + 1, 16)
        await asyncio.sleep(wait_s)

    async def _paired(self) -> Paired:
        paired = self._identity.paired(self._code)
        while paired is None:
            paired = await self._try_to_pair()
        self._failures = 0
        self._bulletin.stands(Line.DOWN)
        return paired

    async def _try_to_pair(self) -> Paired | None:
        """One try, and a pause where it fails; a refused code is shown slowly, since the room counts wrong ones."""
        if not self._code:
            await asyncio.sleep(self._pace.barred_s)
            return None
        try:
            paired = await pair(self._agent_url, self._code, self._identity.key.public)
        except PairingRefused:
            log.warning("pairing_refused")
            await asyncio.sleep(self._pace.barred_s)
            return None
        except AgentAway:
            await self._pause(self._pace.longest_s)
            return None
        self._identity.keep(paired, self._code)
        return paired

    async def _listen(self, paired: Paired) -> None:
        """One connection, from challenge to loss.

        Raises:
            Barred: the agent closed with 4403.
            Broken: it spoke outside the contract, or is not the agent we were paired with.
        """
        try:
            async with connect(
                feed_url(self._agent_url),
                proxy=None,
                max_size=65_536,
                open_timeout=self._pace.longest_s,
                close_timeout=1,
                ping_interval=self._pace.ping_s,
                ping_timeout=self._pace.ping_s,
            ) as socket:
                await self._prove(socket, paired)
                await self._take_boards(socket, paired)
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code == CLOSE_NOT_ALLOWED:
                raise Barred from closed
            raise
        except InvalidStatus as refused:
            if refused.response.status_code == 403:
                raise Barred from refused
            raise

    async def _prove(self, socket: ClientConnection, paired: Paired) -> None:
        try:
            challenge = Challenge.model_validate_json(await self._next(socket))
        except ValidationError as error:
            await socket.close(CLOSE_BROKEN_CONTRACT)
            raise Broken from error
        if challenge.server != paired.server:
            await socket.close(CLOSE_NOT_ALLOWED)
            raise Broken
        await socket.send(self._identity.key.prove(challenge, paired.machine_id).model_dump_json())

    async def _take_boards(self, socket: ClientConnection, paired: Paired) -> None:
        while True:
            try:
                board = Board.model_validate_json(await self._next(socket))
            except ValidationError as error:
                await socket.close(CLOSE_BROKEN_CONTRACT)
                raise Broken from error
            if board.room_id != paired.room_id:
                await socket.close(CLOSE_BROKEN_CONTRACT)
                raise Broken
            self._failures = 0
            if not self._bulletin.take(board):
                log.warning("old_board_refused", seq=board.seq)
            self._bulletin.stands(Line.UP)

    async def _next(self, socket: ClientConnection) -> str | bytes:
        async with asyncio.timeout(self._pace.silent_s):
            return await socket.recv()


def feed_url(agent_url: str) -> str:
    """The agent's ``/feed`` as a WebSocket address."""
    scheme, netloc, path, _, _ = urlsplit(agent_url)
    return urlunsplit(("wss" if scheme == "https" else "ws", netloc, path.rstrip("/") + "/feed", "", ""))
