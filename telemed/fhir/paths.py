"""The few paths of FHIRPath that name one element: ``Appointment.participant[0].status``. No functions."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from telemed.fhir import raw
from telemed.fhir.issues import Issue, Malformed

Step = str | int

_STEP = re.compile(r"([A-Za-z_$][A-Za-z0-9_\-]*)((?:\[\d{1,6}\])*)(?:\.|$)")
LONGEST = 1000
WHOLE = "$this"
NOTHING = (None, None)
HTTP = "http."
"""Begins what names a parameter of the address or a header (R4, OperationOutcome.issue.location)."""


class NotOne(Exception):
    """Not such a path, or it names no single element; says why."""


def steps(path: str) -> tuple[Step, ...]:
    """Names and places of a path.

    Raises:
        NotOne: with functions, or not a path.
    """
    if "(" in path:
        raise NotOne("functions such as where() are not understood; an element is named by its place, as in [0]")
    found, at = _read(path)
    if not found or at < len(path) or path.endswith("."):
        raise NotOne("not a path of names and places")
    return tuple(found)


def nearest(expression: str, root: Any) -> str:
    """*expression* cut back to what is there in *root*: ``$this``, the whole, where not even its first step is.

    The first step is the type of the resource, one of its members, or ``patch`` for an array of operations. What names
    no element but a parameter or a header (``http.date``) stays.
    """
    if not expression or expression.startswith(HTTP):
        return expression
    first, *rest = _read(expression)[0] or [WHOLE]
    is_whole = first == ("patch" if isinstance(root, list) else isinstance(root, Mapping) and root.get("resourceType"))
    here = (root, None) if is_whole else _below((root, None), first)
    if here == NOTHING:
        return WHOLE
    said = str(first)
    for step in rest:
        here = _below(here, step)
        if here == NOTHING:
            break
        said += f"[{step}]" if isinstance(step, int) else f".{step}"
    return said


def _read(path: str) -> tuple[list[Step], int]:
    """The steps as far as they can be read, and how far that is; of a path that is too long none."""
    found: list[Step] = []
    at = 0
    while at < len(path) <= LONGEST and (one := _STEP.match(path, at)):
        found += [one[1], *(int(place) for place in re.findall(r"\d+", one[2]))]
        at = one.end()
    return found, at


def _below(here: tuple[Any, Any], step: Step) -> tuple[Any, Any]:
    """Of an element: its value, and what JSON says beside it of a primitive one (``_criteria``)."""
    value, beside = here
    if isinstance(step, int):
        found = tuple(one[step] if isinstance(one, list) and step < len(one) else None for one in here)
        return found[0], found[1]
    fields = value if isinstance(value, Mapping) else beside if isinstance(beside, Mapping) else {}
    return fields.get(step), fields.get(f"_{step}")


def within(issues: Iterable[Issue], content: bytes | None) -> list[Issue]:
    """The same, each path cut back to what is there in *content*, which is what was sent."""
    try:
        whole = raw.parse(raw.text_of(content)) if content else None
    except Malformed:
        whole = None
    if whole is None:
        return list(issues)
    return [replace(one, expression=nearest(one.expression, whole)) for one in issues]
