"""What happened elsewhere, as happenings to resources that programs may have subscribed to."""

from collections.abc import Callable
from datetime import datetime

from telemed.booking import pending
from telemed.booking.model import (
    BookingAmended,
    BookingCancelled,
    BookingConfirmed,
    BookingMoved,
    BookingReplanned,
)
from telemed.booking.pending_model import BookingPending, PendingEnded
from telemed.directory import service as directories
from telemed.directory.model import ResourceKept
from telemed.interop.topics import Deed
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound
from telemed.queue.model import LineMoved
from telemed.subscribe import service

OfBooking = BookingPending | BookingAmended | BookingCancelled | PendingEnded


def hear(deed: Deed) -> Callable[..., None]:
    """React to what happened to a booking: it, and the slots that it took or gave back."""

    def react(tx: Tx, happened: OfBooking, *, now: datetime) -> None:
        _appointment(tx, happened.booking_id, deed, now=now)

    return react


def hear_booked(tx: Tx, happened: BookingConfirmed, *, now: datetime) -> None:
    """A new one, or one that was pending and is not any more."""
    deed = Deed.CHANGED if happened.was_pending else Deed.CREATED
    _appointment(tx, happened.booking_id, deed, now=now)


def hear_moved(tx: Tx, happened: BookingMoved, *, now: datetime) -> None:
    """The one that was moved is cancelled; the new one was told of when it was booked."""
    _appointment(tx, happened.replaced_id, Deed.CANCELLED, now=now)


def hear_replanned(tx: Tx, happened: BookingReplanned, *, now: datetime) -> None:
    """It has another time: the slots of the old one are free again."""
    _appointment(tx, happened.booking_id, Deed.CHANGED, now=now)
    for slot in happened.left:
        service.happened(tx, "Slot", slot, Deed.CHANGED, now=now)


def hear_delay(tx: Tx, happened: LineMoved, *, now: datetime) -> None:
    service.happened(tx, "Appointment", happened.visit_id, Deed.DELAYED, now=now)


def hear_directory(tx: Tx, happened: ResourceKept, *, now: datetime) -> None:
    deed = Deed.CREATED if happened.is_new else Deed.CHANGED
    service.happened(tx, happened.kind, happened.resource_id, deed, now=now)


def _appointment(tx: Tx, booking_id: str, deed: Deed, *, now: datetime) -> None:
    try:
        booking = pending.find(tx, booking_id)
    except NotFound:  # its person was erased meanwhile
        return
    service.happened(tx, "Appointment", booking_id, deed, now=now)
    offer = booking.offer
    for slot in directories.load(tx).slots(offer.doctor_id, offer.start, offer.end):  # as its Appointment names them
        service.happened(tx, "Slot", slot, Deed.CHANGED, now=now)
