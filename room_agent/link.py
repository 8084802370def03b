"""The line to the centre: plans come down, facts go up until they are taken, and both ends beat every 5 s.

It is open whenever it can be; without it the room goes on by itself (DESIGN D5).
"""

import asyncio
import random

import httpx
from pydantic import BaseModel, ValidationError
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from room_agent.bell import wait
from room_agent.centre import LINE_ERRORS, BrokenContract, Centre, PairingRefused, say
from room_agent.room import SILENCE_S, Room
from schemas.channels import (
    CLOSE_BROKEN_CONTRACT,
    CLOSE_NOT_ALLOWED,
    Beat,
    BlockedUp,
    ChecksUp,
    FactsDown,
    FactsTaken,
    FactsUp,
    FromCentre,
    HelpDown,
    PairAnswer,
    PairAsked,
    PlanDown,
    PractisedUp,
    RosterDown,
    from_centre,
)
from schemas.checks import BlockedDevice, CheckReport
from schemas.visit import Paired, PairRequest
from telemed.kit.ids import new_id
from telemed.kit.logs import logger

log = logger("link")

BEAT_S = 5.0
SHORTEST_PAUSE_S = 0.3
LONGEST_PAUSE_S = 5.0
PAIR_PATIENCE_S = 10.0
RESEND_S = 5.0
"""Facts that were sent and not taken go again after this long."""

AT_ONCE = 200
"""Facts in one message, which has a greatest length; days without a line make more."""


class LineDown(Exception):
    """The centre cannot be asked now."""


class Link:
    """The one connection to the centre. `run` never ends; everything else may be called at any time."""

    def __init__(self, room: Room, centre: Centre, *, pairing_code: str = "") -> None:
        self._room = room
        self._centre = centre
        self._code = pairing_code
        self._socket: ClientConnection | None = None
        self._report: CheckReport | None = None
        self._blocked: tuple[BlockedDevice, ...] | None = None
        self._asked: dict[str, asyncio.Future[Paired | None]] = {}

    @property
    def round_trip_s(self) -> float | None:
        """The last measured way there and back; None while the line is down."""
        return self._socket.latency if self._socket else None

    async def run(self) -> None:
        """Hold the line, again after each break: pauses of 0.3 to 5 s, never in step with other rooms."""
        pause = SHORTEST_PAUSE_S
        while True:
            began = asyncio.get_running_loop().time()
            await self._try()
            held = asyncio.get_running_loop().time() - began
            pause = SHORTEST_PAUSE_S if held > SILENCE_S else min(LONGEST_PAUSE_S, pause * 2)
            await asyncio.sleep(random.uniform(SHORTEST_PAUSE_S, pause))

    async def _try(self) -> None:
        try:
            paired = self._room.pairing or await self._pair()
            async with self._centre.open("/link", paired) as socket:
                await self._hold(socket)
        except BrokenContract as error:
            log.warning("contract_broken", what=str(error))
        except (PairingRefused, httpx.HTTPError) as error:
            log.warning("pairing_failed", reason=type(error).__name__)
        except LINE_ERRORS as error:
            log.info("line_down", reason=type(error).__name__)
            await self._refused(error)
        finally:
            self._broke()

    async def _pair(self) -> Paired:
        if not self._code:
            raise PairingRefused("no code")
        paired = await self._centre.pair(self._code)
        self._room.belong(paired)
        log.info("paired", machine_id=paired.machine_id, room_id=paired.room_id)
        return paired

    async def _refused(self, error: BaseException) -> None:
        """A centre that shut the door may have given out a new code for this room."""
        if not (isinstance(error, ConnectionClosed) and error.rcvd and error.rcvd.code == CLOSE_NOT_ALLOWED):
            return
        log.warning("not_allowed")
        if self._code:
            try:
                await self._pair()
            except (PairingRefused, httpx.HTTPError):
                return

    def _broke(self) -> None:
        self._socket = None
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(LineDown())
        self._asked.clear()
        self._room.line_broke()

    async def _hold(self, socket: ClientConnection) -> None:
        self._socket = socket
        log.info("line_up")
        tasks = [asyncio.create_task(work(socket)) for work in (self._listen, self._beat, self._send_facts)]
        try:
            if self._report:
                await say(socket, ChecksUp(report=self._report))
            if self._blocked is not None:
                await say(socket, BlockedUp(devices=self._blocked))
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, socket: ClientConnection) -> None:
        while True:
            async with asyncio.timeout(SILENCE_S):
                text = await socket.recv()
            try:
                self._take(from_centre.validate_json(text))
            except (ValidationError, BrokenContract):
                await socket.close(CLOSE_BROKEN_CONTRACT)
                raise BrokenContract("link") from None

    def _take(self, message: FromCentre) -> None:
        match message:
            case PlanDown(plan=plan):
                if self._room.pairing is None or plan.room_id != self._room.pairing.room_id:
                    raise BrokenContract("plan of another room")
                self._room.take_plan(plan)
            case FactsDown(facts=facts):
                self._room.hear(facts)
            case RosterDown(signed=signed):
                self._room.take_roster(signed)
            case HelpDown(calls=calls):
                self._room.help.heard(calls)
            case FactsTaken(fact_ids=fact_ids):
                self._room.taken(fact_ids)
            case PairAnswer(request_id=request_id, paired=paired):
                waiting = self._asked.pop(request_id, None)
                if waiting and not waiting.done():
                    waiting.set_result(paired)
            case Beat():
                pass
        self._room.heard_centre()

    async def _beat(self, socket: ClientConnection) -> None:
        while True:
            await say(socket, Beat())
            await asyncio.sleep(BEAT_S)

    async def _send_facts(self, socket: ClientConnection) -> None:
        """At once what is new; what was sent and is not taken, again every `RESEND_S`."""
        loop = asyncio.get_running_loop()
        sent: dict[str, float] = {}
        with self._room.bell.ear() as heard:
            while True:
                due = loop.time() - RESEND_S
                facts = [f for f in self._room.journal.untaken() if sent.get(f.fact_id, due) <= due]
                refusals = [r for r in self._room.journal.refusals() if sent.get(r.refused_id, due) <= due]
                for first in range(0, len(facts), AT_ONCE):
                    await say(socket, FactsUp(facts=tuple(facts[first : first + AT_ONCE])))
                helps = [h for h in self._room.journal.helps() if sent.get(h.said_id, due) <= due]
                for each in (*helps, *refusals):
                    await say(socket, each)
                ids = (*(f.fact_id for f in facts), *(r.refused_id for r in refusals), *(h.said_id for h in helps))
                sent.update(dict.fromkeys(ids, loop.time()))
                await wait(heard, RESEND_S)

    async def send_report(self, report: CheckReport) -> None:
        """Tell the centre how the room is; the newest report waits for the line."""
        self._report = report
        await self._say_if_up(ChecksUp(report=report))

    async def send_blocked(self, devices: tuple[BlockedDevice, ...]) -> None:
        """Tell the centre which devices are blocked, when that has changed."""
        if devices != self._blocked:
            self._blocked = devices
            await self._say_if_up(BlockedUp(devices=devices))

    async def send_practised(self) -> None:
        """Have a practice counted; one without a line is not."""
        await self._say_if_up(PractisedUp())

    async def _say_if_up(self, message: BaseModel) -> None:
        if self._socket is None:
            return
        try:
            await say(self._socket, message)
        except ConnectionClosed:
            return

    async def ask_pairing(self, request: PairRequest) -> Paired | None:
        """Ask the centre for a machine in the local network; None when it refuses.

        Raises:
            LineDown: the centre cannot be asked.
        """
        if self._socket is None:
            raise LineDown
        request_id = new_id()
        waiting: asyncio.Future[Paired | None] = asyncio.get_running_loop().create_future()
        self._asked[request_id] = waiting
        await self._say_if_up(PairAsked(request_id=request_id, request=request))
        try:
            async with asyncio.timeout(PAIR_PATIENCE_S):
                return await waiting
        except TimeoutError:
            raise LineDown from None
        finally:
            self._asked.pop(request_id, None)
