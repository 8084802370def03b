"""Eight who book without pause, each with a key of its own, and ask again with the same key until they are answered."""

import asyncio
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from telemed.booking.planner import Offer
from telemed.kit.ids import new_id
from tests.bench.issue_b.servers import booking_body

CLIENTS = 8
AGAIN_S = 0.005
WANTED_TWICE = 5
"""Every fifth asks for what another got just before."""


@dataclass
class Ledger:
    """What was asked and what was answered, over all lives of the centre."""

    offers: Iterator[Offer]
    chance: random.Random
    contested: bool = True
    acknowledged: dict[str, tuple[str, Offer]] = field(default_factory=dict)
    """Key → the booking's id as it was answered, and its offer."""
    refused: int = 0
    asked: set[str] = field(default_factory=set)
    answers: int = 0
    recent: list[Offer] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def next(self) -> tuple[str, Offer]:
        """A key and an offer."""
        key = new_id()
        self.asked.add(key)
        if self.contested and self.recent and self.chance.randrange(WANTED_TWICE) == 0:
            return key, self.chance.choice(self.recent[-20:])
        return key, next(self.offers)

    def told(self, key: str, offer: Offer, status: int, answer: dict[str, Any]) -> None:
        """Keep an answer; the same key must get the same one for ever."""
        self.answers += 1
        if status == 409:
            self.refused += 1
        elif status in (200, 201):
            known = self.acknowledged.setdefault(key, (answer["id"], offer))
            self.recent.append(offer)
            if known[0] != answer["id"]:
                self.broken.append(f"{key} got two bookings")
        else:
            self.broken.append(f"HTTP {status}")


class Client:
    """One who books; what was not answered when the centre died is asked again in its next life."""

    def __init__(self, port: int, ledger: Ledger) -> None:
        self._port = port
        self._ledger = ledger
        self._open: tuple[str, Offer] | None = None

    async def book(self) -> None:
        """Until cancelled; a question that was not answered is asked again in the next life, with the same key."""
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    while True:
                        await self._one(reader, writer)
                finally:
                    writer.close()
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(AGAIN_S)  # it died; its next life answers

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key, offer = self._open = self._open or self._ledger.next()
        writer.write(_request(self._port, key, offer))
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        self._ledger.told(key, offer, int(head.split(" ")[1]), body)
        self._open = None


def _request(port: int, key: str, offer: Offer) -> bytes:
    body = booking_body(offer)
    head = (
        f"POST /api/bookings HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
