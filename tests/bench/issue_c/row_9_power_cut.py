"""Row 9: 200 power cuts in the room's journal; the baseline is the same journal that does not wait for the disk."""

from tests.bench.harness import Figure, note
from tests.crash.powercut import cuts

CUTS = 200
CONTROL = 10
SEED = 9


def measure() -> Figure:
    found = cuts(CUTS, seed=SEED)
    control = cuts(CONTROL, seed=SEED, safe=False)
    note(f"journal, seed {SEED}: {found}")
    note(f"control without fsync: {control}")
    return Figure(
        issue="C",
        row=9,
        name=f"acknowledged journal entries lost in {CUTS} power cuts",
        value=found.lost + found.corrupt,
        unit="entries",
        target="0, and the control loses",
        ok=found.holds and found.midway > 0 and control.lost > 0,
        baseline=float(control.lost),
    )
