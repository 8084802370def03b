"""Asked 15 minutes before the planned start: how often the start lies in the 80 % interval, on both families."""

from collections.abc import Iterator

from tests.bench.harness import Figure
from tests.bench.issue_e.clinics import HIGH, LOW, A, B, flat, plot_coverage, together
from tests.waiting.evaluation import score


def measure() -> Iterator[Figure]:
    for family, what in ((A, "lognormal, loads 0.7, 0.9, 1.1"), (B, "gamma mixture, days in common, drift of 25 %")):
        found = score(flat(together(family)))
        yield Figure(
            issue="E",
            row=1,
            name=f"family {family.name} ({what}): starts within the 80 % interval, {found.count} on unseen days",
            value=round(found.coverage, 3),
            unit="share",
            target=f"{LOW}–{HIGH}",
            ok=LOW <= found.coverage <= HIGH,
        )
    plot_coverage("issue_e_row_1_coverage", "80 % interval on unseen days", {"A": together(A), "B": together(B)})
