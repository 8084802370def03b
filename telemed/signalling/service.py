"""What is remembered of a call: that an end was refused, for the audit and for the operator; nothing else."""

from datetime import datetime

from telemed.booking import asking
from telemed.booking import service as booking
from telemed.identity.allowed import Action
from telemed.identity.model import Actor
from telemed.kit.db import Tx, take_turn
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.people import service as people
from telemed.signalling import model, store
from telemed.signalling.model import MOST_OF_A_VISIT, Refusals, RefusedEnd


def note_refused(tx: Tx, end: RefusedEnd, *, actor: Actor, now: datetime) -> bool:
    """An end of the call refused another one. Whether it was new: it may be told again, with the same id.

    *actor* is the doctor, or the room's agent, who tells it.

    Raises:
        NotFound: there is no such visit.
        NotAllowed: it is not this doctor's, or not this room's.
    """
    own = booking.get(tx, end.visit_id)
    if not asking.may(asking.asking(tx, actor, now=now), Action.JOIN, own):
        raise NotAllowed
    take_turn(tx, f"refused {end.visit_id}")
    if store.count(tx, end.visit_id) >= MOST_OF_A_VISIT or not store.add(tx, end):
        return False
    people.audit(tx, [own.person_id], actor=actor, action="refuse", purpose=f"call {end.reason.value}", now=now)
    return True


def take_in(tx: Tx, end: RefusedEnd, *, room: Actor, now: datetime) -> bool:
    """What a room tells. Whether it was kept: of unknown visits and another room's nothing is, and it is not asked
    to say it again."""
    try:
        return note_refused(tx, end, actor=room, now=now)
    except (NotFound, NotAllowed):
        return False


def refusals(tx: Tx) -> tuple[Refusals, ...]:
    """How often, why and when last, within the last year."""
    return model.summed(store.of_all(tx))


def forget_old(tx: Tx, *, now: datetime) -> None:
    store.drop_before(tx, now - model.KEPT_FOR)
