"""Set-ups over 40 ms there and back, measured once for rows 1 and 2: from the click until all firsts have come.

``SETUPS`` rounds (50) of each way; ours and the bare pair take turns, in the same minute on the same machine.
"""

import os
from functools import cache

from playwright.sync_api import Playwright, sync_playwright

from tests.bench.harness import note
from tests.bench.issue_c.thin_link import Link, link
from tests.bench.issue_d.bare_pair import bare_pair, join
from tests.bench.issue_d.calls import calls
from tests.bench.issue_d.probe import spread
from tests.bench.issue_d.ways import DEAD, DIRECT, RELAYED, Way
from tests.bench.plot import Plot, distribution, save

ROUNDS = int(os.environ.get("SETUPS", "50"))
RATE, QUEUE_BYTES = 100_000_000, 1_000_000
WAYS = (DIRECT, RELAYED["udp"], DEAD)


@cache
def setups() -> dict[str, dict[str, list[float]]]:
    """By way: milliseconds by first (``device picture``, ``speech to …``), ``all`` of them, and the ``bare`` pair."""
    with sync_playwright() as playwright:
        found = {way.name: _of(way, playwright) for way in WAYS}
    for name, times in found.items():
        for what, each in times.items():
            note(f"{name}: {what}: {spread(each)}")
    curves = [distribution(name, times["all"]) for name, times in found.items()]
    curves.append(distribution("bare pair", found[DIRECT.name]["bare"]))
    save(Plot("From the click to picture and speech both ways, 40 ms", "ms", "share", curves), "issue_d_row_1_setups")
    return found


def _of(way: Way, playwright: Playwright) -> dict[str, list[float]]:
    with link(RATE, queue_bytes=QUEUE_BYTES) as made:
        return _taking_turns(made, way, playwright)


def _taking_turns(made: Link, way: Way, playwright: Playwright) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    with calls(made, playwright, way) as ours, bare_pair(made, playwright) as bare:
        for _ in range(ROUNDS):
            ours.prepare()
            firsts = ours.click()
            for name, took in {**firsts, "all": max(firsts.values()), "bare": join(bare)}.items():
                times.setdefault(name, []).append(took)
            ours.leave()
    return times
