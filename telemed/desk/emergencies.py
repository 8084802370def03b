"""Calls for help from the rooms: what an assistant is alarmed by until somebody says that he comes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from schemas.day import Fact, FactKind
from telemed.booking import asking
from telemed.booking import service as booking
from telemed.desk import service
from telemed.directory.model import Room
from telemed.identity.allowed import Action
from telemed.identity.model import Actor
from telemed.kit.db import Tx
from telemed.visit import service as visit


@dataclass(frozen=True)
class Emergency:
    """Somebody called for help in a room, and nobody has said yet that he comes."""

    visit_id: str
    room: Room
    by: Literal["doctor", "room"]
    since: datetime

    @property
    def id(self) -> str:
        """The same as long as it is the same call."""
        return f"emergency {self.visit_id} {self.since.isoformat()}"


def unanswered(facts: Iterable[Fact]) -> Fact | None:
    """Of one visit: the first call for help after which nobody has said that he comes. Pure."""
    known = list(facts)
    helped = max((fact.at for fact in known if fact.kind is FactKind.HELPED), default=None)
    calls = (fact for fact in known if fact.kind is FactKind.EMERGENCY and (helped is None or fact.at > helped))
    return min(calls, key=lambda fact: fact.at, default=None)


def of_assistant(tx: Tx, assistant_id: str, *, now: datetime) -> list[Emergency]:
    """Today's in the rooms of an assistant, also of visits that ended meanwhile; the oldest first.

    Raises:
        NotFound: there is no such assistant.
    """
    found = []
    for room in service.rooms_of(tx, assistant_id):
        by_visit: dict[str, list[Fact]] = {}
        for fact in visit.facts_on(tx, room.id, now=now):
            by_visit.setdefault(fact.visit_id, []).append(fact)
        for visit_id, facts in by_visit.items():
            call = unanswered(facts)
            if call is not None:
                found.append(Emergency(visit_id, room, "doctor" if call.by == "doctor" else "room", call.at))
    return sorted(found, key=lambda each: each.since)


def call(tx: Tx, visit_id: str, actor: Actor, *, now: datetime) -> None:
    """The doctor calls for help here, because the room's agent does not answer.

    Raises:
        NotFound, NotAllowed, WrongMoment: the visit is unknown, another doctor's, or not going on.
    """
    visit.admit(tx, visit_id, actor, now=now)
    visit.record(tx, visit_id=visit_id, kind=FactKind.EMERGENCY, by="doctor", now=now)


def come(tx: Tx, visit_id: str, actor: Actor, *, now: datetime) -> str:
    """An assistant says that she comes; the id of the room. A room's clock may be ahead of ours: she answers it all
    the same.

    Raises:
        NotFound: no visit in a room of hers.
    """
    called = booking.get(tx, visit_id)
    asking.require(asking.asking(tx, actor, now=now), Action.SEE, called)
    room_id = called.offer.room_id
    calls = [each.since for each in of_assistant(tx, actor.subject, now=now) if each.visit_id == visit_id]
    if calls:
        latest = max(fact.at for fact in visit.facts_on(tx, room_id, now=now) if fact.kind is FactKind.EMERGENCY)
        at = max(now, latest)
        visit.record(tx, visit_id=visit_id, kind=FactKind.HELPED, by="assistant", now=at)
    return room_id
