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


_RANK = {
    FactKind.ARRIVED: VisitState.ARRIVED,
    FactKind.CALLED: VisitState.CALLED,
    FactKind.ENTERED: VisitState.INSIDE,
    FactKind.NO_SHOW: VisitState.NO_SHOW,
    FactKind.ENDED: VisitState.ENDED,
}
_ORDER = list(_RANK)

_MAY_FOLLOW = {
    FactKind.ARRIVED: {VisitState.PLANNED, VisitState.NO_SHOW},
    FactKind.CALLED: {VisitState.ARRIVED},
    FactKind.ENTERED: {VisitState.CALLED},
    FactKind.ENDED: {VisitState.CALLED, VisitState.INSIDE},
    FactKind.NO_SHOW: {VisitState.PLANNED, VisitState.ARRIVED, VisitState.CALLED},
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

    Who arrived after having been marked as a no-show has arrived.
    """
    by_kind = {fact.kind: fact.at for fact in facts if fact.kind in _RANK}
    came, missed = by_kind.get(FactKind.ARRIVED), by_kind.get(FactKind.NO_SHOW)
    if came is not None and missed is not None and came > missed:
        del by_kind[FactKind.NO_SHOW]
    if not by_kind:
        return VisitState.PLANNED
    return _RANK[max(by_kind, key=_ORDER.index)]


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
