"""The lines to the rooms as the centre holds them: who is connected, when last heard, what their checks say;
and how often a pairing code may be guessed."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from schemas.checks import CheckReport
from telemed.identity.model import PAIRING_CODE, PAIRING_TRIES, CodeUnknown


@dataclass
class Line:
    """One open connection of a room's agent. `wake` may be called from any thread."""

    machine_id: str
    room_id: str
    loop: asyncio.AbstractEventLoop
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.woken.set)


class Lines:
    """All rooms' lines. Lives only while the centre runs; what must last is in the database."""

    def __init__(self) -> None:
        self._open: dict[str, list[Line]] = {}
        self._heard: dict[str, datetime] = {}
        self._reports: dict[str, CheckReport] = {}

    def opened(self, line: Line) -> None:
        self._open.setdefault(line.room_id, []).append(line)

    def closed(self, line: Line) -> None:
        self._open[line.room_id].remove(line)

    def beat(self, room_id: str, now: datetime) -> None:
        self._heard[room_id] = now

    def checked(self, report: CheckReport) -> None:
        self._reports[report.room_id] = report

    def wake(self, room_ids: Iterable[str] | None = None) -> None:
        """Have the plan sent again where it changed: to these rooms, or to all."""
        for room_id in list(self._open) if room_ids is None else room_ids:
            for line in list(self._open.get(room_id, ())):
                line.wake()

    def heard(self, room_id: str) -> datetime | None:
        """When the room was last heard of, if ever since the centre started."""
        return self._heard.get(room_id)

    def online(self, room_id: str) -> bool:
        return bool(self._open.get(room_id))

    def report(self, room_id: str) -> CheckReport | None:
        """What the room last said of itself."""
        return self._reports.get(room_id)


class Tries:
    """Counts wrong codes per place (an address, or the room whose agent asks). In memory; it forgets by itself.

    A try counts from its beginning, so that many at once are no more than one after the other.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._counting = threading.Lock()
        self._tried: dict[str, deque[float]] = {}

    @contextmanager
    def one(self, place: str) -> Iterator[None]:
        """One try from *place*; a block that raises nothing had the right code.

        Raises:
            CodeUnknown: too many wrong codes came from there; a right one is answered just so.
        """
        with self._counting:
            self._count(place)
        yield
        with self._counting:
            self._tried[place].pop()

    def _count(self, place: str) -> None:
        now = self._monotonic()
        tried = self._tried.setdefault(place, deque())
        while tried and now - tried[0] > PAIRING_CODE.total_seconds():
            tried.popleft()
        if len(tried) >= PAIRING_TRIES:
            raise CodeUnknown
        tried.append(now)
