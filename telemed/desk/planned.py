"""Whose names and appointments staff see while they plan; each look at a person is audited."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from telemed.booking import holding
from telemed.booking import service as booking
from telemed.booking.model import Booking, Hold, NotAsked, Status, Waiting, WaitState
from telemed.booking.planner import Offer, What
from telemed.booking.search import Objection
from telemed.desk import service
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Role
from telemed.kit.db import Tx
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.kit.secrets import Secrets
from telemed.notify import calls
from telemed.people import service as people
from telemed.people.model import Erased, Need, Person

SPOKEN_ANYWAY = "de"
PRIORITIES = (1, 2, 3)
PROFESSIONAL = ("medical-assistant", "nurse")
"""Levels of assistants who may say that somebody comes before others; a helper may not."""


@dataclass(frozen=True)
class Met:
    """A booking and whose it is; *person* is None where the data were erased."""

    booking: Booking
    person: Person | None


@dataclass(frozen=True)
class InLine:
    """An entry of the waiting list and whose it is. *kept*: what is held for them, to be asked about."""

    waiting: Waiting
    person: Person | None
    kept: Hold | None


@dataclass(frozen=True)
class Tasks:
    """What waits for staff: people to call because time is kept for them, appointments that must be moved, and, for
    an assistant, people whom no notice reaches."""

    to_call: int
    to_move: int
    to_phone: int = 0

    @property
    def calls(self) -> int:
        return self.to_call + self.to_phone


def person(tx: Tx, secrets: Secrets, person_id: str, *, actor: Actor, purpose: str, now: datetime) -> Person | None:
    """Who somebody is, and how to reach them; None where the data were erased."""
    try:
        return people.details(tx, secrets, person_id, actor=actor, purpose=purpose, now=now)
    except Erased:
        return None


def met(tx: Tx, secrets: Secrets, found: Iterable[Booking], *, actor: Actor, purpose: str, now: datetime) -> list[Met]:
    """Bookings with whose they are."""
    return [Met(one, person(tx, secrets, one.person_id, actor=actor, purpose=purpose, now=now)) for one in found]


def seen_by(tx: Tx, actor: Actor) -> Callable[[Offer], bool]:
    """Whether something is a doctor's own, or in a room of an assistant's."""
    if actor.role is Role.DOCTOR:
        return lambda offer: offer.doctor_id == actor.subject
    rooms = {room.id for room in service.rooms_of(tx, actor.subject)}
    return lambda offer: offer.room_id in rooms


def theirs(tx: Tx, booking_id: str, actor: Actor) -> Booking:
    """A booking that this doctor or assistant may see and change.

    Raises:
        NotFound: there is none, or it is not theirs.
    """
    found = booking.get(tx, booking_id)
    if not seen_by(tx, actor)(found.offer):
        raise NotFound
    return found


def ahead(tx: Tx, day: date, *, actor: Actor, now: datetime) -> list[Booking]:
    """What is booked on a day and has not begun, by start."""
    found, sees = booking.on_day(tx, directory.load(tx), day), seen_by(tx, actor)
    return [one for one in found if one.offer.start > now and sees(one.offer)]


def to_move(tx: Tx, *, actor: Actor, now: datetime) -> list[tuple[Booking, Objection]]:
    """What the rules do not admit any more, and why."""
    found, sees = booking.unplaceable(tx, directory.load(tx), now=now), seen_by(tx, actor)
    return [(one, broken) for one, broken in found if sees(one.offer)]


def tasks(tx: Tx, *, actor: Actor, now: datetime) -> Tasks:
    return Tasks(to_call(tx, now=now), len(to_move(tx, actor=actor, now=now)), to_phone(tx, actor, now=now))


def to_phone(tx: Tx, actor: Actor, *, now: datetime) -> int:
    """How many stand on the call list of this assistant."""
    return calls.count(tx, actor.subject, now=now) if actor.role is Role.ASSISTANT else 0


def to_call(tx: Tx, *, now: datetime) -> int:
    """For how many people time is kept until they are asked."""
    return sum(one.state is WaitState.OFFERED for one in holding.everyone_waiting(tx, now=now))


def before(tx: Tx, waiting: Waiting, *, now: datetime) -> int:
    """How many come before this entry."""
    line = [one.id for one in holding.everyone_waiting(tx, now=now)]
    return line.index(waiting.id) if waiting.id in line else 0


def in_line(tx: Tx, secrets: Secrets, *, actor: Actor, now: datetime) -> list[InLine]:
    """Everybody on the waiting list, in the order in which freed time is given."""
    return [one_in_line(tx, secrets, one, actor=actor, now=now) for one in holding.everyone_waiting(tx, now=now)]


def one_in_line(tx: Tx, secrets: Secrets, waiting: Waiting, *, actor: Actor, now: datetime) -> InLine:
    """An entry with whose it is, and what is kept for them."""
    try:
        kept = holding.offered_to(tx, waiting, now=now)
    except NotAsked:
        kept = None
    whose = person(tx, secrets, waiting.person_id, actor=actor, purpose="waiting list", now=now)
    return InLine(waiting, whose, kept)


def may_prefer(tx: Tx, actor: Actor) -> bool:
    """Whether this is a professional, who may say that somebody comes before others."""
    if actor.role is Role.DOCTOR:
        return True
    known = directory.load(tx).assistants.get(actor.subject)
    return known is not None and known.level in PROFESSIONAL


def set_priority(tx: Tx, waiting_id: str, priority: int | None, *, actor: Actor, now: datetime) -> None:
    """A professional says who comes before others; that she did is audited.

    Raises:
        NotAllowed: she is none.
        NotFound: there is no such entry.
    """
    if not may_prefer(tx, actor):
        raise NotAllowed
    waiting = holding.waiting_of(tx, waiting_id)
    holding.set_priority(tx, waiting_id, priority)
    people.audit(tx, [waiting.person_id], actor=actor, action="write", purpose="priority", now=now)


def like(one: Booking, whose: Person | None, known: Directory) -> What:
    """What a booking would be at another time: the same for the same person, with all that it has."""
    offer, needs = one.offer, whose.needs if whose else ()
    wanted = known.services.get(offer.service_id)
    usual = wanted.devices if wanted else ()
    kinds = [device.kind for device in known.devices.values() if device.id in offer.device_ids]
    language = whose.language if whose and whose.language != SPOKEN_ANYWAY else ""
    return What(
        offer.service_id,
        devices=tuple(kind for kind in kinds if kind not in usual),
        language=language,
        wheelchair=Need.WHEELCHAIR in needs,
        companion=Need.COMPANION in needs,
        ordered=one.extras.ordered_by is not None,
    )


def is_ahead(one: Booking, *, now: datetime) -> bool:
    """Whether it may still be moved or cancelled."""
    return one.status is Status.BOOKED and one.offer.start > now
