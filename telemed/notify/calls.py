"""The call list: whom staff are to tell what, and what came of it."""

from dataclasses import dataclass
from datetime import datetime

from telemed.booking import asking
from telemed.booking import service as booking
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.allowed import Action, Asker
from telemed.identity.model import Actor, Role
from telemed.kit.db import Tx
from telemed.kit.i18n import GERMAN
from telemed.kit.ids import digest
from telemed.kit.refusal import NotFound
from telemed.notify import delivery, model, service, store, texts
from telemed.notify.model import CallUnknown, Kind, Notice, Outcome
from telemed.notify.service import Desk
from telemed.notify.texts import Said
from telemed.people.model import Person


@dataclass(frozen=True)
class Call:
    """One line. *text*: what to say, *own_text*: the same in the person's language, if that is another.

    *is_late*: a channel that was to tell it did not. *person*: None where the data were erased.
    """

    notice: Notice
    person: Person | None
    text: str
    own_text: str = ""


def count(tx: Tx, assistant_id: str, *, now: datetime) -> int:
    """How many people wait to be called; read without a person."""
    return len(_lines(tx, assistant_id, now=now))


def about(tx: Tx, *, now: datetime) -> set[str]:
    """The appointments of those who wait to be called; read without a person."""
    return {one.subject_id for one in store.open_calls(tx, now=now) if one.until > now}


def version(tx: Tx, assistant_id: str, *, now: datetime) -> str:
    """Of the list as it stands, without a person."""
    seen = [(one.id, one.attempts) for one in _lines(tx, assistant_id, now=now)]
    return digest(repr(seen))[:16]


def calls(tx: Tx, desk: Desk, *, actor: Actor, now: datetime) -> list[Call]:
    """Whom to call now, the most urgent first; each look at a person is audited.

    Raises:
        NotFound: there is no such assistant.
    """
    lines = (_call(tx, desk, one, actor=actor, now=now) for one in _lines(tx, actor.subject, now=now))
    return [line for line in lines if line is not None]


def call(tx: Tx, desk: Desk, notice_id: str, *, actor: Actor, now: datetime) -> Call:
    """One line, for a letter; the look is audited.

    Raises:
        CallUnknown: there is no such open line, or it is for another room.
    """
    line = _call(tx, desk, _own(tx, notice_id, actor.subject, now=now), actor=actor, now=now)
    if line is None:
        raise CallUnknown
    return line


def _call(tx: Tx, desk: Desk, one: Notice, *, actor: Actor, now: datetime) -> Call | None:
    person = service.person_of(tx, desk.secrets, one, actor=actor, now=now)
    said = _said(tx, directory.load(tx), one, now=now)
    if said is None:
        return None
    own = texts.spoken(person.language) if person else GERMAN
    foreign = texts.text(one.kind, said, own) if own != GERMAN else ""
    return Call(one, person, texts.text(one.kind, said, GERMAN), foreign)


def _said(tx: Tx, known: Directory, one: Notice, *, now: datetime) -> Said | None:
    """What the words are made of; None: nothing is kept for them any more."""
    if one.kind is Kind.CALL_BACK:
        return Said(one.due_at, known.quarter_name, one.minutes, "", known.zone)
    offer = delivery.offer_of(tx, one, now=now)
    return delivery.said_of(known, one, offer, link="") if offer else None


def _lines(tx: Tx, assistant_id: str, *, now: datetime) -> list[Notice]:
    asker = _asker(tx, assistant_id, now=now)
    found = (one for one in store.open_calls(tx, now=now) if one.until > now and _is_theirs(tx, one, asker))
    return [one for one in found if not service.is_moot(tx, one)]


def _asker(tx: Tx, assistant_id: str, *, now: datetime) -> Asker:
    """
    Raises:
        NotFound: there is no such assistant.
    """
    if assistant_id not in directory.load(tx).assistants:
        raise NotFound
    return asking.asking(tx, Actor(Role.ASSISTANT, assistant_id), now=now)


def _is_theirs(tx: Tx, one: Notice, asker: Asker) -> bool:
    """In a room of hers; whoever waits or wishes to be called has no room yet."""
    if one.kind in (Kind.OFFERED, Kind.CALL_BACK):
        return True
    return asking.may(asker, Action.SEE, booking.get(tx, one.subject_id))


def told(tx: Tx, notice_id: str, *, assistant_id: str, now: datetime) -> None:
    """It was said.

    Raises:
        CallUnknown: there is no such open line, or it is for another room.
    """
    store.end(tx, [_own(tx, notice_id, assistant_id, now=now).id], Outcome.TOLD, now=now)


def not_reached(tx: Tx, notice_id: str, *, assistant_id: str, now: datetime) -> None:
    """Nobody answered: once more in ten minutes, but not for ever.

    Raises:
        CallUnknown: there is no such open line, or it is for another room.
    """
    one = _own(tx, notice_id, assistant_id, now=now)
    if one.attempts + 1 >= model.CALLS or now + model.CALL_AGAIN >= one.until:
        store.end(tx, [one.id], Outcome.NOT_REACHED, now=now)
    else:
        store.again(tx, one.id, next_at=now + model.CALL_AGAIN)


def _own(tx: Tx, notice_id: str, assistant_id: str, *, now: datetime) -> Notice:
    one = store.open_call(tx, notice_id)
    if one is None or not _is_theirs(tx, one, _asker(tx, assistant_id, now=now)):
        raise CallUnknown
    return one


def end_over(tx: Tx, *, now: datetime) -> int:
    """What nobody was called about while it mattered; how many that were. What is settled since is dropped."""
    waiting = store.open_calls(tx, now=now)
    over = [one.id for one in waiting if one.until <= now]
    moot = [one.id for one in waiting if one.until > now and service.is_moot(tx, one)]
    if moot:
        store.end(tx, moot, Outcome.DROPPED, now=now)
    return store.end(tx, over, Outcome.NOT_REACHED, now=now) if over else 0
