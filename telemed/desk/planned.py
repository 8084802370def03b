"""Whose names and appointments staff see while they plan; each look at a person is audited."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import product

from telemed.booking import asking, holding, pending
from telemed.booking import service as booking
from telemed.booking.model import Booking, Hold, NotAsked, Status, Waiting, WaitState
from telemed.booking.pending_model import Pending
from telemed.booking.planner import What
from telemed.booking.search import Objection
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.allowed import Action, Asker, Thing, allowed
from telemed.identity.model import Actor, Role
from telemed.kit.db import Tx
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.kit.secrets import Secrets
from telemed.notify import calls
from telemed.people import service as people
from telemed.people.model import Erased, Need, Person
from telemed.visit import service as visit

PRIORITIES = (1, 2, 3)
PROFESSIONAL = ("medical-assistant", "nurse")
"""Levels of assistants who may say that somebody comes before others; a helper may not."""


@dataclass(frozen=True)
class Met:
    """A booking and whose it is; *person* is None where the data were erased, or *is_hidden*: not for whoever looks."""

    booking: Booking
    person: Person | None
    is_hidden: bool = False


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
    to_confirm: int = 0

    @property
    def calls(self) -> int:
        return self.to_call + self.to_phone


def person(tx: Tx, secrets: Secrets, person_id: str, *, actor: Actor, purpose: str, now: datetime) -> Person | None:
    """Who somebody is, and how to reach them; None where the data were erased."""
    try:
        return people.details(tx, secrets, person_id, actor=actor, purpose=purpose, now=now)
    except Erased:
        return None


def met(tx: Tx, secrets: Secrets, found: Iterable[Booking], *, asker: Asker, purpose: str) -> list[Met]:
    """Bookings with whose they are, as far as *asker* may know."""
    return [_met(tx, secrets, one, asker, purpose) for one in found]


def _met(tx: Tx, secrets: Secrets, one: Booking, asker: Asker, purpose: str) -> Met:
    if not asking.may(asker, Action.MEET, one):
        return Met(one, None, is_hidden=True)
    return Met(one, person(tx, secrets, one.person_id, actor=asker.actor, purpose=purpose, now=asker.now))


def with_tasks(tx: Tx, actor: Actor, *, now: datetime) -> Asker:
    """Who asks; she may meet those whom she must tell that their appointment has to be moved, or something else."""
    asker = asking.asking(tx, actor, now=now)
    must_move = {one.id for one, _ in visit.displaced(tx, directory.load(tx), now=now)}
    return replace(asker, tasks=frozenset(must_move | calls.about(tx, now=now)))


def theirs(tx: Tx, booking_id: str, actor: Actor, *, now: datetime) -> tuple[Booking, Asker]:
    """A booking that this doctor or assistant may know of, and what is known of her: the person may be hidden.

    Raises:
        NotFound: there is none, or it is not theirs.
    """
    found, asker = booking.get(tx, booking_id), asking.asking(tx, actor, now=now)
    asking.require(asker, Action.SEE, found)
    return found, asker if asking.may(asker, Action.MEET, found) else with_tasks(tx, actor, now=now)


def to_change(tx: Tx, booking_id: str, actor: Actor, *, now: datetime) -> tuple[Booking, Asker]:
    """A booking that this doctor or assistant may change.

    Raises:
        NotFound: there is none, or it is not theirs, or not now.
        WrongMoment: the visit has begun, or is over.
    """
    found, asker = theirs(tx, booking_id, actor, now=now)
    asking.require(asker, Action.CHANGE, found)
    visit.check_still_to_come(tx, booking_id)
    return found, asker


def ahead(tx: Tx, day: date, *, asker: Asker) -> list[Booking]:
    """What is booked on a day and has not begun, by start."""
    return [one for one in asking.visible_on_day(tx, asker, day) if one.offer.start > asker.now]


def to_move(tx: Tx, *, actor: Actor, now: datetime) -> list[tuple[Booking, Objection]]:
    """What the rules do not admit any more, and why."""
    found, asker = visit.displaced(tx, directory.load(tx), now=now), asking.asking(tx, actor, now=now)
    return [(one, broken) for one, broken in found if asking.may(asker, Action.SEE, one)]


def has_tasks(asker: Asker, found: Iterable[Booking]) -> Asker:
    """The same, who must tell these people something."""
    return replace(asker, tasks=asker.tasks | {one.id for one in found})


def tasks(tx: Tx, *, actor: Actor, now: datetime) -> Tasks:
    asked = len(to_confirm(tx, actor=actor, now=now))
    return Tasks(to_call(tx, now=now), len(to_move(tx, actor=actor, now=now)), to_phone(tx, actor, now=now), asked)


def to_confirm(tx: Tx, *, actor: Actor, now: datetime) -> list[tuple[Booking, Pending]]:
    """What another system asked for and this doctor or assistant has to answer, the most pressing first."""
    asker = asking.asking(tx, actor, now=now)
    return [each for each in pending.waiting_for_staff(tx, now=now) if asking.may(asker, Action.SEE, each[0])]


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
    """Who is on the waiting list and may come to her, in the order in which freed time is given."""
    known, asker = directory.load(tx), asking.asking(tx, actor, now=now)
    line = [one for one in holding.everyone_waiting(tx, now=now) if waits_for(known, asker, one)]
    return [one_in_line(tx, secrets, one, actor=actor, now=now) for one in line]


def waits_for(known: Directory, asker: Asker, waiting: Waiting) -> bool:
    """Whether what becomes of this entry may be this doctor's own, or in a room of this assistant's."""
    wish, service_ = waiting.wish, known.services.get(waiting.wish.what.service_id)
    doctors = wish.what.doctor_ids or ([one.id for one in known.doctors_for(service_)] if service_ else [])
    rooms = wish.what.room_ids or (service_.room_ids if service_ else tuple(known.rooms))
    could_be = product(doctors or [""], rooms or [""])
    end = wish.latest
    things = (Thing(waiting.id, waiting.person_id, *who_where, wish.earliest, end) for who_where in could_be)
    return any(allowed(asker, Action.SEE, one) for one in things)


def in_her_line(tx: Tx, waiting_id: str, actor: Actor, *, now: datetime) -> Waiting:
    """An entry that this doctor or assistant may see and change.

    Raises:
        NotFound: there is none, or nothing of hers can become of it.
    """
    waiting = holding.waiting_of(tx, waiting_id)
    if not waits_for(directory.load(tx), asking.asking(tx, actor, now=now), waiting):
        raise NotFound
    return waiting


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
    waiting = in_her_line(tx, waiting_id, actor, now=now)
    holding.set_priority(tx, waiting_id, priority)
    people.audit(tx, [waiting.person_id], actor=actor, action="write", purpose="priority", now=now)


def like(one: Booking, whose: Person | None, known: Directory) -> What:
    """What a booking would be at another time: the same for the same person, with all that it has."""
    offer, needs = one.offer, whose.needs if whose else ()
    wanted = known.services.get(offer.service_id)
    usual = wanted.devices if wanted else ()
    kinds = [device.kind for device in known.devices.values() if device.id in offer.device_ids]
    return What(
        offer.service_id,
        devices=tuple(kind for kind in kinds if kind not in usual),
        language=whose.spoken if whose else "",
        wheelchair=Need.WHEELCHAIR in needs,
        companion=Need.COMPANION in needs,
        ordered=one.extras.ordered_by is not None,
    )


def is_ahead(one: Booking, *, now: datetime) -> bool:
    """Whether it may still be moved or cancelled."""
    return one.status is Status.BOOKED and one.offer.start > now
