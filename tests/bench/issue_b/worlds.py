"""The city at a share of busy time, known to the planner and to both kinds of lists, and how they are timed."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from telemed.booking import search
from telemed.booking.ground import Ground
from telemed.booking.planner import Offer, Taken, Wish
from tests.bench.issue_b import city, intervals, lists
from tests.bench.issue_b.city_busy import Days
from tests.bench.issue_b.lists import Lists

WEEK = 2016
Times = list[float]
"""Seconds."""


@dataclass(frozen=True)
class World:
    """The same people, things and claims three times."""

    ground: Ground
    plain: Lists
    trimmed: Lists

    def planner(self, wish: Wish) -> list[Offer]:
        return search.offers(self.ground, wish, now=city.NOW)

    def plain_lists(self, wish: Wish) -> list[Offer]:
        return lists.offers(self.plain, wish, now=city.NOW)

    def trimmed_lists(self, wish: Wish) -> list[Offer]:
        return lists.offers(self.trimmed, wish, now=city.NOW)

    def claim(self, takes: Iterable[Taken]) -> None:
        """As the index does when it hears of a booking."""
        for actor_id, first, last in takes:
            self.ground.claim(actor_id, self.ground.window.mask(first, last))

    def free_up(self, takes: Iterable[Taken]) -> None:
        for actor_id, first, last in takes:
            self.ground.free_up(actor_id, self.ground.window.mask(first, last))


@cache
def world(share: float) -> World:
    """*share* of everybody's open time is taken. The planner's masks of resources and groups are warm."""
    directory, busy = city.directory(), Days(share).masks()
    made = World(
        Ground(directory, city.WINDOW, busy),
        Lists(directory, city.WINDOW, busy, diary=intervals.Free, stretch=city.WINDOW.ticks),
        Lists(directory, city.WINDOW, busy, diary=intervals.Trimmed, stretch=WEEK),
    )
    for wish in city.everything():
        made.planner(wish)
    return made


def timed(does: Callable[[Wish], list[Offer]], wishes: list[Wish], passes: int = 1) -> tuple[Times, list[list[Offer]]]:
    """How long each of *wishes* took in each of so many passes, and the offers for each."""
    times: Times = []
    for _ in range(passes):
        found = []
        for wish in wishes:
            began = time.perf_counter()
            offers = does(wish)
            times.append(time.perf_counter() - began)
            found.append(offers)
    return times, found
