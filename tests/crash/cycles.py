"""`python -m tests.crash.cycles URL CYCLES SEED [--too-early]`: kill, restart, and count what is wrong; one JSON line.

A process of its own, with one thread: it forks the centre for each life.
"""

import asyncio
import json
import random
import socket
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from telemed import wiring
from telemed.booking import claims, planner, store
from telemed.directory import service as directory
from telemed.kit.clock import real_now
from telemed.kit.db import Database
from telemed.people import store as people
from tests.bench.issue_b.attempts import Crowd
from tests.crash.centre import Killable, kill
from tests.crash.clients import CLIENTS, Client, Ledger

UP_S = 30.0
LIVES_S = (0.02, 0.25)
"""From its first answer on, each life lasts so long."""


@dataclass(frozen=True)
class Result:
    """What was seen over all lives; the last four must be 0."""

    cycles: int
    acknowledged: int
    refused: int
    lost: int
    duplicated: int
    overlaps: int
    broken: int

    @property
    def holds(self) -> bool:
        return (self.lost, self.duplicated, self.overlaps, self.broken) == (0, 0, 0, 0)


def run(url: str, cycles: int, seed: int, *, too_early: bool = False) -> Result:
    """So many lives of a centre on a fresh database, eight clients all the while."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="telemed-crash-") as folder, socket.create_server(("127.0.0.1", 0)) as sock:
        state = Path(folder)
        wiring.make_secrets(state)
        sock.listen(128)
        ledger = Ledger(iter(_offers(url)), chance, contested=not too_early)
        clients = [Client(sock.getsockname()[1], ledger) for _ in range(CLIENTS)]
        centre = Killable(url, state, sock, too_early=too_early)
        for _ in range(cycles):
            _life(centre, clients, ledger, chance.uniform(*LIVES_S))
        return _counted(url, ledger, cycles)


def _offers(url: str) -> list[planner.Offer]:
    db = Database(url)
    try:
        return list(Crowd.on(db, now=real_now()).offers)
    finally:
        db.dispose()


def _life(centre: Killable, clients: list[Client], ledger: Ledger, lives_s: float) -> None:
    child = centre.start()
    killed = False

    async def live() -> None:
        nonlocal killed
        before, deadline = ledger.answers, time.monotonic() + UP_S
        booking = [asyncio.create_task(client.book()) for client in clients]
        while ledger.answers == before and time.monotonic() < deadline:
            await asyncio.sleep(0.002)  # until its first answer, which is what its life is counted from
        await asyncio.sleep(lives_s)  # a life is an amount of time
        kill(child)
        killed = True
        for task in booking:  # who was never accepted would wait for ever
            task.cancel()
        for ended in await asyncio.gather(*booking, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    try:
        asyncio.run(live())
    finally:
        if not killed:
            kill(child)


def _counted(url: str, ledger: Ledger, cycles: int) -> Result:
    db = Database(url)
    try:
        with db.reading() as tx:
            known = directory.load(tx)
            kept = {one.id: one for one in store.ahead(tx, now=real_now() - timedelta(days=1))}
            persons = tx.execute(select(func.count()).select_from(people.persons)).scalar_one()
            taken = {(row.resource_id, row.tick): row.booking_id for row in tx.execute(select(claims.claims))}
    finally:
        db.dispose()
    said = ledger.acknowledged.values()
    lost = sum(1 for booking_id, offer in said if booking_id not in kept or kept[booking_id].offer != offer)
    wanted = [claim for one in kept.values() for claim in planner.claims(one.offer, known)]
    overlaps = len(wanted) - len(set(wanted)) + len(set(taken) ^ set(wanted))
    duplicated = max(0, len(kept) - len(ledger.asked)) + abs(persons - len(kept))
    return Result(cycles, len(ledger.acknowledged), ledger.refused, lost, duplicated, overlaps, len(ledger.broken))


def main() -> int:
    url, cycles, seed, *more = sys.argv[1:]
    result = run(url, int(cycles), int(seed), too_early="--too-early" in more)
    print(json.dumps({**asdict(result), "holds": result.holds}), flush=True)  # noqa: T201 - it is what is asked for
    return 0


if __name__ == "__main__":
    sys.exit(main())
