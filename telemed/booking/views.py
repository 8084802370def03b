"""What the JSON API gives, as types: they are the OpenAPI document too."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from telemed.booking import model, planner
from telemed.booking.bodies import OfferView
from telemed.booking.model import Waiting, WaitState
from telemed.booking.planner import Offer
from telemed.directory.model import AssistantLevel, Directory, Service
from telemed.kit.i18n import words
from telemed.web import tickets

Names = dict[str, str]
"""What people call the doctors, rooms and services that an answer names by id."""


def offer_fields(offer: Offer) -> dict[str, Any]:
    """An `OfferView` as orjson writes it, without a model."""
    return {
        "service": offer.service_id,
        "start": offer.start,
        "end": offer.end,
        "doctor": offer.doctor_id,
        "room": offer.room_id,
        "assistant": offer.assistant_id,
        "devices": offer.device_ids,
        "interpreter": offer.interpreter_id,
    }


def offer_view(offer: Offer) -> OfferView:
    return OfferView.model_construct(**offer_fields(offer))


def names_of(offers: Iterable[Offer], known: Directory) -> Names:
    """Whom and what people must find: the doctors and the rooms, and what it is for."""
    found: Names = {}
    for offer in offers:
        for one in (offer.doctor_id, offer.room_id):
            found[one] = known.name_of(one)
        service = known.services.get(offer.service_id)
        if service is not None:
            found[service.id] = service.name
    return found


class ServiceView(BaseModel):
    """What can be booked. *devices*: kinds. *needs_order*: staff book it, once a doctor has ordered it."""

    id: str
    name: str
    minutes: int
    devices: tuple[str, ...]
    level: AssistantLevel
    needs_order: bool
    doctors: tuple[str, ...]
    rooms: tuple[str, ...]

    @classmethod
    def of(cls, service: Service, known: Directory) -> "ServiceView":
        return cls(
            id=service.id,
            name=service.name,
            minutes=planner.ticks_in(service.length) * 5,
            devices=service.devices,
            level=service.assistant_level,
            needs_order=service.needs_order,
            doctors=tuple(one.id for one in known.doctors_for(service)),
            rooms=tuple(one for one in service.room_ids if one in known.rooms),
        )


class ServicesView(BaseModel):
    """*zone*: of the quarter's wall clocks."""

    services: list[ServiceView]
    names: Names
    zone: str


def services_view(known: Directory) -> ServicesView:
    """What can be booked, by name."""
    shown = [ServiceView.of(one, known) for one in sorted(known.services.values(), key=lambda one: (one.name, one.id))]
    people = {one for service in shown for one in (*service.doctors, *service.rooms)}
    return ServicesView(services=shown, names={one: known.name_of(one) for one in people}, zone=known.zone.key)


class Why(BaseModel):
    """Why there is nothing: the rule, what it says, and what to do now."""

    rule: str
    detail: str
    advice: str


class OffersView(BaseModel):
    """*why* is there when *offers* is empty."""

    offers: list[OfferView]
    names: Names
    zone: str
    why: Why | None


class HoldView(BaseModel):
    """A time that is kept until *held_until*; it may be kept longer *extensions_left* times."""

    offer: OfferView
    held_until: datetime
    extensions_left: int
    names: Names

    @classmethod
    def of(cls, hold: model.Hold, known: Directory) -> "HoldView":
        left = model.EXTENSIONS - hold.extended
        names = names_of([hold.offer], known)
        return cls(offer=offer_view(hold.offer), held_until=hold.held_until, extensions_left=left, names=names)


class TicketView(BaseModel):
    """How somebody is called; *text* is said and printed."""

    picture: str
    letter: str
    digits: str
    text: str


class BookingView(BaseModel):
    """One's own appointment; nothing personal is in it."""

    id: str
    status: model.Status
    start: datetime
    end: datetime
    offer: OfferView
    ticket: TicketView
    quiet: bool
    names: Names

    @classmethod
    def of(cls, booking: model.Booking, known: Directory) -> "BookingView":
        return cls(**_booking_fields(booking, known))


def _booking_fields(booking: model.Booking, known: Directory) -> dict[str, Any]:
    ticket, offer = booking.ticket, booking.offer
    plain = {"picture": ticket.picture, "letter": ticket.letter, "digits": ticket.digits}
    return {
        "id": booking.id,
        "status": booking.status,
        "start": offer.start,
        "end": offer.end,
        "offer": offer_view(offer),
        "ticket": TicketView(**plain, text=tickets.text(ticket, words())),
        "quiet": booking.quiet,
        "names": names_of([offer], known),
    }


class ReferenceView(BaseModel):
    """The key on paper; with the year of birth it opens the appointment."""

    pictures: tuple[str, str, str]
    digits: str


class BookedView(BookingView):
    """What is taken along. *link_token* opens the appointment, here and as ``/t/…`` in a browser; keep it secret."""

    link_token: str
    reference: ReferenceView

    @classmethod
    def made(cls, answer: model.Booked, booking: model.Booking, known: Directory) -> "BookedView":
        reference = ReferenceView(pictures=answer.reference.pictures, digits=answer.reference.digits)
        return cls(**_booking_fields(booking, known), link_token=answer.link_token, reference=reference)


class WaitingView(BaseModel):
    """One's own place on the waiting list. *before*: so many come first, while nothing is offered.

    *offer* is kept until *held_until* and waits for a yes.
    """

    id: str
    state: WaitState
    before: int | None
    offer: OfferView | None
    held_until: datetime | None
    names: Names

    @classmethod
    def of(cls, waiting: Waiting, before: int | None, kept: model.Hold | None, known: Directory) -> "WaitingView":
        return cls(**_waiting_fields(waiting, before, kept, known))


def _waiting_fields(waiting: Waiting, before: int | None, kept: model.Hold | None, known: Directory) -> dict[str, Any]:
    return {
        "id": waiting.id,
        "state": waiting.state,
        "before": before,
        "offer": offer_view(kept.offer) if kept else None,
        "held_until": kept.held_until if kept else None,
        "names": names_of([kept.offer] if kept else [], known),
    }


class JoinedView(WaitingView):
    """*link_token* opens the entry; it is shown once."""

    link_token: str


class FaultView(BaseModel):
    """One field that cannot be read."""

    path: str
    reason: str


class Problem(BaseModel):
    """Why not (RFC 9457). *rule*: which one; *resource*: who or what stands in the way, by id and by name.

    *advice*: what to do now; *alternatives*: up to three offers that can be booked instead.
    """

    type: str
    title: str
    status: int
    detail: str
    advice: str
    rule: str
    resource: str = ""
    resource_name: str = ""
    alternatives: list[OfferView] = []
    errors: list[FaultView] = []
