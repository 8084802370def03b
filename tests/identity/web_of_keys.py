"""Somebody else's server with a key set."""

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

    def sets(self, **more: Any) -> KeySets:
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        return KeySets(http=http, resolve=lambda _host, _port: self.addresses, monotonic=lambda: self.at, **more)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, text=self.body, headers={"location": "https://elsewhere.example/"})


URL = "https://program.example/keys.json"
