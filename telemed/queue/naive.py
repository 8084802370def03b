"""When those who wait will begin if all takes as long as planned. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain

from schemas.day import DayPlan, Elsewhere, Fact, FactKind, PlannedVisit, Word, WordKind
from telemed.queue.order import Place, Why, minutes_late
from telemed.queue.saying import Start
from telemed.visit.model import GOING_ON, VisitState, state_of

UNKNOWN = timedelta(minutes=10)
"""So much longer, from now on, is an interruption whose end nobody knows."""


def starts(
    plan: DayPlan, line: Sequence[Place], by_visit: Mapping[str, Sequence[Fact]], now: datetime
) -> dict[str, Start]:
    """When those who stand in *line* and are not called will begin; half of the visit's length is left open."""
    cleaning = timedelta(minutes=plan.cleaning_minutes)
    room_free = _room_free(plan, by_visit, cleaning, now)
    found = {}
    for place in line:
        visit = place.visit
        facts = by_visit.get(visit.visit_id, ())
        length = visit.end - visit.start
        if place.why is Why.CALLED:
            began = max((fact.at for fact in facts if fact.kind is FactKind.CALLED), default=now)
            room_free = max(room_free, now, began + length) + cleaning
            continue
        comes = visit.start + timedelta(minutes=minutes_late(facts) if state_of(facts) is VisitState.PLANNED else 0)
        begins = max(comes, room_free, now, doctor_free(plan, by_visit, visit, now))
        found[visit.visit_id] = Start(begins, begins, begins + length / 2)
        room_free = begins + length + cleaning
    return found


def _room_free(plan: DayPlan, by_visit: Mapping[str, Sequence[Fact]], cleaning: timedelta, now: datetime) -> datetime:
    """After those whose visits are over."""
    free = min((visit.start for visit in plan.visits), default=now)
    for visit in plan.visits:
        facts = by_visit.get(visit.visit_id, ())
        if state_of(facts) is VisitState.ENDED:
            ended = max((fact.at for fact in facts if fact.kind is FactKind.ENDED), default=now)
            cleaned = min(
                (fact.at for fact in facts if fact.kind is FactKind.CLEANED and fact.at >= ended), default=None
            )
            free = max(free, cleaned or max(now, ended + cleaning))
    return free


def doctor_free(plan: DayPlan, by_visit: Mapping[str, Sequence[Fact]], visit: PlannedVisit, now: datetime) -> datetime:
    """Not before then the doctor of *visit* can begin it, by her own word and by what she has in other rooms."""
    own = [by_visit.get(other.visit_id, ()) for other in plan.visits if other.doctor_id == visit.doctor_id]
    word = standing_word(plan.words, visit.doctor_id, chain.from_iterable(own))
    free = now
    if word is not None and word.kind is not WordKind.BACK:
        free = now + UNKNOWN if word.minutes is None else word.at + timedelta(minutes=word.minutes)
    for other in sorted(plan.elsewhere, key=lambda other: (other.start, other.visit_id)):
        if other.doctor_id == visit.doctor_id:
            free = _after(other, visit, free, now)
    return max(now, free)


def _after(other: Elsewhere, visit: PlannedVisit, free: datetime, now: datetime) -> datetime:
    state, length = state_of(other.facts), other.end - other.start
    if state in GOING_ON:
        began = max((fact.at for fact in other.facts if fact.kind is FactKind.CALLED), default=now)
        return max(free, now, began + length)
    if state in (VisitState.PLANNED, VisitState.ARRIVED) and other.start <= visit.start:
        return max(free, other.start, now) + length
    return free


def standing_word(words: Sequence[Word], doctor_id: str, facts: Iterable[Fact]) -> Word | None:
    """The doctor's last word, unless it was withdrawn, or she has called somebody since: then she is back.

    *facts*: those of her visits.
    """
    own = [word for word in words if word.doctor_id == doctor_id and not word.withdrawn]
    last = max(own, key=lambda word: (word.at, word.word_id), default=None)
    called = max((fact.at for fact in facts if fact.kind is FactKind.CALLED), default=None)
    return None if last is None or (called is not None and called > last.at) else last
