"""Running a test's story in an event loop, not longer than it may take."""

import asyncio
from collections.abc import Awaitable, Callable


def run(story: Callable[[], Awaitable[None]], *, seconds: float = 20) -> None:
    asyncio.run(_within(story, seconds))


async def _within(story: Callable[[], Awaitable[None]], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await story()
