"""A bell for everyone who shows what the room knows, and the waiting for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Bell:
    """Wakes all listeners. A listener that is busy hears one ring for many: it shows the newest state anyway."""

    def __init__(self) -> None:
        self._ears: set[asyncio.Event] = set()

    @contextmanager
    def ear(self) -> Iterator[asyncio.Event]:
        heard = asyncio.Event()
        self._ears.add(heard)
        try:
            yield heard
        finally:
            self._ears.discard(heard)

    def ring(self) -> None:
        for heard in self._ears:
            heard.set()


async def wait(heard: asyncio.Event, timeout_s: float) -> None:
    """Until the bell rings, at most *timeout_s*."""
    try:
        async with asyncio.timeout(timeout_s):
            await heard.wait()
    except TimeoutError:
        return
    finally:
        heard.clear()
