"""A bounded queue of device events: a slow reader loses pieces of curves first, and never learns it from a crash."""

import asyncio
from collections import deque

from room_agent.devices.driver import DeviceEvent, Waveform


class EventQueue:
    """At most *size* events; when full, the oldest piece of a curve goes, or else the oldest event."""

    def __init__(self, size: int = 256) -> None:
        self._events: deque[DeviceEvent] = deque()
        self._size = size
        self._filled = asyncio.Event()
        self.dropped = 0

    def put(self, event: DeviceEvent) -> None:
        if len(self._events) >= self._size:
            self._drop_one()
        self._events.append(event)
        self._filled.set()

    async def get(self) -> DeviceEvent:
        while not self._events:
            self._filled.clear()
            await self._filled.wait()
        return self._events.popleft()

    def _drop_one(self) -> None:
        oldest = next((event for event in self._events if isinstance(event, Waveform)), self._events[0])
        self._events.remove(oldest)
        self.dropped += 1
