"""A curve that a device sends only while it is asked for: what is written where to begin and to end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bleak.exc import BleakError

from telemed.kit.logs import logger

log = logger("devices.flow")


def _no_answer(_packet: bytes) -> bool:
    return True


@dataclass(frozen=True)
class Tap:
    """*start* and *stop* are written to *control*. *accepted* reads what it indicates; some say nothing."""

    control: str
    start: bytes
    stop: bytes
    accepted: Callable[[bytes], bool] = _no_answer

    @property
    def answers(self) -> bool:
        return self.accepted is not _no_answer


class Flow:
    """Keeps the device at what is wanted now; the newest wish counts, and one request is made after the other.

    *has*: whether the device has a characteristic, of several taps one is enough. *failed* is called when it refuses.
    """

    def __init__(
        self,
        taps: Sequence[Tap],
        has: Callable[[str], bool],
        write: Callable[[str, bytes], Awaitable[None]],
        failed: Callable[[], None],
    ) -> None:
        self._taps = {tap.control: tap for tap in taps}
        self._has = has
        self._write = write
        self._failed = failed
        self._wanted = self._flows = False
        self._task: asyncio.Task[None] | None = None

    def want(self, on: bool) -> None:
        """From now on, or no longer."""
        self._wanted = on
        if self._taps and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._turn(), name="flow")

    def lost(self) -> None:
        """The link is gone, and with it the curve."""
        self._flows = False
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def answered(self, control: str, packet: bytes) -> bool:
        """Whether this was an answer of a tap; one that refuses has failed.

        Raises:
            Garbled: it is no answer.
        """
        tap = self._taps.get(control)
        if tap is None:
            return False
        if not tap.accepted(packet):
            self._failed()
        return True

    async def _turn(self) -> None:
        while self._flows is not self._wanted:
            wanted = self._wanted
            for tap in self._taps.values():
                if self._has(tap.control) and not await self._written(tap.control, tap.start if wanted else tap.stop):
                    self._wanted = False
                    self._failed()
                    return
            self._flows = wanted

    async def _written(self, control: str, packet: bytes) -> bool:
        try:
            await self._write(control, packet)
        except (BleakError, TimeoutError) as error:
            log.info("flow", error=type(error).__name__)
            return False
        return True
