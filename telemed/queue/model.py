"""Who is next, when, how late: one pure forecast, the same in the centre and in a room without a line."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.board import BoardRow, Delay, RoomState, RowState
from schemas.day import DayPlan, Fact, FactKind, PlannedVisit
from telemed.visit.model import VisitState, is_cleaned, state_of

ROWS = 4
WORTH_SAYING = timedelta(minutes=5)
"""A shorter delay is not announced."""


@dataclass(frozen=True)
class Said:
    """What was last told of the start of a visit: between *low* and *high*, since *at*."""

    low: datetime
    high: datetime
    at: datetime


@dataclass(frozen=True)
class VisitStanding:
    """How one visit stands. *expected* is when it will begin, for those who have not been called."""

    visit: PlannedVisit
    state: VisitState
    expected: datetime | None
    delay: Delay | None


@dataclass(frozen=True)
class Standing:
    """How the room's day stands. *current* is called or inside; after *uncleaned* the room must be wiped."""

    visits: tuple[VisitStanding, ...]
    room_state: RoomState
    current: PlannedVisit | None
    uncleaned: PlannedVisit | None


def standing(plan: DayPlan, facts: Collection[Fact], now: datetime) -> Standing:
    """Plan and facts, in any order, make the standing of the day at *now*."""
    by_visit: dict[str, list[Fact]] = {}
    for fact in facts:
        by_visit.setdefault(fact.visit_id, []).append(fact)
    ordered = sorted(plan.visits, key=lambda visit: (visit.start, visit.visit_id))
    states = {visit.visit_id: state_of(by_visit.get(visit.visit_id, ())) for visit in ordered}
    current = _first(ordered, lambda visit: states[visit.visit_id] in (VisitState.CALLED, VisitState.INSIDE))
    uncleaned = _first(
        ordered,
        lambda visit: states[visit.visit_id] is VisitState.ENDED and not is_cleaned(by_visit.get(visit.visit_id, ())),
    )
    expected = _expected(plan, ordered, states, by_visit, now)
    return Standing(
        visits=tuple(_visit_standing(visit, states, expected, now) for visit in ordered),
        room_state=_room_state(current, uncleaned, states),
        current=current,
        uncleaned=uncleaned,
    )


def _first(visits: list[PlannedVisit], wanted: Callable[[PlannedVisit], bool]) -> PlannedVisit | None:
    return next((visit for visit in visits if wanted(visit)), None)


def _room_state(
    current: PlannedVisit | None, uncleaned: PlannedVisit | None, states: dict[str, VisitState]
) -> RoomState:
    if current is not None:
        return RoomState.OCCUPIED if states[current.visit_id] is VisitState.INSIDE else RoomState.CALLED
    return RoomState.CLEANING if uncleaned is not None else RoomState.FREE


def _expected(
    plan: DayPlan,
    ordered: list[PlannedVisit],
    states: dict[str, VisitState],
    by_visit: dict[str, list[Fact]],
    now: datetime,
) -> dict[str, datetime]:
    """When those who wait will begin: the room serves one at a time and is cleaned in between."""
    cleaning = timedelta(minutes=plan.cleaning_minutes)
    room_free = min((visit.start for visit in ordered), default=now)
    expected = {}
    for visit in sorted(ordered, key=lambda visit: states[visit.visit_id] in (VisitState.PLANNED, VisitState.ARRIVED)):
        facts = by_visit.get(visit.visit_id, [])
        match states[visit.visit_id]:
            case VisitState.NO_SHOW:
                continue
            case VisitState.ENDED:
                room_free = max(room_free, _free_after(facts, cleaning, now))
            case VisitState.CALLED | VisitState.INSIDE:
                began = _at(facts, FactKind.CALLED) or now
                room_free = max(room_free, now, began + (visit.end - visit.start)) + cleaning
            case _:
                begins = max(visit.start, room_free, now)
                expected[visit.visit_id] = begins
                room_free = begins + (visit.end - visit.start) + cleaning
    return expected


def _free_after(facts: list[Fact], cleaning: timedelta, now: datetime) -> datetime:
    cleaned = _at(facts, FactKind.CLEANED)
    if cleaned is not None:
        return cleaned
    ended = _at(facts, FactKind.ENDED) or now
    return max(now, ended + cleaning)


def _at(facts: list[Fact], kind: FactKind) -> datetime | None:
    return min((fact.at for fact in facts if fact.kind is kind), default=None)


def _visit_standing(
    visit: PlannedVisit, states: dict[str, VisitState], expected: dict[str, datetime], now: datetime
) -> VisitStanding:
    begins = expected.get(visit.visit_id)
    late = begins - visit.start if begins is not None else timedelta(0)
    worth = (
        begins is not None and late >= WORTH_SAYING and (begins > now or states[visit.visit_id] is VisitState.ARRIVED)
    )
    return VisitStanding(visit, states[visit.visit_id], begins, delay_range(late, visit) if worth else None)


def delay_range(late: timedelta, visit: PlannedVisit) -> Delay:
    """*late* as a range that contains it, rather too long than too short: half the visit's length is open.

    Its beginning is rounded down: who is told fifteen minutes and is called after twelve would have missed it.
    """
    return Delay(low_minutes=round_down(late), high_minutes=round_up(late + (visit.end - visit.start) / 2))


def round_down(late: timedelta) -> int:
    """Minutes, down to the last 5 below 30 and the last 10 above."""
    minutes = late.total_seconds() / 60
    step = 5 if minutes < 30 else 10
    return int(minutes // step * step)


def round_up(late: timedelta) -> int:
    """Minutes, up to the next 5 below 30 and the next 10 above."""
    minutes = late.total_seconds() / 60
    step = 5 if minutes <= 30 else 10
    return int(-(-minutes // step) * step)


def board_rows(standing: Standing) -> tuple[tuple[BoardRow, ...], int]:
    """The rows of a monitor, called first, at most `ROWS`, and how many more wait. Who wishes quiet is not shown."""
    shown = [entry for entry in standing.visits if not entry.visit.quiet]
    called = [entry for entry in shown if entry.state in (VisitState.CALLED, VisitState.INSIDE)]
    waiting = [entry for entry in shown if entry.state is VisitState.ARRIVED]
    rows = [BoardRow(ticket=entry.visit.ticket, state=RowState.CALLED) for entry in called]
    for place, entry in enumerate(waiting):
        state = RowState.NEXT if place == 0 else RowState.WAITING
        rows.append(BoardRow(ticket=entry.visit.ticket, state=state, delay=entry.delay))
    return tuple(rows[:ROWS]), max(0, len(rows) - ROWS)
