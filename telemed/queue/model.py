"""How a room's day stands: who is where, who is next and why, and what is told of the start.

The same in the centre and in a room without a line. Pure.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.board import BoardRow, Delay, DelayReason, RoomState, RowState
from schemas.day import DayPlan, Fact, FactKind, FactReason, PlannedVisit, WordKind
from telemed.kit.outbox import Event
from telemed.queue import forecast, naive
from telemed.queue.order import Place, Why, minutes_late, order
from telemed.queue.saying import WORTH_SAYING, Said, Start, delay, said
from telemed.visit.model import GOING_ON, MAY_FOLLOW, REASONED, VisitState, after, is_uncleaned, state_of

__all__ = ["MAY_FOLLOW", "REASONED", "Said", "Start", "VisitState", "Why", "after", "minutes_late"]

ROWS = 4
UNDO = timedelta(seconds=10)
"""So long a doctor may take her word back; only the boards follow it before."""
NOBODY_COMES = timedelta(minutes=3)
"""So long after a call an assistant is told that nobody comes."""

FAULT_LASTS = timedelta(hours=1)
"""So long a technical fault is the reason for what is late."""


@dataclass(frozen=True)
class WordGiven(Event):
    """A doctor said that it will be later, or took that back."""

    doctor_id: str
    word_id: str


@dataclass(frozen=True)
class LineMoved(Event):
    """What is told of the start of a visit has changed (`service.said_of`)."""

    room_id: str
    visit_id: str


@dataclass(frozen=True)
class VisitStanding:
    """How one visit stands. *expected* is when it will begin, for those who have not been called.

    *start* is the same with its range; *said* what is told of it, which is steadier; *delay* that in minutes. *why*
    and *reason*: why it stands where it does in the line.
    """

    visit: PlannedVisit
    state: VisitState
    expected: datetime | None
    delay: Delay | None
    start: Start | None = None
    said: Said | None = None
    why: Why = Why.PLANNED
    reason: FactReason | None = None


@dataclass(frozen=True)
class Standing:
    """How the room's day stands. *current* is called or inside; after *uncleaned* the room must be wiped.

    *visits* is everybody by planned start, *line* those whose visit is not over, in the order in which they go in.
    """

    visits: tuple[VisitStanding, ...]
    room_state: RoomState
    current: PlannedVisit | None
    uncleaned: PlannedVisit | None
    line: tuple[VisitStanding, ...] = ()


def present(plan: DayPlan, facts: Collection[Fact]) -> Standing:
    """Who is where, and the line; without the starts, which take a thousand times as long."""
    by_visit = _by_visit(facts)
    return _standing(plan, by_visit, order(plan.visits, by_visit), {}, {}, plan.as_of)


def standing(plan: DayPlan, facts: Collection[Fact], now: datetime, told: Mapping[str, Said] | None = None) -> Standing:
    """Plan and facts, in any order, make the standing of the day at *now*. *told*: what was said so far, by visit."""
    by_visit = _by_visit(facts)
    line = order(plan.visits, by_visit)
    starts = (naive if plan.learnt is None else forecast).starts(plan, line, by_visit, now)
    return _standing(plan, by_visit, line, starts, told or {}, now)


def _standing(
    plan: DayPlan,
    by_visit: Mapping[str, Sequence[Fact]],
    line: Sequence[Place],
    starts: Mapping[str, Start],
    told: Mapping[str, Said],
    now: datetime,
) -> Standing:
    ordered = sorted(plan.visits, key=lambda visit: (visit.start, visit.visit_id))
    states = {visit.visit_id: state_of(by_visit.get(visit.visit_id, ())) for visit in ordered}
    current = _first(ordered, lambda visit: states[visit.visit_id] in GOING_ON)
    uncleaned = _first(ordered, lambda visit: is_uncleaned(by_visit.get(visit.visit_id, ())))
    places = {place.visit.visit_id: place for place in line}
    entries = {
        visit.visit_id: _entry(
            places.get(visit.visit_id, Place(visit, Why.PLANNED)),
            states[visit.visit_id],
            starts.get(visit.visit_id),
            told.get(visit.visit_id),
            _due(visit, by_visit.get(visit.visit_id, ())),
            now,
        )
        for visit in ordered
    }
    return Standing(
        visits=tuple(entries[visit.visit_id] for visit in ordered),
        room_state=_room_state(current, uncleaned, states),
        current=current,
        uncleaned=uncleaned,
        line=tuple(entries[place.visit.visit_id] for place in line),
    )


def _by_visit(facts: Collection[Fact]) -> dict[str, Sequence[Fact]]:
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        found.setdefault(fact.visit_id, []).append(fact)
    return {**found}


def _first(visits: list[PlannedVisit], wanted: Callable[[PlannedVisit], bool]) -> PlannedVisit | None:
    return next((visit for visit in visits if wanted(visit)), None)


def _room_state(
    current: PlannedVisit | None, uncleaned: PlannedVisit | None, states: dict[str, VisitState]
) -> RoomState:
    if current is not None:
        return RoomState.OCCUPIED if states[current.visit_id] is VisitState.INSIDE else RoomState.CALLED
    return RoomState.CLEANING if uncleaned is not None else RoomState.FREE


def _due(visit: PlannedVisit, facts: Sequence[Fact]) -> datetime:
    """From when on a later start is not the person's own doing: who said to come later is not told of that delay."""
    return visit.start + timedelta(minutes=minutes_late(facts))


def _entry(
    place: Place, state: VisitState, start: Start | None, before: Said | None, due: datetime, now: datetime
) -> VisitStanding:
    visit = place.visit
    if start is None:
        return VisitStanding(visit, state, None, None, why=place.why, reason=place.reason)
    what = said(before, start, due, now)
    # who should be here by now and is not hears nothing of a delay: it is theirs
    shown = what is not None and (start.expected > now or state is VisitState.ARRIVED)
    late = delay(what, visit.start) if what is not None and shown else None
    return VisitStanding(visit, state, start.expected, late, start, what, place.why, place.reason)


def board_rows(standing: Standing) -> tuple[tuple[BoardRow, ...], int]:
    """The rows of a monitor, called first, at most `ROWS`, and how many more wait. Who wishes quiet is not shown."""
    shown = [entry for entry in standing.line if not entry.visit.quiet]
    called = [entry for entry in shown if entry.state in GOING_ON]
    waiting = [entry for entry in shown if entry.state is VisitState.ARRIVED]
    rows = [BoardRow(ticket=entry.visit.ticket, state=RowState.CALLED) for entry in called]
    for place, entry in enumerate(waiting):
        state = RowState.NEXT if place == 0 else RowState.WAITING
        rows.append(BoardRow(ticket=entry.visit.ticket, state=state, delay=entry.delay))
    return tuple(rows[:ROWS]), max(0, len(rows) - ROWS)


_OF_WORD = {WordKind.INTERRUPTED: DelayReason.INTERRUPTED, WordKind.EMERGENCY: DelayReason.EMERGENCY}


def delay_reason(plan: DayPlan, facts: Collection[Fact], standing: Standing, now: datetime) -> DelayReason | None:
    """Why it is later, in one neutral word; None if it is not.

    The doctor's own word comes first, then a technical fault within the last hour; else a talk that took longer than
    planned, or a first call that is or was late. Where it is none of these (later was told, and it goes on sooner)
    nothing is said: a wrong reason is worse than none.
    """
    late = next((entry for entry in standing.line if entry.delay is not None), None)
    if late is None:
        return None
    doctors = {visit.visit_id: visit.doctor_id for visit in plan.visits}
    today = [fact for fact in facts if fact.visit_id in doctors]
    hers = [fact for fact in today if doctors[fact.visit_id] == late.visit.doctor_id]
    word = naive.standing_word(plan.words, late.visit.doctor_id, hers)
    if word is not None and word.kind in _OF_WORD:
        return _OF_WORD[word.kind]
    if any(fact.reason is FactReason.TECHNICAL and now - fact.at < FAULT_LASTS for fact in today):
        return DelayReason.TECHNICAL
    if any(_took_longer(visit, hers, now) for visit in plan.visits):
        return DelayReason.LONGER
    first = min((fact.at for fact in hers if fact.kind is FactKind.CALLED), default=now)
    planned = min(visit.start for visit in plan.visits if visit.doctor_id == late.visit.doctor_id)
    never = not any(fact.kind is FactKind.CALLED for fact in hers)
    return DelayReason.LATE_START if never or first - planned >= WORTH_SAYING else None


def _took_longer(visit: PlannedVisit, facts: Collection[Fact], now: datetime) -> bool:
    """Whether a visit took or takes longer than planned, from its first call."""
    own = [fact for fact in facts if fact.visit_id == visit.visit_id]
    began = min((fact.at for fact in own if fact.kind is FactKind.CALLED), default=None)
    ended = max((fact.at for fact in own if fact.kind is FactKind.ENDED), default=now)
    return began is not None and ended - began > visit.end - visit.start


def called_at(facts: Collection[Fact], visit_id: str) -> Fact | None:
    """The call that counts: the last one, also if it was a repetition."""
    calls = [fact for fact in facts if fact.visit_id == visit_id and fact.kind in (FactKind.CALLED, FactKind.RECALLED)]
    return max(calls, key=lambda fact: (fact.at, fact.fact_id), default=None)


def nobody_came(standing: Standing, facts: Collection[Fact], now: datetime) -> PlannedVisit | None:
    """Who was called, and has not come for `NOBODY_COMES` since the last call."""
    if standing.room_state is not RoomState.CALLED or standing.current is None:
        return None
    call = called_at(facts, standing.current.visit_id)
    return standing.current if call is not None and now - call.at >= NOBODY_COMES else None
