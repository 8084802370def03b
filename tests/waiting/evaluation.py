"""How good a forecast is, on days that it has not seen: coverage, and error against two naive ones.

Asked `BEFORE` minutes before each planned start, about the visit planned then, of everybody who was called after that
moment. *planned*: begins as planned. *carried*: the delay of the last one who was called in this room goes on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import mean

from schemas.day import DayPlan, Fact, Learnt
from telemed.queue import forecast, history
from telemed.queue.history import RoomDay, Tally
from telemed.queue.order import order
from telemed.queue.saying import Start
from telemed.queue.today import by_visit
from tests.waiting.simulator import SimulatedDay, moment, simulate
from tests.waiting.worlds import Purpose, World

BEFORE = 15.0


@dataclass(frozen=True)
class Asked:
    """One question and its answer; minutes after the planned start."""

    actual: float
    carried: float
    low: float
    median: float
    high: float

    @property
    def covered(self) -> bool:
        return self.low <= self.actual <= self.high


@dataclass(frozen=True)
class Score:
    """Over many questions: mean absolute errors in minutes, and the share of starts inside the interval."""

    count: int
    planned: float
    carried: float
    ours: float
    coverage: float
    width: float


def score(asked: Iterable[Asked]) -> Score:
    each = list(asked)
    return Score(
        count=len(each),
        planned=mean(abs(one.actual) for one in each),
        carried=mean(abs(one.actual - one.carried) for one in each),
        ours=mean(abs(one.actual - one.median) for one in each),
        coverage=mean(one.covered for one in each),
        width=mean(one.high - one.low for one in each),
    )


def starts(plan: DayPlan, facts: Iterable[Fact], now: datetime) -> dict[str, Start]:
    """As `telemed.queue.model.standing` asks for them."""
    known = by_visit(plan, facts)
    return forecast.starts(plan, order(plan.visits, known), known, now)


def whole(day: SimulatedDay) -> tuple[RoomDay, ...]:
    """The finished day, as the centre has it."""
    evening = moment(day.day, 24 * 60)
    return tuple(RoomDay(*day.seen(room, evening)) for room in day.rooms)


@dataclass
class School:
    """A forecast that goes on learning, day after day."""

    tally: Tally
    learnt: Learnt | None = None

    def attend(self, world: World, days: Iterable[int], purpose: Purpose = Purpose.TRAINING) -> "School":
        for number in days:
            self.live(simulate(world, purpose, number))
        return self

    def live(self, day: SimulatedDay) -> None:
        """Learn a day that is over."""
        history.learn(self.tally, whole(day), morning=self.learnt)
        self.learnt = history.learnt(self.tally, as_of=moment(day.day, 24 * 60))


def school(world: World, days: int) -> School:
    """What is known after so many days; each has two sessions, of one doctor each."""
    return School(Tally()).attend(world, range(days))


def examine(pupil: School, world: World, days: Iterable[int], *, purpose: Purpose = Purpose.HELD_BACK) -> list[Asked]:
    """Ask about days that were held back; nothing is learnt of them."""
    return [one for number in days for one in questions(simulate(world, purpose, number), pupil.learnt)]


def accompany(pupil: School, world: World, days: Iterable[int]) -> list[list[Asked]]:
    """Ask about each held-back day before it is learnt, as it is in a centre; the answers of each day."""
    answers = []
    for number in days:
        day = simulate(world, Purpose.HELD_BACK, number)
        answers.append(questions(day, pupil.learnt))
        pupil.live(day)
    return answers


def questions(day: SimulatedDay, learnt: Learnt | None) -> list[Asked]:
    asked = []
    for one in day.visits:
        now, called = moment(day.day, one.start - BEFORE), day.called.get(one.visit_id)
        if one.walk_in or called is None or called <= now:
            continue
        start = moment(day.day, one.start)
        answer = starts(*day.seen(one.room, now, learnt), now)[one.visit_id]
        low, median, high = ((at - start).total_seconds() / 60 for at in (answer.low, answer.expected, answer.high))
        actual = (called - start).total_seconds() / 60
        asked.append(Asked(actual, _carried(day, one.room, now), low, median, high))
    return asked


def _carried(day: SimulatedDay, room: str, now: datetime) -> float:
    """The delay of the last one who was called in this room; never less than none."""
    here = {one.visit_id: one for one in day.visits if one.room == room}
    called = max(((at, visit) for visit, at in day.called.items() if visit in here and at <= now), default=None)
    if called is None:
        return 0.0
    at, visit = called
    return max(0.0, (at - moment(day.day, here[visit].start)).total_seconds() / 60)
