"""What simulated devices do at the same time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from telemed.kit.logs import logger

log = logger("devices.simulated")


class Tasks:
    """Tasks that are kept until they end, so that none is lost or outlives its owner."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("simulated device failed", error=type(error).__name__)

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
