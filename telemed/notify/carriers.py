"""One thread for each channel: a gateway that hangs or fails keeps nobody waiting but itself."""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from telemed.kit.clock import Clock
from telemed.kit.db import CommitFailed, Database
from telemed.kit.ids import new_id
from telemed.kit.logs import logger
from telemed.notify import delivery
from telemed.notify.channels import NotDelivered, Sender
from telemed.notify.delivery import BATCH, Parcel
from telemed.notify.model import Channel, Notice
from telemed.notify.service import Desk

log = logger("notify")

SEND_S = 8.0
"""So long one sending may take in all, whatever trickles in meanwhile."""
FAILURES = 3
REST_S = 20.0
LOOK_S = 5.0


@dataclass
class Circuit:
    """Opens after `FAILURES` in a row, and lets one try through when it has rested."""

    monotonic: Callable[[], float] = time.monotonic
    _failures: int = 0
    _closed_from: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether nothing is sent now."""
        return self._failures >= FAILURES and self.monotonic() < self._closed_from

    @property
    def room(self) -> int:
        """How many may be sent at once."""
        if self.is_open:
            return 0
        return BATCH if self._failures == 0 else 1

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._closed_from = self.monotonic() + REST_S


@dataclass
class Carrier:
    """Sends what is due on one channel. `run` is a thread's body; `carry` does one round, for tests and for `run`."""

    db: Database
    clock: Clock
    desk: Desk
    sender: Sender
    url: str
    send_s: float = SEND_S
    circuit: Circuit = field(default_factory=Circuit)
    name: str = field(default_factory=lambda: f"{os.getpid()}-{new_id()}")
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopped: bool = False
    _sending: "tuple[asyncio.AbstractEventLoop, asyncio.Task[object]] | None" = None

    @property
    def channel(self) -> Channel:
        return self.sender.channel

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """End soon, also in the middle of a sending that hangs: it is free for the next start after a while."""
        self._stopped = True
        self._wake.set()
        sending = self._sending
        if sending is not None:
            with contextlib.suppress(RuntimeError):  # it has ended meanwhile
                sending[0].call_soon_threadsafe(sending[1].cancel)

    def run(self) -> None:
        while not self._stopped:
            self._wake.wait(LOOK_S)
            self._wake.clear()
            try:
                while not self._stopped and self.carry():
                    pass
            except (SQLAlchemyError, CommitFailed):
                log.error("notices_round_failed", channel=self.channel.value, exc_info=True)

    def carry(self) -> int:
        """Send some of what is due; how many notices were tried."""
        limit, now = self.circuit.room, self.clock.now()
        if not limit:
            return 0
        with self.db.reading() as tx:
            if not delivery.has_due(tx, self.desk, self.channel, now=now):
                return 0
        with self.db.transaction() as tx:
            left = delivery.left(tx, self.desk, self.channel, now=now)
            many = min(limit, left) or limit
            taken = delivery.take_due(tx, self.desk, self.channel, self.name, limit=many, now=now)
            if not left:
                delivery.over_budget(tx, self.desk, taken, now=now)
                log.warning("budget_spent", channel=self.channel.value, notices=len(taken))
                return len(taken)
            packed = delivery.pack(tx, self.desk, taken, url=self.url, now=now)
        if packed:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(self._send_all(packed))
        return len(taken)

    async def _send_all(self, packed: Sequence[tuple[Notice, Parcel]]) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sending = (asyncio.get_running_loop(), task)
        try:
            if not self._stopped:
                await asyncio.gather(*(self._send(one, parcel) for one, parcel in packed))
        finally:
            self._sending = None

    async def _send(self, one: Notice, parcel: Parcel) -> None:
        try:
            async with asyncio.timeout(self.send_s):
                gone = await self.sender.send(parcel)
        except NotDelivered as why:
            self._failed(one, why)
        except TimeoutError:
            self._failed(one, NotDelivered("timeout"))
        else:
            self.circuit.succeeded()
            with self.db.transaction() as tx:
                delivery.sent(tx, [one.id], now=self.clock.now())
                delivery.forget_browsers(tx, one, gone)

    def _failed(self, one: Notice, why: NotDelivered) -> None:
        if not why.for_good:
            self.circuit.failed()
        log.warning("notice_not_taken", notice_id=one.id, channel=self.channel.value, reason=why.reason)
        with self.db.transaction() as tx:
            delivery.failed(tx, self.desk, one, for_good=why.for_good, now=self.clock.now())
            delivery.forget_browsers(tx, one, why.gone)


@dataclass(frozen=True)
class Carriers:
    """Those of all channels that this centre has."""

    desk: Desk
    each: tuple[Carrier, ...] = ()

    def wake(self) -> None:
        for one in self.each:
            one.wake()

    def stop(self) -> None:
        for one in self.each:
            one.stop()
