"""Pages of residents that are open, as bare connections: for tests and benchmarks."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from telemed.booking.access import open_session
from telemed.desk.stream import PATH
from telemed.identity.rights import SESSION_COOKIE
from telemed.web.centre import Centre

PATIENCE_S = 20.0


def cookie_of(centre: Centre, booking_id: str) -> str:
    """The session of whoever has this appointment's link."""
    with centre.db.transaction() as tx:
        return f"{SESSION_COOKIE}={open_session(tx, booking_id, now=centre.clock.now())}"


def request(cookie: str) -> bytes:
    """What a browser sends to listen."""
    lines = (f"GET {PATH} HTTP/1.1", "Host: zentrum.test", "Accept: text/event-stream", f"Cookie: {cookie}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass
class Open:
    """One open page that reads what comes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def status(self) -> int:
        """The answer's status, after its head was read."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])

    async def next(self) -> str:
        """The kind of the next event."""
        async with asyncio.timeout(PATIENCE_S):
            while not (events := await self._events()):
                pass
        return events[0][0]

    async def told(self, kind: str = "own") -> dict[str, Any]:
        """The next event of this *kind*, others left out."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for name, data in await self._events():
                    if name == kind:
                        return data

    async def _events(self) -> list[tuple[str, dict[str, Any]]]:
        """What the next piece brings; a piece is whole events (HTTP chunk)."""
        size = int((await self.reader.readline()) or b"0", 16)
        piece = (await self.reader.readexactly(size + 2)).decode()
        if not size:
            raise EOFError
        return [*_parsed(piece)]

    async def is_ended(self) -> bool:
        """Whether the answer ends, whatever comes before."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    await self._events()
                except (EOFError, asyncio.IncompleteReadError, ValueError):
                    return True

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


def _parsed(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.strip().splitlines())
        if "event" in fields:
            yield fields["event"], json.loads(fields["data"])


async def listen(address: str, cookie: str) -> Open:
    """Open a page's stream at ``http://host:port``."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request(cookie))
    return Open(reader, writer)


def deaf(address: str, cookie: str) -> socket.socket:
    """A connection that never reads, with as little room for what comes as there can be."""
    host, port = address.removeprefix("http://").split(":")
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    made.connect((host, int(port)))
    made.sendall(request(cookie))
    return made
