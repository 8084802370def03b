"""Join until the first decoded device frame, on one veth pair."""

from tests.bench.harness import Figure
from tests.bench.issue_a.room import figure, measured


def measure() -> Figure:
    return figure(4, "join clicked until the first decoded device frame", measured().joins, 3000)
