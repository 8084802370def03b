"""What follows from what programs asked for."""

from collections.abc import Callable
from datetime import datetime

from telemed.interop import isik_later
from telemed.interop.isik_book import Means
from telemed.interop.model import BookingAsked
from telemed.kit.db import Tx


def book_asked(means: Callable[[], Means]) -> Callable[..., None]:
    """React to `BookingAsked`: book it, and keep the answer."""

    def react(tx: Tx, happened: BookingAsked, *, now: datetime) -> None:
        isik_later.do(tx, means(), happened.asked_id, now=now)

    return react
