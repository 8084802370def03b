"""What is asked about a visit, and what may be shown of the answers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

FEWEST = 5
"""Fewer answers than this are shown nowhere: somebody who knows the people might recognise one."""


class Face(StrEnum):
    """How it was; the value ends the catalogue key ``feedback.face.…``."""

    GOOD = "good"
    MIDDLING = "middling"
    BAD = "bad"


class Help(StrEnum):
    """With what somebody would have liked help."""

    BOOKING = "booking"
    DEVICES = "devices"
    HEARING = "hearing"
    WAY = "way"
    OTHER = "other"


Asked = Face | Help


@dataclass(frozen=True)
class Month:
    """What may be shown of one month: how often each was said; None: too rarely to be shown."""

    month: str
    counts: Mapping[Asked, int | None]

    @property
    def is_empty(self) -> bool:
        return all(count is None for count in self.counts.values())


def shown(month: str, counts: Mapping[str, int]) -> Month:
    """*counts* as they were kept, without what was said by fewer than `FEWEST`. No sums: one could work back from."""
    asked: tuple[Asked, ...] = (*Face, *Help)
    return Month(month, {one: _enough(counts.get(one.value, 0)) for one in asked})


def _enough(count: int) -> int | None:
    return count if count >= FEWEST else None


@dataclass(frozen=True)
class Barrier:
    """What hindered somebody; *page*: where; *contact*: where an answer may go, or empty."""

    id: str
    at: datetime
    text: str
    page: str
    contact: str
