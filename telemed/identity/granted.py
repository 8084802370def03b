"""What is granted beyond the table of who may: the broken glass, and the doctors for whom a program works."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from telemed.identity import granted_store as store
from telemed.identity.allowed import (
    GLASS_LASTS,
    Action,
    Asker,
    Glass,
    GlassBroken,
    GlassReason,
    Thing,
    allowed,
)
from telemed.identity.model import Actor
from telemed.kit.db import Tx
from telemed.kit.ids import new_id
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotFound

KEEP = timedelta(days=365)


def break_glass(tx: Tx, asker: Asker, thing: Thing, reason: GlassReason) -> Glass:
    """Open an appointment to whoever may break its glass, for an hour; the person and the operator hear of it.

    Raises:
        NotFound: it is not hers at any time.
    """
    if not allowed(asker, Action.BREAK, thing):
        raise NotFound
    now, who = asker.now, asker.actor
    one = Glass(new_id(), who.role, who.subject, thing.id, thing.person_id, reason, now, now + GLASS_LASTS)
    store.add_glass(tx, one)
    emit(tx, GlassBroken(one.id, thing.id), now=now)
    return one


def opened(tx: Tx, actor: Actor, *, now: datetime) -> frozenset[str]:
    """The appointments that are open to *actor* now because the glass was broken."""
    return store.opened(tx, actor.role, actor.subject, now)


def broken_since(tx: Tx, since: datetime) -> list[Glass]:
    """Who broke the glass and why, the newest first; for the operator, who does not learn of whom."""
    return store.broken_since(tx, since)


def work_for(tx: Tx, client: str, doctor_ids: Iterable[str]) -> None:
    """A program sees the appointments of these doctors (`allowed.EVERYONE`: of all), and no others, from now on."""
    store.set_compartment(tx, client, doctor_ids)


def compartment(tx: Tx, client: str) -> tuple[str, ...]:
    """For whom a program works; none: it sees nothing."""
    return store.compartment(tx, client)


def forget_old(tx: Tx, *, now: datetime) -> None:
    store.drop_before(tx, now - KEEP)
