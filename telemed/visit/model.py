"""One consultation from arrival to farewell, as the sum of its facts. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.day import Fact, FactKind, FactReason
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
ANEW = frozenset({FactKind.PUT_BACK, FactKind.REOPENED})
"""Waits again, and what was before does not count any more."""
_OF_ROOM = {FactKind.ENTERED, FactKind.ENDED}
_INTO_ROOM = {FactKind.CALLED, *_OF_ROOM}

STILL_TO_COME = frozenset({VisitState.PLANNED, VisitState.ARRIVED, VisitState.NO_SHOW})
"""In these an appointment may be moved or cancelled: nobody is with the doctor, or was."""

MAY_FOLLOW: Mapping[FactKind, frozenset[VisitState]] = {
    FactKind.ARRIVED: frozenset({VisitState.PLANNED, VisitState.NO_SHOW}),
    FactKind.LATE: frozenset({VisitState.PLANNED}),
    FactKind.CALLED: frozenset({VisitState.ARRIVED}),
    FactKind.SKIPPED: frozenset({VisitState.ARRIVED}),
    FactKind.RECALLED: frozenset({VisitState.CALLED}),
    FactKind.ENTERED: frozenset({VisitState.CALLED}),
    FactKind.PUT_BACK: frozenset({VisitState.CALLED, VisitState.INSIDE}),
    FactKind.ENDED: frozenset({VisitState.CALLED, VisitState.INSIDE}),
    FactKind.NO_SHOW: frozenset({VisitState.PLANNED, VisitState.ARRIVED, VisitState.CALLED}),
    FactKind.REOPENED: frozenset({VisitState.ENDED, VisitState.NO_SHOW}),
    FactKind.EMERGENCY: frozenset({VisitState.CALLED, VisitState.INSIDE}),
    FactKind.HELPED: frozenset({VisitState.CALLED, VisitState.INSIDE, VisitState.ENDED}),
}
"""In which states each may happen; ``cleaned`` instead whenever the room was used and not wiped since.

From every state there is a way into the room and a way out: planned and no-show lead to arrived, arrived to called,
called to inside, and what is over or was a mistake is reopened or put back.
"""

REASONED: Mapping[FactKind, tuple[FactReason, ...]] = {
    FactKind.SKIPPED: (FactReason.NOT_READY, FactReason.NOT_IN_ROOM, FactReason.OWN_WISH, FactReason.MORE_URGENT),
    FactKind.PUT_BACK: (
        FactReason.NOT_READY,
        FactReason.OWN_WISH,
        FactReason.MORE_URGENT,
        FactReason.TECHNICAL,
        FactReason.MISTAKE,
    ),
    FactKind.NO_SHOW: (FactReason.NOT_IN_ROOM, FactReason.OWN_WISH),
    FactKind.REOPENED: (FactReason.MISTAKE, FactReason.TECHNICAL),
}
"""What happens with a reason, and which."""


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


class ReasonMissing(Refusal):
    """This does not happen without a reason, or not with this one."""

    sense = Sense.INVALID
    key = "refusal.visit_reason_missing"


class RoomNotReady(Refusal):
    """The room is occupied or not yet cleaned."""

    sense = Sense.CONFLICT
    key = "refusal.room_not_ready"


def state_of(facts: Iterable[Fact]) -> VisitState:
    """The state of one visit; the order in which its facts became known does not matter.

    Who was put back or whose visit was reopened waits again, and what was before does not count any more. Nor does what
    was before somebody was there who had been marked as a no-show.
    """
    known = list(facts)
    anew = _anew(known)
    told = {(fact.at, fact.kind) for fact in known if fact.kind in _RANK and (anew is None or fact.at > anew)}
    if anew is not None:
        told.add((anew, FactKind.ARRIVED))
    kinds = {kind for _, kind in told}
    if FactKind.NO_SHOW in kinds and FactKind.ENDED not in kinds:
        missed = max(at for at, kind in told if kind is FactKind.NO_SHOW)
        back = min((at for at, kind in told if kind in _PRESENT and at > missed), default=None)
        kinds = {FactKind.NO_SHOW} if back is None else {kind for at, kind in told if at >= back}
    return _RANK[max(kinds, key=_ORDER.index)] if kinds else VisitState.PLANNED


def _anew(facts: Iterable[Fact]) -> datetime | None:
    """Since when it counts, if what was before does not any more."""
    return max((fact.at for fact in facts if fact.kind in ANEW), default=None)


def is_uncleaned(facts: Iterable[Fact]) -> bool:
    """Whether somebody of this visit was in the room, has left it, and it was not wiped down since."""
    known = sorted(facts, key=lambda fact: (fact.at, fact.kind))
    if state_of(known) in GOING_ON:
        return False
    since, used = None, None
    for fact in known:
        if fact.kind in ANEW or fact.kind is FactKind.NO_SHOW:
            since = None
        elif fact.kind in _INTO_ROOM:
            since = since or fact.at
            used = since if fact.kind in _OF_ROOM else used
    return used is not None and not any(fact.kind is FactKind.CLEANED and fact.at >= used for fact in known)


def check(kind: FactKind, facts: Iterable[Fact]) -> None:
    """Whether *kind* may happen now to the visit with these *facts*.

    Raises:
        WrongMoment: it may not.
    """
    known = list(facts)
    state = state_of(known)
    allowed = is_uncleaned(known) if kind is FactKind.CLEANED else state in MAY_FOLLOW[kind]
    if not allowed:
        raise WrongMoment(kind=kind.value, state=state.value)


def check_reason(kind: FactKind, reason: FactReason | None, minutes: int | None = None) -> None:
    """Whether *reason* is one for *kind*; not coming needs none, and who comes later says by how many *minutes*.

    Raises:
        ReasonMissing: it is not.
    """
    if (kind is FactKind.LATE) is (minutes is None):
        raise ReasonMissing
    asked = REASONED.get(kind, ())
    if reason is None and asked and kind is not FactKind.NO_SHOW:
        raise ReasonMissing
    if reason is not None and reason not in asked:
        raise ReasonMissing


def after(facts: Iterable[Fact], now: datetime) -> datetime:
    """When something happens now to a visit with these *facts*: after all that is known of it.

    The clocks of centre and room differ by a little, and a later fact must not seem to be an earlier one.
    """
    latest = max((fact.at for fact in facts), default=None)
    return now if latest is None or now > latest else latest + timedelta(microseconds=1)
