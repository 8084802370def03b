"""From the indication on the virtual radio to the number on the doctor's page."""

from tests.bench.harness import Figure
from tests.bench.issue_a.room import figure, measured


def measure() -> Figure:
    return figure(5, "blood pressure from the virtual radio to the number on the page", measured().pressures, 300)
