"""Who asks, with all that the rule (`telemed.identity.allowed`) must know of her; an appointment as that reads it."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime

from telemed.booking import store
from telemed.booking.model import Booking
from telemed.booking.planner import HORIZON, Offer, day_window
from telemed.directory import service as directories
from telemed.directory.model import Directory
from telemed.identity import granted, invitations
from telemed.identity.allowed import Action, Asker, Scope, Thing, allowed
from telemed.identity.model import Actor, Role
from telemed.kit.db import Tx
from telemed.kit.refusal import NotAllowed, NotFound, Refusal
from telemed.people import mandates
from telemed.people.mandate import Mandate


def asking(tx: Tx, actor: Actor, *, now: datetime, tasks: Collection[str] = ()) -> Asker:
    """*actor* at this moment. *tasks*: appointments of people whom staff must tell something."""
    known = directories.load(tx)
    asker = Asker(actor, now, _today(known, now), tasks=frozenset(tasks))
    match actor.role:
        case Role.DOCTOR:
            return replace(asker, opened=granted.opened(tx, actor, now=now))
        case Role.ASSISTANT:
            return replace(asker, rooms=rooms_of(known, actor.subject), opened=granted.opened(tx, actor, now=now))
        case Role.MACHINE:
            return replace(asker, rooms=frozenset({actor.room_id} - {""}))
        case Role.RESIDENT:
            return replace(asker, own=_opened_by(tx, actor.subject))
        case Role.GUEST:
            return replace(asker, own=_invited_to(tx, actor.subject, now))
        case Role.RELATIVE:
            return _with_mandate(tx, asker)
        case _:
            return asker


def _today(known: Directory, now: datetime) -> tuple[datetime, datetime]:
    return day_window(now.astimezone(known.zone).date(), known)


def rooms_of(known: Directory, assistant_id: str) -> frozenset[str]:
    """The rooms that an assistant looks after; all of them if the directory does not say, none if it knows no such."""
    assistant = known.assistants.get(assistant_id)
    if assistant is None:
        return frozenset()
    return frozenset(assistant.room_ids or known.rooms)


def _opened_by(tx: Tx, subject: str) -> frozenset[str]:
    """What the session of an appointment opens: it, what took its place, and the visit from which it followed."""
    found = store.get(tx, subject)
    ids = {found.id, found.extras.replaces or found.id} if found else set[str]()
    while found is not None:
        found = store.following(tx, found.id)
        ids |= {found.id} if found else set()
    return frozenset(ids)


def _invited_to(tx: Tx, invitation_id: str, now: datetime) -> frozenset[str]:
    try:
        return frozenset({invitations.invitation(tx, invitation_id, now=now).visit_id})
    except NotAllowed:
        return frozenset()


def _with_mandate(tx: Tx, asker: Asker) -> Asker:
    try:
        found = mandates.check(tx, asker.actor, Scope.SEE, now=asker.now)
    except Refusal:
        return asker
    return replace(asker, person_id=found.person_id, scopes=found.scopes)


def under(known: Directory, mandate: Mandate, actor: Actor, *, now: datetime) -> Asker:
    """A relative who asks under a mandate that was looked up for this already."""
    return Asker(actor, now, _today(known, now), person_id=mandate.person_id, scopes=mandate.scopes)


def thing_of(booking: Booking) -> Thing:
    """An appointment as the rule reads it."""
    return thing(booking.offer, booking_id=booking.id, person_id=booking.person_id)


def thing(offer: Offer, *, booking_id: str = "", person_id: str = "") -> Thing:
    """What an offer would be as an appointment."""
    return Thing(booking_id, person_id, offer.doctor_id, offer.room_id, offer.start, offer.end)


def may(asker: Asker, action: Action, booking: Booking) -> bool:
    return allowed(asker, action, thing_of(booking))


def require(asker: Asker, action: Action, booking: Booking) -> None:
    """
    Raises:
        NotFound: she may not; it is answered as if there were no such appointment.
    """
    if not may(asker, action, booking):
        raise NotFound


def visible_on_day(tx: Tx, asker: Asker, day: date, action: Action = Action.SEE) -> list[Booking]:
    """What is booked on a civil day, as far as *asker* may do *action* with it, by start."""
    start, end = day_window(day, directories.load(tx))
    return store.visible(tx, asker, action, start, end)


def visible_ahead(tx: Tx, asker: Asker, action: Action = Action.SEE) -> list[Booking]:
    """What is booked today and later, as far as *asker* may do *action* with it, by start."""
    first, _ = asker.today
    return store.visible(tx, asker, action, first, first + 2 * HORIZON)
