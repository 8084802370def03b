"""Who goes in before whom, and why: one rule for centre and room, explained to staff for each person. Pure.

1. Whoever is called or inside comes first.
2. Then by turn. With an appointment it is the planned start, whoever comes when; without one it is `ABOUT` later,
   behind those with appointments of about the same time.
3. Who comes more than `GRACE` after the start goes behind the next one who was here by then, once. Who had said so, and
   comes by then (and `GRACE`), keeps the place. Until then the turn is the time that was said.
   That somebody who was here has gone in since changes nothing: a place is lost once.
4. Who is skipped, or put back by own wish or for being not ready, goes behind the next one who is here, once for each
   time. Who was put back by mistake or for a technical fault, and whose visit is reopened, keeps the place.

Only those who are here are called; those who are still to come stand in the order for the forecast.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.day import Fact, FactKind, FactReason, PlannedVisit
from telemed.visit.model import ANEW, GOING_ON, VisitState, state_of

ABOUT = timedelta(minutes=10)
GRACE = timedelta(minutes=5)


class Why(StrEnum):
    """Why somebody stands where they stand."""

    CALLED = "called"
    PLANNED = "planned"
    WALK_IN = "walk-in"
    SAID_LATE = "said-late"
    CAME_LATE = "came-late"
    SKIPPED = "skipped"
    PUT_BACK = "put-back"
    REOPENED = "reopened"


@dataclass(frozen=True)
class Place:
    """A visit in the order. *reason*: that of the fact that put it there, if it had one."""

    visit: PlannedVisit
    why: Why
    reason: FactReason | None = None


KEEPS = frozenset({FactReason.MISTAKE, FactReason.TECHNICAL})
"""Not the person's doing: who is put back for it keeps the place."""


def order(visits: Iterable[PlannedVisit], facts: Mapping[str, Sequence[Fact]]) -> tuple[Place, ...]:
    """Everybody whose visit is not over, in order; *facts* by visit, each in any order."""
    line = sorted(visits, key=lambda visit: _key(visit, facts.get(visit.visit_id, ())))
    for fact, visit in _moves(line, facts):
        _behind_next(line, visit, facts, fact.at)
    places = [_place(visit, facts.get(visit.visit_id, ())) for visit in line if _is_open(visit, facts)]
    return tuple(sorted(places, key=lambda place: place.why is not Why.CALLED))


def _is_open(visit: PlannedVisit, facts: Mapping[str, Sequence[Fact]]) -> bool:
    return state_of(facts.get(visit.visit_id, ())) not in (VisitState.ENDED, VisitState.NO_SHOW)


def minutes_late(facts: Iterable[Fact]) -> int:
    """How many minutes after the planned start somebody said to come; 0 if nobody said so."""
    said = max((fact for fact in facts if fact.kind is FactKind.LATE), key=_moment, default=None)
    return (said.minutes or 0) if said else 0


def arrival(facts: Iterable[Fact]) -> Fact | None:
    """The first arrival, without those that a no-show cancelled."""
    known = sorted(facts, key=_moment)
    missed = max((fact.at for fact in known if fact.kind is FactKind.NO_SHOW), default=None)
    came = [fact for fact in known if fact.kind is FactKind.ARRIVED]
    since = [fact for fact in came if missed is None or fact.at > missed]
    return next(iter(since or came), None)


def _key(visit: PlannedVisit, facts: Sequence[Fact]) -> tuple[datetime, bool, datetime, str]:
    turn = visit.start + (ABOUT if visit.walk_in else timedelta(0))
    if state_of(facts) is VisitState.PLANNED:
        turn += timedelta(minutes=minutes_late(facts))
    return turn, visit.walk_in, visit.start, visit.visit_id


def _moves(line: Iterable[PlannedVisit], facts: Mapping[str, Sequence[Fact]]) -> list[tuple[Fact, PlannedVisit]]:
    """What moved somebody behind another, in the order in which it happened."""
    found = []
    for visit in line:
        own = facts.get(visit.visit_id, ())
        found += [(fact, visit) for fact in own if _moves_back(fact)]
        came = arrival(own)
        if came is not None and came_late(visit, own):
            found.append((came, visit))
    return sorted(found, key=lambda each: _moment(each[0]))


def _moves_back(fact: Fact) -> bool:
    return fact.kind is FactKind.SKIPPED or (fact.kind is FactKind.PUT_BACK and fact.reason not in KEEPS)


def came_late(visit: PlannedVisit, facts: Iterable[Fact]) -> bool:
    """Whether somebody came later than planned, and than was said."""
    known = list(facts)
    came = arrival(known)
    said = timedelta(minutes=minutes_late(known))
    return not visit.walk_in and came is not None and came.at > visit.start + said + GRACE


def _behind_next(
    line: list[PlannedVisit], visit: PlannedVisit, facts: Mapping[str, Sequence[Fact]], at: datetime
) -> None:
    """Move *visit* behind the next one in *line* who was here and waited at *at*."""
    place = line.index(visit)
    for other in line[place + 1 :]:
        if _waited(facts.get(other.visit_id, ()), at):
            line.remove(visit)
            line.insert(line.index(other) + 1, visit)
            return


def _waited(facts: Iterable[Fact], at: datetime) -> bool:
    return state_of(fact for fact in facts if fact.at <= at) is VisitState.ARRIVED


def _place(visit: PlannedVisit, facts: Sequence[Fact]) -> Place:
    if state_of(facts) in GOING_ON:
        return Place(visit, Why.CALLED)
    told = [fact for fact in facts if fact.kind is FactKind.SKIPPED or fact.kind in ANEW]
    last = max(told, key=_moment, default=None)
    if last is not None:
        return Place(visit, Why(last.kind.value), last.reason)
    if came_late(visit, facts):
        return Place(visit, Why.CAME_LATE)
    if minutes_late(facts):
        return Place(visit, Why.SAID_LATE)
    return Place(visit, Why.WALK_IN if visit.walk_in else Why.PLANNED)


def _moment(fact: Fact) -> tuple[datetime, str]:
    return fact.at, fact.fact_id
