"""Booking as fast as it goes: many rooms, each with people and devices of its own, and every fourth attempt refused."""

import asyncio
import itertools
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from telemed.booking import planner, search
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import Request, SlotTaken
from telemed.booking.planner import Offer, What, Wish
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from tests.builders import CROWDED, RESIDENT, SOMMER, TUESDAY, World, crowd, make_world

ROOMS = 40
REFUSED = 4
"""Every fourth attempt asks for what is gone."""
SEED = 20_261_125
BLOCK = 4096


@dataclass(frozen=True)
class Crowd:
    """A centre, and offers none of which is in another's way, shuffled."""

    world: World
    offers: tuple[Offer, ...]

    @classmethod
    def on(cls, database: Database, *, now: datetime = TUESDAY, margin: timedelta = timedelta(days=1)) -> "Crowd":
        world = make_world(database, now=now, resources=crowd(ROOMS))
        ahead = (world.now + timedelta(hours=12), world.now + planner.HORIZON - margin)
        with world.centre.the(Index).at(world.now) as here:
            wishes = (Wish(What(f"{CROWDED}-{n}"), *ahead, align_minutes=20) for n in range(1, ROOMS + 1))
            every_second = [search.offers(here, wish, now=world.now, limit=2_000)[::2] for wish in wishes]
        found = list(itertools.chain.from_iterable(every_second))
        random.Random(SEED).shuffle(found)
        return cls(world, tuple(found))

    @property
    def claims(self) -> int:
        """The claims of one booking."""
        return len(planner.claims(self.offers[0], self.world.directory))


class Attempts:
    """Hands out offers, each fourth of them one that is taken already, to many clients at once."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._next = iter(crowd.offers)
        self._taken: list[Offer] = []
        self._count = itertools.count(1)
        self.accepted = self.refused = 0

    def next(self) -> Offer:
        """The next to try.

        Raises:
            StopIteration: all offers are used up.
        """
        if next(self._count) % REFUSED == 0 and self._taken:
            return self._taken[-1 - len(self._taken) // 2]
        return next(self._next)

    def told(self, offer: Offer, *, accepted: bool) -> None:
        if accepted:
            self.accepted += 1
            self._taken.append(offer)
        else:
            self.refused += 1


async def book_through_the_service(crowd: Crowd, offer: Offer) -> bool:
    """One attempt as an async edge makes it."""
    world = crowd.world
    request = Request(new_id(), offer, SOMMER)
    try:
        await world.db.write(lambda tx: booking.book(tx, world.secrets, request, actor=RESIDENT, now=world.now))
    except SlotTaken:
        return False
    return True


Attempt = Callable[[Offer], Awaitable[bool]]


async def per_second(attempts: Attempts, attempt: Attempt, *, clients: int, seconds: float) -> float:
    """Attempts a second, accepted and refused, of so many clients that each wait for their answer."""
    until = time.monotonic() + seconds

    async def client() -> int:
        done = 0
        while time.monotonic() < until:
            offer = attempts.next()
            attempts.told(offer, accepted=await attempt(offer))
            done += 1
        return done

    began = time.monotonic()
    made = sum(await asyncio.gather(*(client() for _ in range(clients))))
    return made / (time.monotonic() - began)


def syncs_per_second(folder: Path, seconds: float) -> float:
    """The machine's own "write 4 KB and fdatasync", one after the other, in the folder of the database."""
    file = os.open(folder / "floor", os.O_RDWR | os.O_CREAT)
    block, done, began = b"x" * BLOCK, 0, time.monotonic()
    try:
        while time.monotonic() < began + seconds:
            os.pwrite(file, block, 0)
            os.fdatasync(file)
            done += 1
    finally:
        os.close(file)
    return done / (time.monotonic() - began)


def alternated(one: Callable[[], float], other: Callable[[], float], rounds: int) -> Iterator[tuple[float, float]]:
    """Both measured in turns, so that what else the machine does meets both."""
    for _ in range(rounds):
        yield one(), other()
