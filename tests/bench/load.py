"""A closed loop of HTTP/1.1 clients in a process of its own: as many requests as come back."""

import asyncio
import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

import uvloop

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """One GET, sent over and over. *headers* are complete lines."""

    port: int
    path: str
    headers: tuple[str, ...] = ()

    @property
    def bytes(self) -> bytes:
        lines = (f"GET {self.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *self.headers)
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class _Client(asyncio.Protocol):
    """Sends the next request when the last was answered with 200."""

    def __init__(self, request: bytes, until: float) -> None:
        self._request = request
        self._until = until
        self._buffer = b""
        self.answered = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has its methods but not its class
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return
        head = self._buffer[:end].lower()
        if not head.startswith(b"http/1.1 200"):
            self._finish(AssertionError(head.split(b"\r\n")[0].decode()))
            return
        at = head.index(b"content-length:") + len(b"content-length:")
        length = int(head[at : at + 12].split(b"\r\n")[0])
        if len(self._buffer) < end + len(HEAD_END) + length:
            return
        self._buffer = b""
        self.answered += 1
        if time.monotonic() < self._until:
            self._transport.write(self._request)
        else:
            self._finish(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._finish(exc or AssertionError("the server closed the connection"))

    def _finish(self, error: BaseException | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)
        self._transport.close()


async def _drive(request: Request, clients: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    began = time.monotonic()
    until = began + seconds
    made = [
        (await loop.create_connection(lambda: _Client(request.bytes, until), "127.0.0.1", request.port))[1]
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for client in made))
    return sum(client.answered for client in made) / (time.monotonic() - began)


def _main(pipe: Connection, request: Request, clients: int, seconds: float) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        pipe.send(runner.run(_drive(request, clients, seconds)))


def per_second(request: Request, *, clients: int = 32, seconds: float = 2.0) -> float:
    """Requests answered with 200 in a second.

    Raises:
        AssertionError: an answer was not 200, or the client died.
    """
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_main, args=(theirs, request, clients, seconds))
    process.start()
    theirs.close()
    try:
        rate: float = mine.recv()
    except EOFError:
        raise AssertionError("the load's process died") from None
    finally:
        process.join()
    return rate
