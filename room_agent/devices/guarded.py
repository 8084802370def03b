"""A driver that may hang or crash without taking anything else down: everybody else meets it through this."""

from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any, TypeVar

from room_agent.devices.driver import Arm, DeviceEvent, DeviceState, Driver, Identity, Reason
from room_agent.supervise import where, within
from schemas.checks import CheckResult
from schemas.measurement import MeasurementKind
from telemed.kit.logs import logger

log = logger("devices")
T = TypeVar("T")

WORK_S = 9.0
"""Emptying, starting, stopping; whoever asks waits a little longer."""
LOOK_S = 4.5
"""For a check."""
CLOSE_S = 3.0


class Guarded:
    """The same driver; a call that hangs or crashes ends in time, as a `TimeoutError`: the device does not answer.

    Its thread or task may hang on; it is left behind, and the next call tries anew.
    """

    def __init__(self, driver: Driver, *, work_s: float = WORK_S, look_s: float = LOOK_S) -> None:
        self._driver = driver
        self._work_s = work_s
        self._look_s = look_s

    @property
    def kind(self) -> MeasurementKind:
        return self._driver.kind

    @property
    def device_id(self) -> str:
        return self._driver.device_id

    @property
    def simulated(self) -> bool:
        return self._driver.simulated

    @property
    def state(self) -> DeviceState:
        return self._driver.state

    @property
    def reason(self) -> Reason:
        return self._driver.reason

    @property
    def identity(self) -> Identity:
        return self._driver.identity

    @property
    def quarantined(self) -> Mapping[str, int]:
        return self._driver.quarantined

    async def open(self) -> None:
        """Supervised where it is called: it may take long, and after a crash is called again."""
        await self._driver.open()

    async def drain(self) -> int:
        """
        Raises:
            TimeoutError: the device does not answer.
        """
        return await self._in_time("drain", self._driver.drain(), self._work_s)

    async def preflight(self) -> tuple[CheckResult, ...]:
        """
        Raises:
            TimeoutError: the device does not answer.
        """
        return await self._in_time("preflight", self._driver.preflight(), self._look_s)

    async def start(self, arm: Arm) -> None:
        """
        Raises:
            TimeoutError: the device does not answer.
        """
        await self._in_time("start", self._driver.start(arm), self._work_s)

    async def stop(self) -> None:
        """
        Raises:
            TimeoutError: the device does not answer.
        """
        await self._in_time("stop", self._driver.stop(), self._work_s)

    def events(self) -> AsyncIterator[DeviceEvent]:
        return self._driver.events()

    def diagnostics(self) -> Mapping[str, str]:
        return self._driver.diagnostics()

    async def close(self) -> None:
        """
        Raises:
            TimeoutError: the device does not answer.
        """
        await self._in_time("close", self._driver.close(), CLOSE_S)

    async def _in_time(self, what: str, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        try:
            return await within(timeout_s, work)
        except TimeoutError:
            log.error("device_hangs", device_id=self.device_id, what=what)
            raise
        except Exception as error:
            log.error("device_crashed", device_id=self.device_id, what=what, where=where(error))
            raise TimeoutError from None
