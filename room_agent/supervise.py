"""Work that must go on: one hanging or crashing part takes nothing else down."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

from telemed.kit.logs import logger

log = logger("supervise")
T = TypeVar("T")

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
END_S = 5.0
"""For a part to end; whatever takes longer is left behind."""

_left: set[asyncio.Task[Any]] = set()
"""Work that did not end when told to. It is kept, so that it may still end by itself."""


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


async def within(timeout_s: float, work: Coroutine[Any, Any, T]) -> T:
    """What *work* returns. Unlike `asyncio.timeout` this goes on too if *work* does not heed its cancellation.

    Raises:
        TimeoutError: *work* took longer, and is left behind.
    """
    task = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=timeout_s)
    except asyncio.CancelledError:
        _leave(task)
        raise
    if not done or task.cancelled():
        _leave(task)
        raise TimeoutError
    return task.result()


def _leave(task: asyncio.Task[Any]) -> None:
    task.cancel()
    _left.add(task)
    task.add_done_callback(_forget)


def _forget(task: asyncio.Task[Any]) -> None:
    _left.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("crashed_at_the_end", error=type(error).__name__, where=where(error))


async def end(task: asyncio.Task[None] | None) -> None:
    """End *task*; one that does not want to is left behind after twice `END_S`, for it may be ending others."""
    if task is None:
        return
    _leave(task)
    _, pending = await asyncio.wait({task}, timeout=2 * END_S)
    if pending:
        log.error("does_not_end", what=task.get_name())


@asynccontextmanager
async def left_in_time(name: str, context: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """*context*; its end is waited for no longer than `END_S`, and may crash."""
    entered = await context.__aenter__()
    try:
        yield entered
    finally:
        try:
            await within(END_S, _left_behind(context))
        except Exception as error:
            log.error("bad_end", what=name, error=type(error).__name__, where=where(error))


async def _left_behind(context: AbstractAsyncContextManager[Any]) -> None:
    await context.__aexit__(None, None, None)


def where(error: BaseException) -> list[str]:
    """The last lines that were run; never the error's text, which may quote a message."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
