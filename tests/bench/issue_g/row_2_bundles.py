"""Bundles of 50 Slots and of 50 sealed Appointments, each against a static file of the same size."""

import json
import random
import statistics
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from telemed.web.pages import STATIC
from tests.bench.harness import Figure, note
from tests.bench.issue_g.stored import Stored, centre
from tests.bench.load import Request, per_second

ROUNDS = 5
SECONDS = 1.5
CLIENTS = 16
ENTRIES = 50
FEW = 5_000


def measure() -> Iterator[Figure]:
    with centre(FEW) as stored:
        day = f"{stored.now:%Y-%m-%d}"
        slots = f"/fhir/Slot?schedule={stored.schedules[0]}&start=ge{day}&status=free&_count={ENTRIES}"
        yield _measured(stored, "Slots", slots, 0.5)
        yield _measured(stored, "Appointments, unsealed and audited", f"/fhir/Appointment?_count={ENTRIES}", 0.15)


def _measured(stored: Stored, what: str, path: str, target: float) -> Figure:
    bearer = f"Authorization: Bearer {stored.bearer}"
    asked = urllib.request.Request(stored.base + path, headers={"Authorization": bearer.partition(": ")[2]})
    with urllib.request.urlopen(asked) as answer:
        body = answer.read()
    assert len(json.loads(body)["entry"]) == ENTRIES
    note(f"{what}: {len(body)} bytes")
    with _static(len(body)) as static:
        base_of, own = Request(stored.port, static), Request(stored.port, path, (bearer,))
        for one in (base_of, own):
            per_second(one, clients=CLIENTS, seconds=0.5)
        rounds = [(_round(stored, base_of), _round(stored, own)) for _ in range(ROUNDS)]
    pairs = [(one[0], two[0]) for one, two in rounds]
    cpu = [statistics.median(each[n][1] for each in rounds) for n in (0, 1)]
    note(f"CPU time of the centre for each request: {cpu[0]:.2f} ms, {cpu[1]:.2f} ms, ratio {cpu[0] / cpu[1]:.3f}")
    note("rounds (static, search): " + ", ".join(f"{one:.0f}, {two:.0f}" for one, two in pairs))
    base, value = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Figure(
        issue="G",
        row=2,
        name=f"search Bundle of {ENTRIES} {what}, {CLIENTS} clients",
        value=round(value),
        unit="requests/s",
        baseline=round(base),
        ratio=round(value / base, 3),
        target=f"ratio ≥ {target} of a static file of the same size",
        ok=value / base >= target,
    )


def _round(stored: Stored, request: Request) -> tuple[float, float]:
    """Requests a second, and the CPU time of the centre for each of them in ms."""
    before = stored.cpu_s()
    rate = per_second(request, clients=CLIENTS, seconds=SECONDS)
    return rate, (stored.cpu_s() - before) * 1000 / (rate * SECONDS)


@contextmanager
def _static(size: int) -> Iterator[str]:
    """The address of a static file of so many bytes, which is there as long as it is measured."""
    with NamedTemporaryFile(dir=STATIC, prefix="bench-", suffix=".woff2") as file:
        file.write(random.Random(size).randbytes(size))
        file.flush()
        yield f"/static/{Path(file.name).name}"
