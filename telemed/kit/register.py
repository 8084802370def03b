"""The data register: every column says what it is for, how long it stays, and who sees it (wish G07)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column
from sqlalchemy.types import TypeEngine


@dataclass(frozen=True)
class Kept:
    """One line of the register. *personal* columns are sealed; *seen_by* names roles, not people."""

    purpose: str
    retention: str
    seen_by: str
    personal: bool = False


def column(name: str, kind: TypeEngine[Any], *rest: Any, kept: Kept, **options: Any) -> Column[Any]:
    """A column with its line in the data register."""
    return Column(name, kind, *rest, info={"kept": kept}, **{"nullable": False, **options})


TECHNICAL = Kept("keeps the programs in step", "with its row", "no one")
"""Ids, counters and times that say nothing of a person."""
