"""Attempts over HTTP with full FHIR validation: Appointments of another system, 8 clients, a quarter refused."""

import asyncio
import statistics
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from telemed.booking.planner import Offer
from telemed.kit.clock import real_now
from telemed.kit.ids import new_id
from tests.bench.harness import OUT, Figure, note
from tests.bench.issue_b.attempts import Attempts, Crowd, per_second
from tests.bench.issue_b.servers import Centres, Http, appointment_body, serving
from tests.bench.load import Request
from tests.bench.load import per_second as gets_per_second
from tests.databases import SqliteFiles, opened

ROUNDS = 5
SECONDS = 1.5
CLIENTS = 8
TARGET = 0.1
AHEAD = timedelta(days=9)
"""The exercise clock starts on the next Tuesday, at the most a week ahead."""


def measure() -> Figure:
    OUT.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="telemed-bench-", dir=OUT) as name:
        folder = Path(name)
        files = SqliteFiles(folder)
        with opened(files.fresh_url()) as database:
            crowd = Crowd.on(database, now=real_now() + AHEAD, margin=AHEAD)
        with serving(folder, files.fresh_url()) as centres:
            return _measured(crowd, centres)


def _measured(crowd: Crowd, centres: Centres) -> Figure:
    attempts, health = Attempts(crowd), Request(centres.ports[0], "/health")
    _bookings(centres, attempts, 0.5)
    pairs = [
        (gets_per_second(health, clients=CLIENTS, seconds=SECONDS), _bookings(centres, attempts, SECONDS))
        for _ in range(ROUNDS)
    ]
    base, value = (statistics.median(column) for column in zip(*pairs, strict=True))
    note(f"{attempts.accepted} accepted, {attempts.refused} refused; rounds (trivial, booking): {pairs}")
    return Figure(
        issue="B",
        row=6,
        name=f"booking attempts over HTTP with full FHIR validation, SQLite, {CLIENTS} clients, a quarter refused",
        value=round(value),
        unit="requests/s",
        baseline=round(base),
        ratio=round(value / base, 3),
        target=f"ratio ≥ {TARGET} of the trivial JSON endpoint",
        ok=value / base >= TARGET,
    )


def _bookings(centres: Centres, attempts: Attempts, seconds: float) -> float:
    async def run() -> float:
        free = [Http(centres.ports[0]) for _ in range(CLIENTS)]
        headers = {"Authorization": f"Bearer {centres.bearer}", "Content-Type": "application/fhir+json"}

        async def attempt(offer: Offer) -> bool:
            http = free.pop()
            try:
                status, body = await http.ask(
                    "POST", "/import?file=one.json", headers, appointment_body(offer, new_id())
                )
            finally:
                free.append(http)
            assert status == 200, body
            return b'"refused":false' in body.replace(b" ", b"")

        try:
            return await per_second(attempts, attempt, clients=CLIENTS, seconds=seconds)
        finally:
            for http in free:
                http.close()

    return asyncio.run(run())
