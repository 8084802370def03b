"""The lines to the rooms as the centre holds them: who is connected, when last heard, what their checks say;
and how often a pairing code may be guessed."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from schemas.checks import CheckReport
from telemed.identity.model import PAIRING_CODE, PAIRING_TRIES, CodeUnknown
from telemed.kit.tries import Tries


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


class PairingTries(Tries):
    """Wrong pairing codes per place: an address, or the room whose agent asks."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(PAIRING_TRIES, PAIRING_CODE, too_many=CodeUnknown, monotonic=monotonic)
