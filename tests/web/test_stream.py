"""Events to many connections: who takes nothing delays nobody, gets the newest when it reads again, and leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from telemed.web.stream import NEEDED, Beside, Ear, event, shed
from tests.serving import served

pytestmark = pytest.mark.anyio
PATIENCE_S = 20.0
BIG = "x" * (8 * 1024 * 1024)
"""More than all buffers on the way hold."""


@dataclass
class Station:
    """Whoever asks for ``/stream`` listens; *scopes* is what is kept of each request."""

    ears: list[Ear] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ear = Ear(send)
        await ear.open()
        shed(scope)
        self.scopes.append(scope)
        self.ears.append(ear)
        await ear.stay(receive)
        self.ears.remove(ear)


@asynccontextmanager
async def station() -> AsyncIterator[tuple[Station, str, int]]:
    made = Station()
    async with served(Beside(FastAPI(), {"/stream": made})) as address:  # type: ignore[arg-type]
        host, port = address.removeprefix("http://").split(":")
        yield made, host, int(port)


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


async def connect(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /stream HTTP/1.1\r\nHost: a.test\r\nCookie: secret=1\r\n\r\n")
    await reader.readuntil(b"retry: ")
    return reader, writer


async def test_who_takes_nothing_delays_nobody_and_hears_the_newest_when_it_reads_again() -> None:
    async with station() as (made, host, port):
        deaf, held = await connect(host, port)
        reader, writer = await connect(host, port)
        await until(lambda: len(made.ears) == 2)
        stuck, well = made.ears
        stuck.offer(event("own", {"html": BIG}))
        for number in range(3):
            for ear in (stuck, well):
                ear.offer(event("own", {"number": number}))
            async with asyncio.timeout(PATIENCE_S):
                await reader.readuntil(f'"number": {number}'.encode())
        assert stuck.is_stuck
        assert not well.is_stuck
        assert stuck.dropped == 2
        async with asyncio.timeout(PATIENCE_S):
            last = await _tail(deaf)
        assert b'"number": 2' in last
        assert b'"number": 1' not in last
        await until(lambda: not stuck.is_stuck)
        for each in (held, writer):
            each.close()
        await until(lambda: not made.ears)


async def _tail(reader: asyncio.StreamReader) -> bytes:
    """What comes after the big one."""
    seen = b""
    while b'"number"' not in seen:
        seen = seen[-200:] + await reader.read(1 << 20)
    return seen


async def test_an_answer_that_is_ended_is_whole_and_leaves_nothing() -> None:
    async with station() as (made, host, port):
        reader, writer = await connect(host, port)
        await until(lambda: made.ears)
        made.ears[0].end()
        async with asyncio.timeout(PATIENCE_S):
            await reader.readuntil(b"0\r\n\r\n")
        await until(lambda: not made.ears)
        writer.close()


async def test_nothing_of_a_request_is_kept_while_its_answer_goes_on() -> None:
    async with station() as (made, host, port):
        _, writer = await connect(host, port)
        await until(lambda: made.scopes)
        kept = made.scopes[0]
        assert set(kept) <= {*NEEDED, "headers"}
        assert kept["headers"] == []
        writer.close()
