"""The centre learns from its finished days, each once, how long things take; nobody who came is in what it keeps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from schemas.day import Fact, FactKind
from telemed.booking import service as booking
from telemed.booking.planner import day_window
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.kit.clock import Clock
from telemed.kit.db import Tx, take_turn
from telemed.queue import history, learnt_store, plans
from telemed.queue.history import RoomDay, Tally
from telemed.visit import service as visit

LONGEST_BACK = timedelta(days=30)
"""So long facts are kept (`telemed.visit.store`)."""


@dataclass(frozen=True)
class Lesson:
    """The next finished day: *rooms* as they went on, *before* what is known already, *after* which day."""

    before: Tally
    after: date | None
    day: date
    rooms: tuple[RoomDay, ...]


def next_lesson(tx: Tx, *, now: datetime, clock: Clock) -> Lesson | None:
    """The next finished day with visits, or else yesterday; None when all is learnt."""
    known, kept = directory.load(tx), learnt_store.counts(tx)
    today = plans.civil(known, now)
    day = max(today - LONGEST_BACK, kept[0] + timedelta(days=1)) if kept else today - LONGEST_BACK
    if day >= today:
        return None
    rooms = tuple(_rooms(tx, known, day, clock))
    while not rooms and day < today - timedelta(days=1):
        day += timedelta(days=1)
        rooms = tuple(_rooms(tx, known, day, clock))
    return Lesson(Tally.from_json(kept[1]) if kept else Tally(), kept[0] if kept else None, day, rooms)


def learn(lesson: Lesson, *, now: datetime) -> Tally:
    """What is known after *lesson*. It takes a while, and needs no transaction."""
    tally = lesson.before
    history.learn(tally, lesson.rooms, morning=history.learnt(tally, as_of=now))
    return tally


def keep(tx: Tx, lesson: Lesson, tally: Tally, *, now: datetime) -> bool:
    """Keep it, unless another process was quicker; whether it was kept."""
    take_turn(tx, "learning")
    kept = learnt_store.counts(tx)
    if (kept[0] if kept else None) != lesson.after:
        return False
    learnt_store.keep(tx, lesson.day, tally.to_json(), history.learnt(tally, as_of=now), now=now)
    return True


def _rooms(tx: Tx, known: Directory, day: date, clock: Clock) -> Iterator[RoomDay]:
    """Each room's day as it went; at home each doctor's, who waits for nobody else's room."""
    evening = day_window(day, known)[1] - timedelta(seconds=1)
    rooms = sorted({one.offer.room_id for one in booking.on_day(tx, known, day)} & set(known.rooms))
    for room_id in rooms:
        plan = plans.plan(tx, known, room_id, now=evening, clock=clock)
        facts = tuple(visit.facts_on(tx, room_id, now=evening))
        if known.rooms[room_id].is_claimed:
            yield RoomDay(plan, facts)
            continue
        for doctor in sorted({one.doctor_id for one in plan.visits}):
            own = tuple(one for one in plan.visits if one.doctor_id == doctor)
            ids = {one.visit_id for one in own}
            home = plan.model_copy(update={"visits": own, "room_id": f"{room_id}.{doctor}"})
            yield RoomDay(home, tuple(_wiped(fact for fact in facts if fact.visit_id in ids)))


def _wiped(facts: Iterator[Fact]) -> Iterator[Fact]:
    """At home nothing is wiped down between two visits."""
    for fact in facts:
        yield fact
        if fact.kind is FactKind.ENDED:
            yield fact.model_copy(update={"kind": FactKind.CLEANED, "fact_id": f"{fact.fact_id[:60]}-c"})
