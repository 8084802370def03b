"""The search over HTTP, in a city: a real centre on SQLite, 32 clients with 32 different wishes."""

import json
import statistics
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from ops.programs import NAMES, Programs, free_port
from telemed.booking.planner import What, Window
from telemed.kit.clock import real_now
from telemed.kit.db import Database
from tests.bench.harness import OUT, Figure, note
from tests.bench.issue_b import city, city_fhir
from tests.bench.issue_b.city_busy import Days
from tests.bench.load import Request, per_second

ROUNDS = 5
SECONDS = 2.0
CLIENTS = 32
SLOWER = 3
ROWS = 50_000


@dataclass(frozen=True)
class Wishes(Request):
    """A client's request is one of *paths*, each client's another."""

    paths: tuple[str, ...] = ()
    _turn: Iterator[int] = field(default_factory=count, compare=False)

    @property
    def bytes(self) -> bytes:
        return Request(self.port, self.paths[next(self._turn) % len(self.paths)]).bytes


def measure() -> Figure:
    OUT.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="telemed-bench-", dir=OUT) as name:
        folder = Path(name)
        seed = folder / "seed"
        seed.mkdir()
        rows = (json.dumps(resource) for resource in city_fhir.resources(city.directory()))
        (seed / "city.ndjson").write_text("\n".join(rows))
        ports = {program: free_port(0) for program in NAMES}
        with Programs(folder, seed=seed, ports=ports, extra={"TELEMED_CENTRE_EXERCISE": "0"}) as programs:
            began = time.monotonic()
            programs.prepare()
            seeded = time.monotonic()
            claimed = _claim(programs)
            note(f"seeded in {seeded - began:.0f} s, {claimed} claims in {time.monotonic() - seeded:.0f} s")
            programs.start("telemed")
            return _measured(programs.ports["telemed"])


def _claim(programs: Programs) -> int:
    """Take the usual share of everybody's open time, from today on."""
    window = Window.horizon(real_now())
    rows = [(*claim, "busy") for claim in city_fhir.claims(Days(city.USUAL, window).masks(), window)]
    db = Database(f"sqlite:///{programs.state / 'centre' / 'centre.sqlite'}")
    insert = "INSERT INTO booking_claim (resource_id, tick, booking_id) VALUES (?, ?, ?)"
    with db.transaction() as tx:
        for at in range(0, len(rows), ROWS):
            tx.exec_driver_sql(insert, rows[at : at + ROWS])
    db.dispose()
    return len(rows)


def _measured(port: int) -> Figure:
    began = time.monotonic()
    found = [_ask(port, path) for path in _paths(0)]
    note(f"the first {CLIENTS} searches, the index read from the database: {time.monotonic() - began:.1f} s")
    note(f"{sum(len(offers) == 20 for offers in found)} of {CLIENTS} wishes get 20 offers")
    trivial = Request(port, "/health")
    per_second(trivial, seconds=0.5)
    pairs = []
    for turn in range(1, ROUNDS + 1):
        wishes = Wishes(port, "", paths=_paths(turn))
        base = per_second(trivial, clients=CLIENTS, seconds=SECONDS)
        pairs.append((base, per_second(wishes, clients=CLIENTS, seconds=SECONDS)))
    note("rounds (trivial, search): " + ", ".join(f"{one:.0f}, {two:.0f}" for one, two in pairs))
    base, value = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Figure(
        issue="B",
        row=3,
        name=f"first 20 offers over HTTP, city, 60 % busy, {CLIENTS} clients with {CLIENTS} different wishes",
        value=round(value),
        unit="requests/s",
        baseline=round(base),
        ratio=round(base / value, 2),
        target=f"≤ {SLOWER} times the trivial endpoint's time",
        ok=base / value <= SLOWER,
    )


def _paths(turn: int) -> tuple[str, ...]:
    """Other wishes in each round."""
    wishes = city.wishes(turn * CLIENTS, (turn + 1) * CLIENTS)
    return tuple(f"/api/offers?{_query(wish.what)}&align={wish.align_minutes}" for wish in wishes)


def _query(what: What) -> str:
    latitude, longitude = what.near or (0.0, 0.0)
    asked = [("service", what.service_id), ("near", f"{latitude},{longitude}")]
    return urllib.parse.urlencode(asked + [("device", kind) for kind in what.devices])


def _ask(port: int, path: str) -> list[object]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        offers: list[object] = json.load(answer)["offers"]
    return offers
