"""Replays of real days: the forecast is asked about a day that a room has written down, as it went on.

A day is JSON lines: the plan, then each fact, as they stand in the room's journal; `make visit` leaves its own in
``build/visit/day.jsonl``. `python -m tests.waiting.replay PATH…` takes such files, and state folders of room agents.
"""

import shutil
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from room_agent import sealing
from room_agent.journal import Journal
from schemas.day import DayPlan, Fact, FactKind, Learnt
from telemed.queue.history import RoomDay, as_it_was
from tests.bench.harness import note
from tests.waiting.evaluation import BEFORE, Asked, score, starts

DAYS = Path(__file__).parent / "days"
"""Days that were written down."""


def written(day: RoomDay) -> str:
    """As JSON lines, without what a forecast has no use for: keys, codes, telephone numbers."""
    bare = day.plan.model_copy(
        update={"machines": (), "devices": (), "assistant_code": "", "help_phone": "", "room_phone": ""}
    )
    return "".join(f"{message.to_wire()}\n" for message in (bare, *day.facts))


def read(text: str) -> RoomDay:
    first, *others = text.splitlines()
    return RoomDay(DayPlan.model_validate_json(first), tuple(Fact.model_validate_json(line) for line in others))


def of_journal(folder: Path) -> RoomDay:
    """The day in the journal of a room agent, also of one that runs: a copy is read.

    Raises:
        ValueError: it knows no plan.
    """
    with TemporaryDirectory() as copy:
        for path in folder.iterdir():
            if path.is_file():
                shutil.copy2(path, copy)
        journal = Journal(Path(copy) / "journal.sqlite", sealing.of_machine(Path(copy)))
        try:
            plan, facts = journal.plan(), journal.facts()
        finally:
            journal.close()
    if plan is None:
        raise ValueError(f"{folder} has no plan")
    return RoomDay(plan, facts)


def replayed(day: RoomDay, learnt: Learnt | None = None) -> list[Asked]:
    """Asked about everybody who was called, some time before the planned start and again on arrival."""
    called = {fact.visit_id: fact.at for fact in day.facts if fact.kind is FactKind.CALLED}
    came = {fact.visit_id: fact.at for fact in day.facts if fact.kind is FactKind.ARRIVED}
    planned = {visit.visit_id: visit.start for visit in day.plan.visits}
    asked = []
    for visit, start in planned.items():
        for now in {start - timedelta(minutes=BEFORE), came.get(visit, start)}:
            if visit not in called or called[visit] <= now:
                continue
            then = as_it_was(day, now)
            answer = starts(then.plan.model_copy(update={"learnt": learnt}), then.facts, now)[visit]
            before = [(at, other) for other, at in called.items() if at <= now and other in planned]
            at, other = max(before, default=(start, visit))
            late = max(timedelta(0), at - planned[other])
            values = (
                called[visit] - start,
                late,
                *(each - start for each in (answer.low, answer.expected, answer.high)),
            )
            asked.append(Asked(*(value.total_seconds() / 60 for value in values)))
    return asked


def main(paths: list[str]) -> None:
    for path in map(Path, paths):
        found = score(replayed(of_journal(path) if path.is_dir() else read(path.read_text())))
        note(f"{path}: {found}")


if __name__ == "__main__":
    main(sys.argv[1:])
