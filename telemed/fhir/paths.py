"""The few paths of FHIRPath that name one element: ``Appointment.participant[0].status``. No functions."""

import re
from collections.abc import Mapping
from typing import Any

Step = str | int

_STEP = re.compile(r"([A-Za-z_$][A-Za-z0-9_\-]*)((?:\[\d{1,6}\])*)(?:\.|$)")
LONGEST = 1000


class NotOne(Exception):
    """Not such a path, or it names no single element; says why."""


def steps(path: str) -> tuple[Step, ...]:
    """Names and places of a path.

    Raises:
        NotOne: with functions, or not a path.
    """
    if "(" in path:
        raise NotOne("functions such as where() are not understood; an element is named by its place, as in [0]")
    found: list[Step] = []
    at = 0
    while at < len(path) and len(path) <= LONGEST:
        one = _STEP.match(path, at)
        if one is None:
            break
        found.append(one[1])
        found += [int(place) for place in re.findall(r"\d+", one[2])]
        at = one.end()
    if not found or at < len(path) or path.endswith("."):
        raise NotOne("not a path of names and places")
    return tuple(found)


def nearest(expression: str, root: Any) -> str:
    """*expression* cut back to what is there in *root*, whose first step is the name of the whole."""
    try:
        first, *rest = steps(expression)
    except NotOne:
        return expression.partition(".")[0].partition("[")[0]
    said, here = str(first), root
    for step in rest:
        below = _below(here, step)
        if below is None:
            break
        here = below
        said += f"[{step}]" if isinstance(step, int) else f".{step}"
    return said


def _below(here: Any, step: Step) -> Any:
    if isinstance(step, int):
        return here[step] if isinstance(here, list) and step < len(here) else None
    return here.get(step) if isinstance(here, Mapping) else None
