"""One consultation from arrival to farewell, as the sum of its facts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from schemas.day import Fact, FactKind
from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense


class VisitState(StrEnum):
    PLANNED = "planned"
    ARRIVED = "arrived"
    CALLED = "called"
    INSIDE = "inside"
    ENDED = "ended"
    NO_SHOW = "no-show"


GOING_ON = (VisitState.CALLED, VisitState.INSIDE)


class Door(StrEnum):
    """How a visit stands for somebody who waits to come in from elsewhere."""

    SOON = "soon"
    OPEN = "open"
    OVER = "over"


_RANK = {
    FactKind.ARRIVED: VisitState.ARRIVED,
    FactKind.CALLED: VisitState.CALLED,
    FactKind.ENTERED: VisitState.INSIDE,
    FactKind.NO_SHOW: VisitState.NO_SHOW,
    FactKind.ENDED: VisitState.ENDED,
}
_ORDER = list(_RANK)
_PRESENT = {FactKind.ARRIVED, FactKind.ENTERED}

_MAY_FOLLOW = {
    FactKind.ARRIVED: {VisitState.PLANNED, VisitState.NO_SHOW},
    FactKind.CALLED: {VisitState.ARRIVED},
    FactKind.ENTERED: {VisitState.CALLED},
    FactKind.ENDED: {VisitState.CALLED, VisitState.INSIDE},
    FactKind.NO_SHOW: {VisitState.PLANNED, VisitState.ARRIVED, VisitState.CALLED},
    FactKind.EMERGENCY: {VisitState.CALLED, VisitState.INSIDE},
    FactKind.HELPED: {VisitState.CALLED, VisitState.INSIDE, VisitState.ENDED},
}


@dataclass(frozen=True)
class FactKnown(Event):
    """A fact of this room was taken in, wherever it happened."""

    room_id: str
    visit_id: str
    kind: str


class WrongMoment(Refusal):
    """The visit is not in a state in which this can happen."""

    sense = Sense.CONFLICT
    key = "refusal.wrong_moment"


class RoomNotReady(Refusal):
    """The room is occupied or not yet cleaned."""

    sense = Sense.CONFLICT
    key = "refusal.room_not_ready"


def state_of(facts: Iterable[Fact]) -> VisitState:
    """The state of one visit; the order in which its facts became known does not matter.

    Who was there after having been marked as a no-show is there, and what was before does not count any more.
    """
    told = {(fact.at, fact.kind) for fact in facts if fact.kind in _RANK}
    kinds = {kind for _, kind in told}
    if FactKind.NO_SHOW in kinds and FactKind.ENDED not in kinds:
        missed = max(at for at, kind in told if kind is FactKind.NO_SHOW)
        since = {kind for at, kind in told if at > missed}
        kinds = since if since & _PRESENT else {FactKind.NO_SHOW}
    return _RANK[max(kinds, key=_ORDER.index)] if kinds else VisitState.PLANNED


def is_cleaned(facts: Iterable[Fact]) -> bool:
    """Whether the room was wiped down after this visit."""
    return any(fact.kind is FactKind.CLEANED for fact in facts)


def check(kind: FactKind, facts: Iterable[Fact]) -> None:
    """Whether *kind* may happen now to the visit with these *facts*.

    Raises:
        WrongMoment: it may not.
    """
    known = list(facts)
    state = state_of(known)
    allowed = state is VisitState.ENDED if kind is FactKind.CLEANED else state in _MAY_FOLLOW[kind]
    if not allowed:
        raise WrongMoment(kind=kind.value, state=state.value)
