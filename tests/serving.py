"""Real servers for tests: in a thread for those that drive a browser, or in the test's own loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from socket import socket as Socket
from typing import Literal

import uvicorn
from fastapi import FastAPI

WAIT_S = 20.0


class Serving(uvicorn.Server):
    """One server. Leaving cuts all connections."""

    def __init__(self, app: FastAPI, host: str, port: int, lifespan: Literal["auto", "off"] = "auto") -> None:
        super().__init__(
            uvicorn.Config(
                app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=1, lifespan=lifespan
            )
        )
        self.up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[Socket] | None = None) -> None:
        """Say when connections are taken, or that they never will be."""
        self._loop = asyncio.get_running_loop()
        try:
            await super().startup(sockets)
        finally:
            self.up.set()

    @property
    def address(self) -> str:
        return f"http://{self.config.host}:{self.port}"

    @property
    def port(self) -> int:
        assert self.started
        return int(self.servers[0].sockets[0].getsockname()[1])

    def change(self, what: Callable[[], object]) -> None:
        """Do *what* in the server's own loop, and wait for it."""

        async def done() -> None:
            what()

        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(done(), self._loop).result(WAIT_S)


@contextmanager
def served_beside(
    app: FastAPI, *, host: str = "127.0.0.1", port: int = 0, lifespan: Literal["auto", "off"] = "auto"
) -> Iterator[Serving]:
    """Serve *app* in a thread of its own."""
    server = Serving(app, host, port, lifespan)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.up.wait(WAIT_S)
        assert server.started
        yield server
    finally:
        server.should_exit = True
        thread.join(WAIT_S)


@asynccontextmanager
async def served(app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve *app* in this loop; its address."""
    server = Serving(app, host, port)
    task = asyncio.create_task(server.serve())
    try:
        assert await asyncio.to_thread(server.up.wait, WAIT_S)
        yield server.address
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)
