"""Centre and room without a line between them: both go on, contradict each other, and meet again.

What happens is drawn from a seed, and is only what each side's own rules allow at that moment.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from room_agent.journal import Journal
from room_agent.room import SILENCE_S, Room
from schemas.day import Fact, FactKind, FactReason
from schemas.visit import Paired
from telemed.kit.refusal import Refusal
from telemed.queue import model
from telemed.queue import service as queue
from telemed.visit import service as visit
from telemed.visit.model import REASONED, VisitState
from tests.builders import World, make_booking

ROOM = "room-1"
STARTS = ("09:10", "09:40", "10:10", "10:40", "11:10")
NEVER_NOTED = (FactKind.EMERGENCY, FactKind.HELPED)
"""Calls for help have a way of their own."""


@dataclass
class Sides:
    """Both ends, and every fact that one of them has acknowledged."""

    world: World
    room: Room
    chance: Random
    acknowledged: dict[str, Fact] = field(default_factory=dict)

    def in_centre(self) -> bool:
        """Somebody notes something in the centre, if it can be; whether it could."""
        visit_id, kind, reason, minutes = self._drawn()
        try:
            with self.world.db.transaction() as tx:
                fact = visit.record(
                    tx, visit_id=visit_id, kind=kind, by="doctor", now=self.world.now, reason=reason, minutes=minutes
                )
        except Refusal:
            return False
        self.acknowledged[fact.fact_id] = fact
        return True

    def in_room(self) -> bool:
        """The same in the room, by its assistant, who can only without a line."""
        visit_id, kind, reason, minutes = self._drawn()
        if not self.room.note(kind, visit_id, reason, minutes):
            return False
        fact = self.room.facts[-1]
        self.acknowledged[fact.fact_id] = fact
        return True

    def _drawn(self) -> tuple[str, FactKind, FactReason | None, int | None]:
        visit_id = self.chance.choice(self.visits)
        kind = self.chance.choice([kind for kind in FactKind if kind not in NEVER_NOTED])
        reason = self.chance.choice(REASONED[kind]) if kind in REASONED else None
        return visit_id, kind, reason, 15 if kind is FactKind.LATE else None

    @property
    def visits(self) -> list[str]:
        plan = self.room.plan
        assert plan is not None
        return [planned.visit_id for planned in plan.visits]

    def centre_day(self) -> queue.Day:
        with self.world.db.reading() as tx:
            return queue.day(tx, ROOM, now=self.world.now, clock=self.world.centre.clock)

    def lost(self) -> list[str]:
        """What was acknowledged and is not on both sides, or not as it was."""
        in_centre = {fact.fact_id: fact for fact in self.centre_day().facts}
        in_room = {fact.fact_id: fact for fact in self.room.facts}
        return [
            fact_id
            for fact_id, fact in self.acknowledged.items()
            if in_centre.get(fact_id) != fact or in_room.get(fact_id) != fact
        ]

    def states(self) -> tuple[dict[str, VisitState], dict[str, VisitState]]:
        """How each visit stands, in the centre and in the room."""
        centre = {each.visit.visit_id: each.state for each in self.centre_day().standing.visits}
        plan = self.room.plan
        assert plan is not None
        room = {
            each.visit.visit_id: each.state for each in model.standing(plan, self.room.facts, self.world.now).visits
        }
        return centre, room


@dataclass
class HandMonotonic:
    """Counts with the world's clock."""

    world: World
    start: datetime

    def __call__(self) -> float:
        return (self.world.now - self.start).total_seconds()


def sides(world: World, folder: Path, seed: str) -> Sides:
    """A room that has the day's plan, and hears nothing any more."""
    for start in STARTS:
        make_booking(world, at=start)
    room = Room(
        Journal(folder / "journal.sqlite"),
        simulated=False,
        real=lambda: world.now,
        mono=HandMonotonic(world, world.now),
    )
    room.belong(Paired(machine_id="agent", room_id=ROOM, server="centre.test"))
    made = Sides(world, room, Random(seed))
    meet(made)
    return made


def meet(both: Sides) -> None:
    """What the line does when it is there again, each message twice, for it may be repeated."""
    for _ in range(2):
        day = both.centre_day()
        both.room.take_plan(day.plan)
        both.room.hear(day.facts)
        both.room.heard_centre()
        with both.world.db.transaction() as tx:
            kept = visit.take_in(tx, ROOM, both.room.journal.untaken(), now=both.world.now)
        both.room.taken(kept)


def cut(both: Sides, lasts: timedelta, deeds: int = 12) -> int:
    """Without a line for so long, in which both sides do what they can; how much that was."""
    before, step = len(both.acknowledged), lasts / deeds
    for _ in range(deeds):
        both.world.clock.forward(step)
        for side in both.chance.sample([both.in_centre, both.in_room], 2):
            for _ in range(6):
                if side():
                    break
    return len(both.acknowledged) - before


SILENT = timedelta(seconds=SILENCE_S + 1)
CUTS = (timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(hours=8))
