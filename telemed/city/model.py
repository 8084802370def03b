"""The board for the quarter: how each room stands, without a ticket, a count or a person. Pure."""

from dataclasses import dataclass
from datetime import datetime

from schemas.board import Delay


@dataclass(frozen=True)
class RoomLine:
    """One room. *open_until* while it is open; *opens_at* when it opens again today, if it does.

    *delay*: how much later whoever comes next is called; None: on time. *is_heard*: whether the room said anything
    lately; if not, nobody knows of a delay. *next_free*: the next appointment that can be had today.
    """

    name: str
    address: str
    phone: str
    open_until: datetime | None
    opens_at: datetime | None
    delay: Delay | None
    is_heard: bool
    next_free: datetime | None


@dataclass(frozen=True)
class QuarterBoard:
    """All rooms, as of one moment."""

    quarter: str
    as_of: datetime
    rooms: tuple[RoomLine, ...]
