"""A TCP port of the room's network on the same port of the doctor's, over the link in between.

The doctor's browser then opens the page under its own name on its own loopback address, which makes the page secure.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.bench.issue_c.thin_link import HERE, Link

LOCAL = "127.0.0.1"


@contextmanager
def doorway(link: Link, port: int) -> Iterator[None]:
    """While open, 127.0.0.1:*port* beyond *link* is 127.0.0.1:*port* here."""
    ways = (((), HERE, LOCAL), (link.prefix, LOCAL, HERE))
    with ExitStack() as stack:
        for prefix, listen, target in ways:
            command = [*prefix, sys.executable, "-m", "tests.bench.issue_d.doorway", listen, target, str(port)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            stack.callback(process.wait)
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
        yield


async def carry(listen: str, target: str, port: int) -> None:
    """For ever."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(target, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pour(reader, back), pour(there, writer))

    server = await asyncio.start_server(one, listen, port)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


async def pour(source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            into.write(data)
            await into.drain()
    except OSError:
        return
    finally:
        into.close()


if __name__ == "__main__":
    asyncio.run(carry(sys.argv[1], sys.argv[2], int(sys.argv[3])))
