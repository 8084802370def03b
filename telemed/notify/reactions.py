"""What follows for notices from an event."""

from collections.abc import Callable
from datetime import datetime

from schemas.day import FactKind
from telemed.booking.model import (
    BookingCancelled,
    BookingConfirmed,
    BookingMoved,
    BookingReplanned,
    CallWished,
    TimeOffered,
)
from telemed.identity.allowed import GlassBroken
from telemed.kit.db import Tx
from telemed.notify import codes, service
from telemed.notify.model import CodeAsked
from telemed.notify.service import Desk
from telemed.privacy.model import PersonErased
from telemed.queue.model import LineMoved
from telemed.visit.model import FactKnown


def tell_booked(tx: Tx, happened: BookingConfirmed, *, now: datetime) -> None:
    service.booked(tx, happened.booking_id, now=now)


def tell_moved(tx: Tx, happened: BookingMoved, *, now: datetime) -> None:
    service.moved(tx, happened.booking_id, happened.replaced_id, now=now)


def tell_replanned(tx: Tx, happened: BookingReplanned, *, now: datetime) -> None:
    service.replanned(tx, happened.booking_id, now=now)


def tell_cancelled(tx: Tx, happened: BookingCancelled, *, now: datetime) -> None:
    service.cancelled(tx, happened.booking_id, now=now)


def tell_offered(tx: Tx, happened: TimeOffered, *, now: datetime) -> None:
    service.offered(tx, happened.waiting_id, now=now)


def tell_call_wished(tx: Tx, happened: CallWished, *, now: datetime) -> None:
    service.call_wished(tx, happened.person_id, now=now)


def tell_looked_at(tx: Tx, happened: GlassBroken, *, now: datetime) -> None:
    service.looked_at(tx, happened.appointment_id, now=now)


def forget_person(tx: Tx, happened: PersonErased, *, now: datetime) -> None:
    service.forget_person(tx, happened.person_id, now=now)


def tell_fact(tx: Tx, happened: FactKnown, *, now: datetime) -> None:
    service.happened(tx, happened.visit_id, FactKind(happened.kind), now=now)


def send_code(desk: Desk) -> Callable[..., None]:
    """React to `CodeAsked`: send it to whoever booked with this number or address."""

    def react(tx: Tx, happened: CodeAsked, *, now: datetime) -> None:
        codes.send(tx, desk.secrets, desk.there, happened.code_id, now=now)

    return react


def tell_those_waiting(desk: Desk) -> Callable[..., None]:
    """React to `LineMoved`: who is still on the way hears of a delay that passed the next threshold."""

    def react(tx: Tx, happened: LineMoved, *, now: datetime) -> None:
        service.tell_delay(tx, desk, happened.visit_id, now=now)

    return react
