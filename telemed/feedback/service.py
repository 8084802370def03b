"""Taking in what people say. The functions take the open transaction and never commit."""

from datetime import datetime, timedelta

import orjson

from telemed.directory import service as directory
from telemed.feedback import model, store
from telemed.feedback.model import Asked, Barrier, Month
from telemed.feedback.store import Sealed
from telemed.identity.model import Actor
from telemed.kit.db import Tx
from telemed.kit.ids import new_id
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets
from telemed.people import service as people
from telemed.people.model import Erased, Person, Way
from telemed.people.service import Newcomer

PURPOSE = "barrier"
"""As the audit says it."""
KEEP = timedelta(days=365)
KEEP_COUNTS = timedelta(days=3 * 365)


def say(tx: Tx, said: Asked, *, now: datetime) -> None:
    """Count one answer in the month of *now*; nothing else of it is kept, and nobody can say whose it was."""
    store.count(tx, _month(tx, now), said.value)


def months(tx: Tx) -> list[Month]:
    """What may be shown, newest first; months of which nothing may be shown are left out."""
    found = [model.shown(month, counts) for month, counts in store.counts(tx).items()]
    return [one for one in found if not one.is_empty]


def report(tx: Tx, secrets: Secrets, barrier: Barrier, *, actor: Actor, now: datetime) -> None:
    """Keep what hinders somebody, sealed under a key of its own, for the operator. Audited."""
    newcomer, place = Newcomer(), _place(barrier.id)
    sealed = newcomer.seal(
        place, orjson.dumps({"text": barrier.text, "page": barrier.page, "contact": barrier.contact})
    )
    nobody = Person("", 0, Way.PAPER)
    people.register(tx, secrets, nobody, actor=actor, now=now, newcomer=newcomer, sealed=[place])
    store.add(tx, Sealed(barrier.id, newcomer.id, barrier.at, sealed))


def new_barrier(text: str, page: str, contact: str, *, now: datetime) -> Barrier:
    return Barrier(new_id(), now, text, page, contact)


def reports(tx: Tx, secrets: Secrets, *, actor: Actor, now: datetime) -> list[Barrier]:
    """What was reported and not yet answered, oldest first. Audited."""
    found = []
    for one in store.reports(tx):
        places = {_place(one.id): one.report}
        try:
            plain = people.unseal(tx, secrets, one.person_id, places, actor=actor, purpose=PURPOSE, now=now)
        except Erased:
            continue
        found.append(Barrier(one.id, one.at, **orjson.loads(plain[0])))
    return found


def answered(tx: Tx, barrier_id: str, *, actor: Actor, now: datetime) -> None:
    """It is mended or answered: nothing of it is kept any more. Audited.

    Raises:
        NotFound: there is no such report.
    """
    found = store.get(tx, barrier_id)
    if found is None:
        raise NotFound
    people.erase(tx, found.person_id, actor=actor, now=now)
    store.drop(tx, barrier_id)


def forget_old(tx: Tx, *, now: datetime) -> None:
    store.drop_before(tx, now - KEEP, _month(tx, now - KEEP_COUNTS))


def _month(tx: Tx, now: datetime) -> str:
    return now.astimezone(directory.load(tx).zone).strftime("%Y-%m")


def _place(barrier_id: str) -> str:
    return f"feedback_barrier|report|{barrier_id}"
