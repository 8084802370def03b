"""Work that must go on: one hanging or crashing part takes nothing else down."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable

from telemed.kit.logs import logger

log = logger("supervise")

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0


async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do *work* until it returns; after a crash again, with growing pauses."""
    pause = FIRST_PAUSE_S
    while True:
        try:
            return await work()
        except Exception as error:
            log.error("crashed", what=name, error=type(error).__name__, where=where(error))
        await asyncio.sleep(pause)
        pause = min(LONGEST_PAUSE_S, pause * 2)


def where(error: BaseException) -> list[str]:
    """The last lines that were run; never the error's text, which may quote a message."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
