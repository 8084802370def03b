"""The chosen time is held while somebody enters the rest: until when, how to get more time, how many from one place.

Nobody needs a hold to book; without one the time may be gone in the end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request

from telemed.booking import holding
from telemed.booking.limits import TooManyHoldsOfOne, address_of, limits_of
from telemed.booking.model import EXTENSIONS, HeldLongEnough, Hold, HoldGone
from telemed.booking.planner import Offer
from telemed.kit.refusal import Refusal, Sense
from telemed.kit.tries import Tries
from telemed.web.centre import Centre


class TooManyHolds(Refusal):
    """Too many times are held from there."""

    sense = Sense.TOO_OFTEN
    key = "booking.hold.none"


class HoldTries(Tries):
    """Times held per address: sixty in ten minutes. A whole house may book behind one address, nobody a whole day."""

    def __init__(self) -> None:
        super().__init__(60, timedelta(minutes=10), too_many=TooManyHolds)


@dataclass(frozen=True)
class Held:
    """What a page says of the time; *until* is None where it is not held. *left_s* is counted from the answer."""

    until: datetime | None = None
    left_s: int = 0
    may_extend: bool = False

    @classmethod
    def of(cls, hold: Hold, *, now: datetime) -> "Held":
        may_extend = hold.extended < EXTENSIONS and hold.held_until < hold.offer.start
        return cls(hold.held_until, int((hold.held_until - now).total_seconds()), may_extend)


@dataclass(frozen=True)
class Wanted:
    """Which time is to be held, for which request. *ordered*: a doctor ordered it."""

    request_id: str
    offer: Offer
    ordered: bool = False


Holding = Callable[[Request, Centre, Wanted], Held]
"""`keep`, `still` or `longer`."""


def keep(request: Request, centre: Centre, wanted: Wanted) -> Held:
    """Hold it for ten minutes, in place of what was held for the request.

    Raises:
        HoldGone: the request was booked already.
        TooLate, NotOffered, SlotTaken: it cannot be had.
    """
    tries, now = centre.live.setdefault(HoldTries, HoldTries()), centre.clock.now()
    place = address_of(request)
    try:
        with tries.kept(place), limits_of(centre).hold(wanted.offer), centre.db.transaction() as tx:
            kept = holding.hold(tx, centre.secrets, wanted.request_id, wanted.offer, now=now, ordered=wanted.ordered)
    except (TooManyHolds, TooManyHoldsOfOne):
        return Held()
    return Held.of(kept, now=now)


def still(request: Request, centre: Centre, wanted: Wanted) -> Held:
    """What is held; held again if it ran out and nobody took it.

    Raises:
        As `keep`.
    """
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = holding.find_hold(tx, centre.secrets, wanted.request_id, now=now)
    if known is not None and known.offer == wanted.offer:
        return Held.of(known, now=now)
    return keep(request, centre, wanted)


def longer(request: Request, centre: Centre, wanted: Wanted) -> Held:
    """Ten more minutes, as often as one may (WCAG 2.2.1).

    Raises:
        As `keep`.
    """
    now = centre.clock.now()
    try:
        with centre.db.transaction() as tx:
            kept = holding.extend(tx, centre.secrets, wanted.request_id, now=now)
    except (HoldGone, HeldLongEnough):
        return still(request, centre, wanted)
    return Held.of(kept, now=now) if kept.offer == wanted.offer else still(request, centre, wanted)
