"""64 at once for one offer, over HTTP: PostgreSQL with two centres, SQLite with one; ``RACE_ROUNDS`` (1,000)."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from telemed.booking.planner import Offer
from telemed.kit.clock import real_now
from telemed.kit.ids import new_id
from tests.bench.harness import OUT, Figure, note, percentile
from tests.bench.issue_b.attempts import Crowd
from tests.bench.issue_b.servers import Centres, Http, booking_body, serving
from tests.bench.plot import Plot, distribution, save
from tests.databases import PostgresCluster, SqliteFiles, opened

ROUNDS = int(os.environ.get("RACE_ROUNDS", "1000"))
CLIENTS = 64
WORST_S = 1.0
AHEAD = timedelta(days=9)


def measure() -> Iterator[Figure]:
    OUT.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="telemed-bench-", dir=OUT) as name, PostgresCluster() as cluster:
        folder = Path(name)
        files = SqliteFiles(folder)
        with opened(files.fresh_url()) as database:
            crowd = Crowd.on(database, now=real_now() + AHEAD, margin=AHEAD)
        curves = []
        for kind, url, processes in (("SQLite", files.fresh_url(), 1), ("PostgreSQL", cluster.fresh_url(), 2)):
            place = folder / kind
            place.mkdir()
            with serving(place, url, processes=processes) as centres:
                winners, took = asyncio.run(_rounds(centres, list(crowd.offers[:ROUNDS])))
            curves.append(distribution(f"{kind}, {processes} process(es)", took))
            yield _figure(kind, processes, winners, took)
        save(Plot("64 at once for one offer", "seconds until all are answered", "share of rounds", curves), "b_race")


def _figure(kind: str, processes: int, winners: Counter[int], took: list[float]) -> Figure:
    rounds = sum(winners.values())
    note(f"{kind}: rounds by winners {dict(winners)}; median {percentile(took, 0.5):.3f} s, worst {max(took):.3f} s")
    return Figure(
        issue="B",
        row=7,
        name=f"{CLIENTS} at once for one offer, {kind}, {processes} process(es): exactly one winner; worst round",
        value=round(max(took), 3),
        unit="s",
        baseline=round(percentile(took, 0.5), 3),
        ratio=winners[1] / rounds,
        target=f"one winner in each of {rounds} rounds (ratio 1.0), worst ≤ {WORST_S} s",
        ok=winners == Counter({1: rounds}) and max(took) <= WORST_S,
    )


async def _rounds(centres: Centres, offers: list[Offer]) -> tuple[Counter[int], list[float]]:
    """How often a round had how many winners, and how long each took; any answer but yes and taken is a failure."""
    https = [Http(centres.ports[n % len(centres.ports)]) for n in range(CLIENTS)]
    winners: Counter[int] = Counter()
    took = []
    try:
        for offer in offers:
            began = time.monotonic()
            statuses = await asyncio.gather(*(_one(http, offer) for http in https))
            took.append(time.monotonic() - began)
            assert set(statuses) <= {201, 409}, statuses
            winners[statuses.count(201)] += 1
    finally:
        for http in https:
            http.close()
    return winners, took


async def _one(http: Http, offer: Offer) -> int:
    headers = {"Content-Type": "application/json", "Idempotency-Key": new_id()}
    status, _ = await http.ask("POST", "/api/bookings", headers, booking_body(offer))
    return status
