"""Fetching a device's records (`racp`): all of them when it is drained, the new ones while a person measures."""

import asyncio
from collections.abc import Awaitable, Callable

from bleak.exc import BleakError

from room_agent.devices import racp
from room_agent.devices.custody import Custody
from room_agent.devices.racp import Count, Ended, Opcode, Outcome, Request
from telemed.kit.logs import logger

log = logger("devices.records")


class Records:
    """One request at a time. *write*: to the control point; *patience_s*: so long a device may be silent in between.

    The driver says what comes from the control point (`heard`) and that a record came (`came`).
    """

    def __init__(self, write: Callable[[bytes], Awaitable[None]], *, patience_s: float, pause_s: float) -> None:
        self._write = write
        self._patience_s = patience_s
        self._pause_s = pause_s
        self._turn = asyncio.Lock()
        self._answer: asyncio.Future[racp.Answer] | None = None
        self._deadline: asyncio.Timeout | None = None
        self._polling: asyncio.Task[None] | None = None
        self._came = 0
        self._all_known = False

    def heard(self, packet: bytes) -> None:
        """The control point says something; an answer that nobody waits for is of a request that was given up.

        Raises:
            Garbled: it is no answer.
        """
        answer = racp.decode(packet)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def came(self) -> None:
        """A record came, so the device is still at it."""
        self._came += 1
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._patience_s)

    async def drain(self, custody: Custody) -> None:
        """All records on a new connection, later on it only the new ones; however long it takes."""
        if self._all_known:
            while not await self.since(custody.next_record):
                await asyncio.sleep(self._pause_s)
            return
        custody.forget_records()
        await self.all()
        self._all_known = True

    def follow(self, custody: Custody) -> None:
        """Ask again and again as long as a window is open."""
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll(custody), name="poll for records")

    async def _poll(self, custody: Custody) -> None:
        while custody.window is not None and custody.drained:
            await self.since(custody.next_record)
            await asyncio.sleep(self._pause_s)

    def went(self) -> None:
        """The link is gone; on the next one the device may be another."""
        self._all_known = False
        if self._polling is not None:
            self._polling.cancel()

    async def all(self) -> None:
        """Every record that the device has; again after a pause until as many have come as it counts."""
        while not await self._complete():
            await asyncio.sleep(self._pause_s)

    async def _complete(self) -> bool:
        counted = await self._ask(Request(Opcode.COUNT))
        if not isinstance(counted, Count):
            return False
        if counted.records == 0:
            return True
        before = self._came
        return await self._report(Request(Opcode.REPORT)) and self._came - before >= counted.records

    async def since(self, sequence: int | None) -> bool:
        """What has this number or a higher one (all if None). Whether the device answered."""
        if sequence is None:
            return await self._report(Request(Opcode.REPORT))
        beyond = sequence > 0xFFFF
        return await self._report(Request(Opcode.REPORT, last=beyond, since=None if beyond else sequence))

    async def _report(self, request: Request) -> bool:
        answer = await self._ask(request)
        return isinstance(answer, Ended) and answer.outcome in (Outcome.DONE, Outcome.NONE_FOUND)

    async def _ask(self, request: Request) -> racp.Answer | None:
        """None where the link or the device refuses, or the device is silent for too long."""
        async with self._turn:
            self._answer = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self._patience_s) as self._deadline:
                    await self._write(racp.encode(request))
                    return await self._answer
            except (BleakError, TimeoutError) as error:
                log.info("records refused", error=type(error).__name__)
                return None
            finally:
                self._answer = self._deadline = None
