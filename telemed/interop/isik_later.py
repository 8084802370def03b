"""Booking without waiting for the answer (``Prefer: respond-async``): asked, done by a reaction, fetched for a day.

What was acknowledged is done even if the process ends right behind the answer: it is written down first. Request and
answer are sealed under a key of their own, which is deleted with them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from telemed.fhir import parameters
from telemed.fhir.issues import explain, outcome
from telemed.fhir.paths import within
from telemed.identity import clients, granted
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor, Role
from telemed.interop import isik, isik_store, saying
from telemed.interop.isik_book import Means, book
from telemed.interop.isik_store import Line
from telemed.interop.model import BookingAsked
from telemed.kit.db import Tx
from telemed.kit.ids import new_id
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotAllowed, NotFound, Refusal
from telemed.kit.secrets import Secrets
from telemed.people import service as people
from telemed.people.model import Person, Way

KEPT = timedelta(days=1)
PURPOSE = "booking"
_NOBODY = Person("", 0, Way.PAPER)


@dataclass(frozen=True)
class Answer:
    """*status*: of HTTP; None: not done yet. *content*: an Appointment or an OperationOutcome."""

    status: int | None
    content: bytes = b""
    version: int | None = None


def ask(tx: Tx, secrets: Secrets, content: bytes, *, actor: Actor, now: datetime) -> str:
    """Keep what is asked for; the id under which its answer will be found. It is done by `do`."""
    asked_id = new_id()
    sealed_for = people.register(tx, secrets, _NOBODY, actor=actor, now=now)
    sealed = people.seal(tx, secrets, sealed_for, _request_of(asked_id), content, actor=actor, now=now)
    isik_store.add(tx, Line(asked_id, actor.subject, actor.compartment, sealed_for, sealed, now))
    emit(tx, BookingAsked(asked_id), now=now)
    return asked_id


def do(tx: Tx, means: Means, asked_id: str, *, now: datetime) -> None:
    """Book what was asked for, and keep the answer. Again is once."""
    line = isik_store.get(tx, asked_id)
    if line is None or line.status is not None:
        return
    place = {_request_of(asked_id): line.request}
    (content,) = people.unseal(tx, means.secrets, line.sealed_for, place, actor=_who(line), purpose=PURPOSE, now=now)
    try:
        if not _works_still(line, granted.compartment(tx, line.subject)) or clients.is_shut_out(tx, line.subject):
            raise NotAllowed
        with tx.begin_nested():
            asked = isik.asked(parameters.given(content, alone=isik.APPOINTMENT[0]))
            kept = book(tx, means, asked, actor=_who(line), now=now)
        status, version, said = saying.status_of(kept.booking), kept.booking.version, kept.content
    except Refusal as refusal:
        status, issues = explain(refusal)
        version, said = None, outcome(within(issues, content))
    sealed = people.seal(tx, means.secrets, line.sealed_for, _answer_of(asked_id), said, actor=_who(line), now=now)
    isik_store.answer(tx, asked_id, status, version, sealed)


def look(tx: Tx, secrets: Secrets, asked_id: str, *, actor: Actor, now: datetime) -> Answer:
    """The answer, for whoever asked.

    Raises:
        NotFound: nothing was asked under this id, or by somebody else, or too long ago; all are answered alike.
    """
    line = isik_store.get(tx, asked_id)
    if line is None or line.subject != actor.subject or line.asked_at < now - KEPT:
        raise NotFound
    if not _works_still(line, actor.compartment):
        raise NotFound
    if line.status is None or line.answer is None:
        return Answer(None)
    place = {_answer_of(asked_id): line.answer}
    (said,) = people.unseal(tx, secrets, line.sealed_for, place, actor=actor, purpose=PURPOSE, now=now)
    return Answer(line.status, said, line.version)


def forget_old(tx: Tx, *, now: datetime) -> None:
    """Delete what was asked more than a day ago, with its key."""
    for line in isik_store.before(tx, now - KEPT):
        isik_store.drop(tx, line.id)
        people.erase(tx, line.sealed_for, actor=_who(line), now=now)


def _works_still(line: Line, compartment: Collection[str]) -> bool:
    """Whether it may still do what it might do when it asked: it works for all those doctors, and maybe for more."""
    return EVERYONE in compartment or set(line.compartment) <= set(compartment)


def _who(line: Line) -> Actor:
    """Who asked, with the doctors for whom it worked then."""
    return Actor(Role.CLIENT, line.subject, compartment=line.compartment)


def _request_of(asked_id: str) -> str:
    return f"interop_asked|request|{asked_id}"


def _answer_of(asked_id: str) -> str:
    return f"interop_asked|answer|{asked_id}"
