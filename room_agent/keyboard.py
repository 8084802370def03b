"""Three big keys beside the screen, a keyboard to the computer: which one says yes, no, and calls for help."""

import re
from dataclasses import dataclass
from itertools import pairwise

_KEY = re.compile(r"[A-Z][A-Za-z0-9]{1,23}")
_OTHERWISE = frozenset({"Enter", "Tab", "Escape", "Backspace", "Delete", "Shift", "Control", "Alt", "Meta", "Space"})
"""What people and browsers use for something else."""


class BadKeys(ValueError):
    """A setting that names no three keys."""


@dataclass(frozen=True)
class Keyboard:
    """As ``KeyboardEvent.key`` calls them; empty where there is none."""

    yes: str = ""
    no: str = ""
    help: str = ""


def read(setting: str) -> Keyboard:
    """Read ``yes=F14,no=F15,help=F13``; what is not named has no key.

    Raises:
        BadKeys: another meaning, no such key, or one key for two meanings.
    """
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in setting.split(","))):
        meaning, _, key = part.partition("=")
        if meaning not in ("yes", "no", "help") or meaning in found:
            raise BadKeys(f"{part}: say yes=, no= and help=, each once")
        if not _KEY.fullmatch(key) or key in _OTHERWISE:
            raise BadKeys(f"{key} is no key of its own, like F13 or Help")
        found[meaning] = key
    keys = sorted(found.values())
    if any(one == other for one, other in pairwise(keys)):
        raise BadKeys(f"{setting}: one key for two meanings")
    return Keyboard(**found)
