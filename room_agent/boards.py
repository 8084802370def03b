"""The board, and what it has told of every start so far: that outlives a restart, so that nothing is told earlier."""

from collections.abc import Collection
from datetime import datetime

from pydantic import BaseModel

from room_agent import day
from room_agent.journal import Journal
from schemas.board import Board
from schemas.day import DayPlan, Fact, Word
from telemed.queue.model import Said


class Told(BaseModel):
    """What was told of a start, as the journal keeps it."""

    low: datetime
    high: datetime
    at: datetime


class Telling(BaseModel):
    """*told* by visit; *words* are those of the doctors that it followed."""

    told: dict[str, Told] = {}
    words: tuple[Word, ...] = ()


class Boards:
    """Makes boards, one after the other."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        text = journal.telling()
        self._telling = Telling.model_validate_json(text) if text else Telling()

    def board(self, plan: DayPlan, facts: Collection[Fact], seen: day.Seen) -> Board:
        """What the monitors may know now; what it tells of the starts is kept."""
        before = day.still_told(
            {visit_id: Said(told.low, told.high, told.at) for visit_id, told in self._telling.told.items()},
            self._telling.words,
            plan.words,
        )
        today = day.standing(plan, facts, seen.now, before)
        said = {entry.visit.visit_id: entry.said for entry in today.line if entry.said is not None}
        self._keep(said, plan.words)
        return day.board(plan, facts, seen, today)

    def _keep(self, said: dict[str, Said], words: tuple[Word, ...]) -> None:
        told = {visit_id: Told(low=each.low, high=each.high, at=each.at) for visit_id, each in said.items()}
        telling = Telling(told=told, words=words)
        if telling != self._telling:
            self._telling = telling
            self._journal.keep_telling(telling.model_dump_json())
