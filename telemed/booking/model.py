"""Appointments: what a booking is, what can refuse it, and what is told when it changes. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.day import Ticket
from telemed.booking.planner import Offer
from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense
from telemed.people.model import Person


class Status(StrEnum):
    """FHIR R4 AppointmentStatus, as far as we use it."""

    BOOKED = "booked"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Booking:
    """One appointment without its person's data. *id* is also the FHIR Appointment's and the visit's."""

    id: str
    person_id: str
    offer: Offer
    status: Status
    ticket: Ticket
    quiet: bool
    version: int
    updated_at: datetime


@dataclass(frozen=True)
class Request:
    """What a resident sends. *request_id* is made by the page, is secret, and makes a repeat harmless."""

    request_id: str
    offer: Offer
    person: Person
    quiet: bool = False


@dataclass(frozen=True)
class Reference:
    """The paper form of the key: three pictures and six digits."""

    pictures: tuple[str, str, str]
    digits: str

    @property
    def text(self) -> str:
        return "-".join((*self.pictures, self.digits))


@dataclass(frozen=True)
class Booked:
    """What the resident takes along. *link_token* is shown once and stored only as a hash."""

    id: str
    ticket: Ticket
    link_token: str
    reference: Reference


@dataclass(frozen=True)
class Participant:
    """One actor of an appointment, as a FHIR reference."""

    reference: str
    name: str = ""


@dataclass(frozen=True)
class AppointmentQuery:
    """What a search may ask for; empty fields ask for nothing."""

    ids: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    start_ge: datetime | None = None
    start_lt: datetime | None = None
    limit: int = 50


@dataclass(frozen=True)
class PersonLine:
    """What a list of the day shows of a person."""

    name: str
    birth_year: int
    needs: tuple[str, ...]
    service_name: str


@dataclass(frozen=True)
class BookingConfirmed(Event):
    booking_id: str
    room_id: str


@dataclass(frozen=True)
class BookingCancelled(Event):
    booking_id: str
    room_id: str


class SlotTaken(Refusal):
    """Another booking holds one of the resources; *resource* names which."""

    sense = Sense.CONFLICT
    key = "refusal.slot_taken"

    def __init__(self, resource: str) -> None:
        super().__init__(expression="Appointment.start", resource=resource)
        self.resource = resource


class TooLate(Refusal):
    """It starts at or before now."""

    sense = Sense.INVALID
    key = "refusal.too_late"


class NotOffered(Refusal):
    """These people and things cannot do this service at this time: closed, absent, or the wrong ones."""

    sense = Sense.CONFLICT
    key = "refusal.not_offered"


class AlreadyCancelled(Refusal):
    sense = Sense.CONFLICT
    key = "refusal.already_cancelled"


class UnknownActor(Refusal):
    """An imported appointment names somebody whom the directory does not know, or lacks a doctor or a room."""

    sense = Sense.INVALID
    key = "refusal.unknown_actor"


def confirm(offer: Offer, *, now: datetime) -> None:
    """Whether *offer* lies ahead.

    Raises:
        TooLate: it starts at or before *now*.
    """
    if offer.start <= now:
        raise TooLate(expression="Appointment.start")


def nearest(offers: list[Offer], wished: datetime, count: int = 3) -> list[Offer]:
    """Those nearest in time, in the order of time."""
    closest = sorted(offers, key=lambda offer: (abs(offer.start - wished), offer.start))[:count]
    return sorted(closest, key=lambda offer: offer.start)
