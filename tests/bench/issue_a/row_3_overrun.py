"""The doctor overruns until the monitor shows the delay."""

from tests.bench.harness import Figure
from tests.bench.issue_a.room import figure, measured


def measure() -> Figure:
    return figure(3, "doctor overruns until the monitor shows the delay", measured().overruns, 5000)
