"""A cable between two programs that can be cut: what is sent meanwhile is lost without a word, as on a dead line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Cable:
    """Carries TCP to *port* on this machine. `url` is where the near end plugs in."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._whole = asyncio.Event()
        self._whole.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self.url = ""

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        """Bytes were lost, so what was open then is over; what is opened now works."""
        for end in list(self._ends):
            end.transport.abort()
        self._whole.set()

    async def take(self, near: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        if not self._whole.is_set():
            answer.transport.abort()
            return
        far, send = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends |= {answer, send}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(near, send))
                both.create_task(self._carry(far, answer))
        finally:
            self._ends -= {answer, send}
            for end in (answer, send):
                end.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if self._whole.is_set():
                    to.write(data)
                    await to.drain()
            to.close()


@asynccontextmanager
async def cable(port: int) -> AsyncIterator[Cable]:
    """One that is whole."""
    made = Cable(port)
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        made.mend()
