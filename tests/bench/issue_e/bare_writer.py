"""The floor for row 5: a bare asyncio protocol on uvloop that writes the same bytes to all, and knows nothing.

Arguments: its port, and how many bytes an event has. Whoever sends ``GO`` has it written to everybody else.
"""

import asyncio
import sys
from typing import cast

import uvloop

from telemed.web.stream import event


class Writer(asyncio.Protocol):
    """One connection; it listens unless it says ``GO``."""

    listening: set[asyncio.Transport] = set()  # noqa: RUF012 - one for all
    told = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is of no class of asyncio

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"GO"):
            self.listening.add(self._transport)
            self._transport.write(self.told)
            return
        for transport in self.listening:
            transport.write(self.told)
        self._transport.write(b"HTTP/1.1 204 \r\n\r\n")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.listening.discard(self._transport)


async def main(port: int, size: int) -> None:
    """Serve until the end of the process."""
    empty = event("own", {"html": ""}).chunk
    Writer.told = event("own", {"html": "x" * max(0, size - len(empty))}).chunk
    server = await asyncio.get_running_loop().create_server(Writer, "127.0.0.1", port, backlog=8192)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
