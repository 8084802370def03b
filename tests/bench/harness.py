"""One figure of an issue's table, how it is printed, and the rows that there are."""

import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

from tests import bench

OUT = Path(__file__).resolve().parents[2] / "build" / "bench"
"""Where plots go."""


@dataclass(frozen=True)
class Figure:
    """What was measured, what it was measured against, and whether it is good enough."""

    issue: str
    row: int
    """Which row of the issue's table, from 1."""
    name: str
    value: float | int | str | None
    unit: str
    target: str
    ok: bool
    baseline: float | None = None
    """What the value is compared with, in the same unit, measured in the same minute on the same machine."""
    ratio: float | None = None

    def __str__(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


Row = Callable[[], Figure | Iterable[Figure]]


def rows(package: ModuleType = bench) -> Iterator[tuple[str, Row]]:
    """The name and the `measure` of every `issue_*/row_*.py`, in order."""
    for found in sorted(pkgutil.walk_packages(package.__path__, f"{package.__name__}."), key=lambda each: each.name):
        if found.name.rpartition(".")[2].startswith("row_"):
            yield found.name.removeprefix(f"{package.__name__}."), importlib.import_module(found.name).measure


def run(wanted: Iterable[str] = ()) -> bool:
    """Measure the rows whose names contain one of *wanted* (all, if none is given), print each figure as it comes.

    Returns:
        Whether every figure reaches its target.
    """
    words = tuple(wanted)
    good = True
    for name, measure in rows():
        if words and not any(word in name for word in words):
            continue
        made = measure()
        for figure in [made] if isinstance(made, Figure) else made:
            print(figure, flush=True)
            good = good and figure.ok
    return good


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest of *values* that at least *share* of them do not exceed (nearest rank).

    Raises:
        ValueError: there are no values, or *share* is not in (0, 1].
    """
    ranked = sorted(values)
    if not ranked or not 0 < share <= 1:
        raise ValueError("a percentile needs values and a share in (0, 1]")
    return ranked[-int(-len(ranked) * share // 1) - 1]


def note(text: str) -> None:
    """Say something about a measurement (how many rounds, which seed) without disturbing the JSON lines."""
    print(text, file=sys.stderr, flush=True)
