"""Check-in until the monitor shows it."""

from tests.bench.harness import Figure
from tests.bench.issue_a.room import figure, measured


def measure() -> Figure:
    return figure(2, "check-in at the kiosk until the monitor shows it", measured().arrivals, 1000)
