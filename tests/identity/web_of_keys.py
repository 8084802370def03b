"""Somebody else's server with a key set."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx

from telemed.identity.key_sets import KeySets
from tests.identity.programs import ec_key, key_set


class Web:
    """It answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.key = ec_key("theirs")
        self.status = 200
        self.body = key_set(self.key)
        self.asked: list[httpx.Request] = []
        self.addresses = ["93.184.216.34"]
        self.at = 0.0
        self.headers: dict[str, str] = {}
        self.is_slow = False

    def sets(self, **more: Any) -> KeySets:
        transport = httpx.MockTransport(self._answer)
        more = {"resolve": lambda _host, _port: self.addresses, "monotonic": lambda: self.at, **more}
        return KeySets(transport=transport, **more)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        headers = {"location": "https://elsewhere.example/", **self.headers}
        return httpx.Response(self.status, stream=_Answer(self), headers=headers)


class _Answer(httpx.AsyncByteStream):
    """Byte by byte, if it is a slow one."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for each in self._web.body if self._web.is_slow else [self._web.body]:
            yield each.encode()
            if self._web.is_slow:
                await asyncio.sleep(0.01)


URL = "https://program.example/keys.json"
