"""The first 20 offers in a city: near a room, of a specialty, with two kinds of devices; and right after a change."""

import statistics
import time
from collections.abc import Callable, Iterator

from telemed.booking.planner import Offer, Taken, Wish, taken
from telemed.kit import pace
from tests.bench.harness import Figure, note
from tests.bench.issue_b import city
from tests.bench.issue_b.worlds import Times, World, timed, world

ROUNDS = 7
WISHES = 40
PASSES = 5
"""A round of the planner is over in no time, so it is asked several times in a row: warm, as a server is."""
FASTER = 100
FASTER_AFTER_A_CHANGE = 20
NO_TARGET = "none, for comparison"
DIFFER = "lists and planner differ"
Change = Callable[[list[Taken]], None]
Search = Callable[[Wish], list[Offer]]


def measure() -> Iterator[Figure]:
    here = world(city.USUAL)
    pace.settle()  # as the centre does
    note(f"seed {city.SEED}; {ROUNDS} rounds of {WISHES} different wishes, planner and lists in turn, equal offers")
    yield from _warm(here)
    yield from _never_asked(here)
    yield from _after_a_change(here)


def _warm(here: World) -> Iterator[Figure]:
    """The same wishes round after round: masks, unions and candidates are known, the answers are not."""
    wishes = city.wishes(0, WISHES)
    planner: Times = []
    plain: Times = []
    trimmed: Times = []
    for _ in range(ROUNDS):
        times, offers = timed(here.planner, wishes, PASSES)
        planner += times
        plain += _the_same(timed(here.plain_lists, wishes), offers)
        trimmed += _the_same(timed(here.trimmed_lists, wishes), offers)
    full = sum(len(found) == 20 for found in offers)
    reach = statistics.median((found[-1].start - city.NOW).days for found in offers if found)
    note(f"{full} of {WISHES} wishes get 20 offers, the last of them on day {reach:.0f}")
    name = "first 20 offers, city, 60 % busy, 8 weeks, warm"
    yield figure(f"{name}, against plain interval lists", planner, plain, FASTER)
    yield figure(f"{name}, against lists with buffers trimmed off, week by week", planner, trimmed)


def _never_asked(here: World) -> Iterator[Figure]:
    """Each wish once: even who comes into question is new, only the masks of resources and groups are known."""
    planner: Times = []
    plain: Times = []
    for turn in range(1, ROUNDS + 1):
        wishes = city.wishes(turn * WISHES, (turn + 1) * WISHES)
        times, offers = timed(here.planner, wishes)
        planner += times
        plain += _the_same(timed(here.plain_lists, wishes), offers)
    yield figure("the same for wishes never asked before, against plain interval lists", planner, plain)


def _the_same(measured: tuple[Times, list[list[Offer]]], expected: list[list[Offer]]) -> Times:
    times, offers = measured
    assert offers == expected, DIFFER
    return times


def _after_a_change(here: World) -> Iterator[Figure]:
    """The first offer of each wish is booked, and the wish asked again; then it is given back, and asked again."""
    found = [(wish, here.planner(wish)) for wish in city.wishes(0, 2 * WISHES)]
    booked = [(wish, offers[0]) for wish, offers in found if offers and len(offers[0].resource_ids) == 5][:WISHES]
    planner: tuple[Times, Times] = ([], [])
    plain: tuple[Times, Times] = ([], [])
    for _ in range(ROUNDS):
        offers = _book_and_give_back(booked, here.claim, here.free_up, here.planner, planner)
        same = _book_and_give_back(booked, here.plain.claim, here.plain.free_up, here.plain_lists, plain)
        assert same == offers, DIFFER
    for name, fast, slow in zip(("a booking of 5 resources", "it was given back"), planner, plain, strict=True):
        what = f"change and search, right after {name}, against plain interval lists"
        yield figure(what, fast, slow, FASTER_AFTER_A_CHANGE)


def _book_and_give_back(
    booked: list[tuple[Wish, Offer]], claim: Change, free_up: Change, search: Search, times: tuple[Times, Times]
) -> list[list[Offer]]:
    """The offers after each of the changes; how long change and search took is added to *times*."""
    found = []
    for wish, offer in booked:
        takes = taken(offer, city.directory())
        for change, took in zip((claim, free_up), times, strict=True):
            began = time.perf_counter()
            change(takes)
            offers = search(wish)
            took.append(time.perf_counter() - began)
            found.append(offers)
    return found


def figure(name: str, planner: Times, lists: Times, faster: int | None = None) -> Figure:
    """Medians in microseconds, and how many times the planner is faster."""
    value, base = statistics.median(planner), statistics.median(lists)
    return Figure(
        issue="B",
        row=1,
        name=name,
        value=round(value * 1e6, 1),
        unit="µs",
        baseline=round(base * 1e6, 1),
        ratio=round(base / value, 1),
        target=f"≥ {faster} times faster" if faster else NO_TARGET,
        ok=faster is None or base / value >= faster,
    )
