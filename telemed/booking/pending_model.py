"""An appointment of another system that is held and not confirmed yet: by whom it must be, until when. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from telemed.booking.model import HOLD, NOTHING_MORE, Extras
from telemed.booking.planner import Offer
from telemed.kit.outbox import Event
from telemed.people.model import Person, Way

CONFIRM_WITHIN = timedelta(hours=24)
"""So long somebody of the staff has to say yes, or no."""
BEFORE_START = timedelta(hours=1)
"""And so long before it begins at the latest, so that the person may still come."""

UNNAMED = Person("", 0, Way.PAPER)
"""Of whom the other system said nothing yet: it holds first, and says for whom when it books."""


class Confirms(StrEnum):
    """Who has to confirm it."""

    CLIENT = "client"
    """The program that holds it, while somebody enters the rest (IHE ``$hold``)."""
    STAFF = "staff"
    """Doctor or assistant: the service is one that nobody gets without a look (ISiK, 202)."""


@dataclass(frozen=True)
class Pending:
    """What is held. *booking_id* is that of the appointment, which stays the same."""

    booking_id: str
    held_until: datetime
    confirms: Confirms
    extended: int = 0


@dataclass(frozen=True)
class Proposal:
    """What another system asks for. *id*: of the appointment that is to be.

    *content*: the Appointment as that system wrote it, kept to the digit; empty: we write it. *person_id*: of somebody
    who is known already, and then *person* is not read.
    """

    id: str
    offer: Offer
    confirms: Confirms
    person: Person = UNNAMED
    person_id: str = ""
    content: bytes = b""
    extras: Extras = NOTHING_MORE


@dataclass(frozen=True)
class Completed:
    """What is said when it is confirmed. *person*: for whom it is; *person_id*: or who is known already."""

    person: Person | None = None
    person_id: str = ""
    comment: str = ""


AS_SAID = Completed()
"""All was said when it was held."""


@dataclass(frozen=True)
class BookingPending(Event):
    """Time is held for an appointment that somebody has yet to confirm."""

    booking_id: str
    room_id: str


@dataclass(frozen=True)
class PendingEnded(Event):
    """It was refused, given up, or nobody confirmed it in time: its time is free, and it never was an appointment."""

    booking_id: str
    room_id: str


def deadline(confirms: Confirms, offer: Offer, *, now: datetime) -> datetime:
    """Until when it is held; *offer* lies ahead. Who asks late gets half of the time that is left, at most."""
    match confirms:
        case Confirms.CLIENT:
            return min(now + HOLD, offer.start)
        case Confirms.STAFF:
            return min(now + CONFIRM_WITHIN, max(offer.start - BEFORE_START, now + (offer.start - now) / 2))
        case _:
            assert_never(confirms)
