"""What has happened today, as the forecast needs it: one `Case` for each visit, in minutes from now. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from schemas.day import DayPlan, Elsewhere, Fact, FactKind, PlannedVisit, Word, WordKind
from telemed.queue.order import Place, minutes_late
from telemed.visit.model import ANEW, VisitState, is_uncleaned, state_of


class Stage(Enum):
    PLANNED = "planned"
    HERE = "here"
    CALLED = "called"
    OVER = "over"


_STAGES = {
    VisitState.PLANNED: Stage.PLANNED,
    VisitState.ARRIVED: Stage.HERE,
    VisitState.CALLED: Stage.CALLED,
    VisitState.INSIDE: Stage.CALLED,
}
"""Everything else is over."""


@dataclass(frozen=True)
class Case:
    """One visit; moments in minutes from now, negative in the past. *own*: of this room's plan. *column*: its place
    in the plan, which stays as the day goes on. *turn*: who goes first. *used*: since when the room waits to be wiped
    after it. *says_late*: by how many minutes the person will come later, as she has said."""

    visit_id: str
    room: str
    doctor: str
    service: str
    start: float
    length: float
    own: bool
    column: int
    stage: Stage
    turn: tuple[float, int]
    walk_in: bool
    arrived: float | None
    called: float | None
    ended: float | None
    cleaned: float | None
    used: float | None
    says_late: int

    @property
    def minutes_taken(self) -> float:
        """How long a visit took that is over; 0 where that is not known."""
        return max(0.5, self.ended - self.called) if self.ended is not None and self.called is not None else 0.0


@dataclass(frozen=True)
class Away:
    """A doctor has said that she is away, *since* when, and for how many *minutes* if she knows."""

    since: float
    minutes: int | None


@dataclass(frozen=True)
class Today:
    """The day of one room and, as far as her doctors are elsewhere, of other rooms."""

    cases: tuple[Case, ...]
    away: dict[str, Away]
    cleaning: float

    @property
    def doctors(self) -> tuple[str, ...]:
        return tuple(sorted({case.doctor for case in self.cases}))

    @property
    def rooms(self) -> tuple[str, ...]:
        return tuple(sorted({case.room for case in self.cases}))

    def opens(self, doctor: str) -> float:
        """When the doctor's first visit was planned."""
        return min(case.start for case in self.cases if case.doctor == doctor)

    def last_ended(self, doctor: str) -> float | None:
        """When she ended her last visit; None before the first."""
        return max(
            (case.ended for case in self.cases if case.doctor == doctor and case.ended is not None), default=None
        )


def by_visit(plan: DayPlan, facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """The facts of each visit, those in other rooms too."""
    found: dict[str, list[Fact]] = {other.visit_id: list(other.facts) for other in plan.elsewhere}
    for fact in facts:
        found.setdefault(fact.visit_id, []).append(fact)
    return found


def read(plan: DayPlan, line: Sequence[Place], facts: Mapping[str, Sequence[Fact]], now: datetime) -> Today:
    """Plan and facts (by visit) as cases; *line*: who goes in before whom in this room."""
    everybody: list[PlannedVisit | Elsewhere] = [*plan.visits, *plan.elsewhere]
    booked = sorted(everybody, key=lambda visit: (visit.start, visit.visit_id))
    turns = _turns(line, now)
    cases = []
    for column, visit in enumerate(booked):
        mine = visit.facts if isinstance(visit, Elsewhere) else facts.get(visit.visit_id, ())
        turn = turns.get(visit.visit_id, (minutes(now, visit.start), column))
        cases.append(_case(visit, plan.room_id, mine, column, turn, now))
    return Today(tuple(cases), _away(plan.words, cases, now), float(plan.cleaning_minutes))


def _turns(line: Sequence[Place], now: datetime) -> dict[str, tuple[float, int]]:
    """The order of the room as moments, so that others can be sorted in between by their planned start."""
    turns, latest = {}, float("-inf")
    for place, each in enumerate(line):
        latest = max(latest, minutes(now, each.visit.start))
        turns[each.visit.visit_id] = (latest, place)
    return turns


def _case(
    visit: PlannedVisit | Elsewhere,
    here: str,
    facts: Sequence[Fact],
    column: int,
    turn: tuple[float, int],
    now: datetime,
) -> Case:
    stage, times = _STAGES.get(state_of(facts), Stage.OVER), _times(facts, now)
    arrived = times.get(FactKind.ARRIVED)
    elsewhere = isinstance(visit, Elsewhere)
    return Case(
        visit_id=visit.visit_id,
        room=visit.room_id if isinstance(visit, Elsewhere) else here,
        doctor=visit.doctor_id,
        service=visit.service,
        start=minutes(now, visit.start),
        length=max(1.0, (visit.end - visit.start).total_seconds() / 60),
        own=not elsewhere,
        column=column,
        stage=stage,
        turn=turn,
        walk_in=isinstance(visit, PlannedVisit) and visit.walk_in,
        arrived=0.0 if arrived is None and stage is Stage.HERE else arrived,
        called=times.get(FactKind.CALLED),
        ended=times.get(FactKind.ENDED),
        cleaned=times.get(FactKind.CLEANED),
        used=minutes(now, max(fact.at for fact in facts)) if is_uncleaned(facts) else None,
        says_late=minutes_late(facts),
    )


def minutes(now: datetime, moment: datetime) -> float:
    """From *now* on."""
    return (moment - now).total_seconds() / 60


def _times(facts: Iterable[Fact], now: datetime) -> dict[FactKind, float]:
    """When each kind of thing happened first; who waits again was not called yet, and who had not come came later."""
    times: dict[FactKind, float] = {}
    for fact in sorted(facts, key=lambda fact: (fact.at, fact.fact_id)):
        at = minutes(now, fact.at)
        if fact.kind in ANEW:
            times = {FactKind.ARRIVED: times.get(FactKind.ARRIVED, at)}
        if fact.kind is FactKind.NO_SHOW:
            times = {}
        times.setdefault(fact.kind, at)
    return times


def _away(words: Iterable[Word], cases: list[Case], now: datetime) -> dict[str, Away]:
    """Who is away by her own word; whoever has called somebody since is back."""
    last: dict[str, Word] = {}
    for word in sorted(words, key=lambda word: word.at):
        if not word.withdrawn and word.at <= now:
            last[word.doctor_id] = word
    found = {}
    for doctor, word in last.items():
        since = minutes(now, word.at)
        called = max((case.called for case in cases if case.doctor == doctor and case.called is not None), default=None)
        if word.kind is not WordKind.BACK and (called is None or called <= since):
            found[doctor] = Away(since, word.minutes)
    return found
