"""The search at every share of busy time, for a region's 500 doctors with nothing worked out, and its memory."""

import statistics
import sys
import time
import tracemalloc
from collections.abc import Iterator
from math import log10

from telemed.booking import search
from telemed.booking.ground import Ground
from telemed.kit import pace
from tests.bench.harness import Figure, note
from tests.bench.issue_b import city
from tests.bench.issue_b.city_busy import Days
from tests.bench.issue_b.row_1_search import DIFFER, PASSES, WISHES
from tests.bench.issue_b.worlds import Times, timed, world
from tests.bench.plot import Curve, Plot, save

ROUNDS = 5
SLOWER = 3
COLD_MS = 5
REGIONS = 15
KIB = 3


def measure() -> Iterator[Figure]:
    yield from _at_every_share()
    yield _cold()
    yield _memory()


def _at_every_share() -> Iterator[Figure]:
    wishes = city.wishes(0, WISHES)
    worlds = {share: world(share) for share in city.SHARES}
    planner: dict[float, Times] = {share: [] for share in worlds}
    plain: dict[float, Times] = {share: [] for share in worlds}
    pace.settle()
    for _ in range(ROUNDS):
        for share, here in worlds.items():
            times, offers = timed(here.planner, wishes, PASSES)
            planner[share] += times
            times, same = timed(here.plain_lists, wishes)
            plain[share] += times
            assert same == offers, DIFFER
    ours, theirs = ({share: statistics.median(times) for share, times in one.items()} for one in (planner, plain))
    _plot(ours, theirs)
    for share in (one for one in worlds if one != city.USUAL):
        ratio = ours[share] / ours[city.USUAL]
        yield Figure(
            issue="B",
            row=2,
            name=f"first 20 offers, {share:.0%} busy, against 60 % busy",
            value=round(ours[share] * 1e6, 1),
            unit="µs",
            baseline=round(ours[city.USUAL] * 1e6, 1),
            ratio=round(ratio, 2),
            target=f"≤ {SLOWER} times the 60 % case",
            ok=ratio <= SLOWER,
        )


def _plot(planner: dict[float, float], plain: dict[float, float]) -> None:
    """Both in one picture, so in powers of ten."""
    curves = [
        Curve("plain interval lists, µs", [(share * 100, log10(plain[share] * 1e6)) for share in plain]),
        Curve("planner, µs", [(share * 100, log10(planner[share] * 1e6)) for share in planner]),
        Curve("times faster", [(share * 100, log10(plain[share] / planner[share])) for share in plain]),
        Curve("", [(100, 5)]),  # draws nothing, and makes the axes end at round numbers above the names
    ]
    save(Plot("first 20 offers in a city", "% busy", "power of ten", curves, targets=[2]), "b_search")
    ratios = ", ".join(f"{share:.0%} busy: {plain[share] / planner[share]:.0f}" for share in plain)
    note(f"times faster than plain interval lists: {ratios}")


def _cold() -> Figure:
    """Every doctor of the region comes into question. Known are hours and claims, as right after the index was read."""
    busy = Days(city.USUAL).masks()
    times: Times = []
    for wish in city.wishes(0, REGIONS, city.REGION):
        ground = Ground(city.directory(), city.WINDOW, busy)
        for actor_id in busy:
            ground.free(actor_id)
        began = time.perf_counter()
        offers = search.offers(ground, wish, now=city.NOW)
        times.append(time.perf_counter() - began)
        assert offers == world(city.USUAL).plain_lists(wish), DIFFER
    value = statistics.median(times) * 1e3
    return Figure(
        issue="B",
        row=2,
        name=f"first 20 offers with {city.DOCTORS} candidate doctors, index read, no mask worked out, 60 % busy",
        value=round(value, 2),
        unit="ms",
        target=f"≤ {COLD_MS} ms",
        ok=value <= COLD_MS,
    )


def _memory() -> Figure:
    """The masks of single resources; the note says what there is beside them."""
    ground = Ground(city.directory(), city.WINDOW, Days(city.USUAL).masks())
    tracemalloc.start()
    for wish in city.everything():
        search.offers(ground, wish, now=city.NOW)
    everything = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    masks = ground.cached()
    each = statistics.mean(sys.getsizeof(mask) for mask in masks) / 1024
    note(f"{len(masks)} masks of resources; with groups, candidates and opening hours {everything / 2**20:.1f} MiB")
    return Figure(
        issue="B",
        row=2,
        name="memory for each resource and cached length",
        value=round(each, 2),
        unit="KiB",
        target=f"≤ {KIB} KB",
        ok=each * 1024 <= KIB * 1000,
    )
