"""One FHIR Appointment read through HTTP: signed in, unsealed, its audit line on disk before the answer."""

import statistics

from tests.bench.harness import Figure, note
from tests.bench.load import Request, per_second

ROUNDS = 5
SECONDS = 2.0
TARGET = 0.4


def measured(port: int, bearer: str, appointment_id: str, *, issue: str, row: int) -> Figure:
    """As often in a second as the same server's trivial JSON endpoint is asked beside it, by 32 clients each."""
    trivial = Request(port, "/health")
    read = Request(port, f"/fhir/Appointment/{appointment_id}", (f"Authorization: Bearer {bearer}",))
    for one in (trivial, read):
        per_second(one, seconds=0.5)
    pairs = [(per_second(trivial, seconds=SECONDS), per_second(read, seconds=SECONDS)) for _ in range(ROUNDS)]
    note("rounds (trivial, read): " + ", ".join(f"{one:.0f}, {two:.0f}" for one, two in pairs))
    base, value = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Figure(
        issue=issue,
        row=row,
        name="FHIR read of one Appointment, signed in, unsealed, audited before the answer, 32 clients",
        value=round(value),
        unit="requests/s",
        baseline=round(base),
        ratio=round(value / base, 3),
        target=f"ratio ≥ {TARGET} of the trivial JSON endpoint",
        ok=value / base >= TARGET,
    )
