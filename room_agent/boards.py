"""The board, and what it has told of every start so far: that outlives a restart, so that nothing is told earlier."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from pydantic import BaseModel

from room_agent import day
from room_agent.journal import Journal
from schemas.board import Announced, Board
from schemas.day import DayPlan, Fact, Word
from telemed.queue.model import Said, Standing


class Told(BaseModel):
    """What was told of a start, as the journal keeps it."""

    low: datetime
    high: datetime
    at: datetime


class Telling(BaseModel):
    """*told* by visit; *words* are those of the doctors that it followed.

    *announced* counts on its own day only."""

    told: dict[str, Told] = {}
    words: tuple[Word, ...] = ()
    announced: Announced | None = None
    announced_on: date | None = None


ONCE_FOR_ALL = timedelta(seconds=1)


class Boards:
    """Makes boards, one after the other."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        text = journal.telling()
        self._telling = Telling.model_validate_json(text) if text else Telling()
        self._latest: tuple[DayPlan, Collection[Fact], datetime, Standing] | None = None

    def board(self, plan: DayPlan, facts: Collection[Fact], seen: day.Seen) -> Board:
        """What the monitors may know now; what it tells of the starts is kept."""
        today = self._standing(plan, facts, seen.now)
        board = day.board(plan, facts, seen, today)
        return board.model_copy(update={"announced": self.announced(day.civil_day(seen.now))})

    def _standing(self, plan: DayPlan, facts: Collection[Fact], now: datetime) -> Standing:
        """How the day stands; worked out once for all monitors that ask within `ONCE_FOR_ALL`."""
        latest = self._latest
        if latest and latest[0] is plan and latest[1] is facts and timedelta(0) <= now - latest[2] < ONCE_FOR_ALL:
            return latest[3]
        before = day.still_told(
            {visit_id: Said(told.low, told.high, told.at) for visit_id, told in self._telling.told.items()},
            self._telling.words,
            plan.words,
        )
        today = day.standing(plan, facts, now, before)
        self._keep({entry.visit.visit_id: entry.said for entry in today.line if entry.said is not None}, plan.words)
        self._latest = plan, facts, now, today
        return today

    def announced(self, today: date) -> Announced | None:
        """What fills the monitors on the day *today*; at midnight it is over."""
        return self._telling.announced if self._telling.announced_on == today else None

    def announce(self, what: Announced | None, today: date) -> None:
        """Fill the monitors with *what*, or give them back."""
        self._write(self._telling.model_copy(update={"announced": what, "announced_on": today}))

    def _keep(self, said: dict[str, Said], words: tuple[Word, ...]) -> None:
        told = {visit_id: Told(low=each.low, high=each.high, at=each.at) for visit_id, each in said.items()}
        self._write(self._telling.model_copy(update={"told": told, "words": words}))

    def _write(self, telling: Telling) -> None:
        if telling != self._telling:
            self._telling = telling
            self._journal.keep_telling(telling.model_dump_json())
