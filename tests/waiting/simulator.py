"""SIMULATED: a discrete-event simulator that lets a drawn day happen, as plans, facts and words of the real schema.

It respects that a room holds one person and is cleaned afterwards, that a doctor is in one room at a time and begins
late, and that nobody is called who is not here. Staff follow the order that our programs propose: by planned start, a
walk-in later, and whoever comes late behind the next one who is here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from schemas.day import DayPlan, Elsewhere, Fact, FactKind, Learnt, PlannedVisit, Ticket, Word, WordKind
from tests.waiting.worlds import CLEANING, Booked, DayAhead, Pause, Purpose, World, draw

MISSED_AFTER = 20.0
"""Minutes after the planned start at which the assistant notes a no-show."""
GRACE, WALK_IN_LATER = 5.0, 10.0
"""Minutes."""
FIRST_DAY = date(2026, 1, 5)
TICKET = Ticket(picture="sun", letter="K", digits="47")


@dataclass(frozen=True)
class SimulatedDay:
    """One day of a clinic, whole: what every room was told and what happened. *called* is the truth to be forecast."""

    day: date
    visits: tuple[Booked, ...]
    facts: tuple[Fact, ...]
    words: tuple[Word, ...]
    called: dict[str, datetime]

    @property
    def rooms(self) -> tuple[str, ...]:
        return tuple(sorted({one.room for one in self.visits}))

    def seen(self, room: str, now: datetime, learnt: Learnt | None = None) -> tuple[DayPlan, tuple[Fact, ...]]:
        """What *room* can know at *now*: its plan and its facts, nothing of what comes."""
        known = [one for one in self.visits if not one.walk_in or moment(self.day, one.known_from) <= now]
        own = [one for one in known if one.room == room]
        ids, doctors = {one.visit_id for one in own}, {one.doctor for one in own}
        past = [fact for fact in self.facts if fact.at <= now]
        plan = DayPlan(
            room_id=room,
            room_name=room,
            day=self.day,
            seq=int(now.timestamp()),
            as_of=now,
            cleaning_minutes=int(CLEANING),
            visits=tuple(planned(self.day, one) for one in own),
            words=tuple(word for word in self.words if word.at <= now and word.doctor_id in doctors),
            elsewhere=tuple(
                _elsewhere(self.day, one, past) for one in known if one.room != room and one.doctor in doctors
            ),
            learnt=learnt,
        )
        return plan, tuple(fact for fact in past if fact.visit_id in ids)


def moment(day: date, minutes: float) -> datetime:
    """To the second, as the programs note it."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=round(minutes * 60))


def planned(day: date, one: Booked) -> PlannedVisit:
    return PlannedVisit(
        visit_id=one.visit_id,
        ticket=TICKET,
        start=moment(day, one.start),
        end=moment(day, one.end),
        doctor_id=one.doctor,
        doctor_name=one.doctor,
        service=one.service,
        walk_in=one.walk_in,
    )


def _elsewhere(day: date, one: Booked, past: Iterable[Fact]) -> Elsewhere:
    return Elsewhere(
        visit_id=one.visit_id,
        room_id=one.room,
        doctor_id=one.doctor,
        start=moment(day, one.start),
        end=moment(day, one.end),
        service=one.service,
        facts=tuple(fact for fact in past if fact.visit_id == one.visit_id),
    )


def simulate(world: World, purpose: Purpose, number: int) -> SimulatedDay:
    """Day *number* of this world; the same every time."""
    return happen(draw(world, purpose, number), FIRST_DAY + timedelta(days=number))


def happen(ahead: DayAhead, day: date) -> SimulatedDay:
    """Let the day happen."""
    run = _Run(day, dict(ahead.begins), list(ahead.pauses))
    for one in ahead.visits:
        run.announce(one)
    waiting = [one for one in ahead.visits if one.arrives is not None]
    while waiting:
        first = min(waiting, key=lambda one: (run.ready(one), one.start, one.visit_id))
        ready = run.ready(first)
        now_ready = [one for one in waiting if one.doctor == first.doctor and run.ready(one) <= ready]
        chosen = min(now_ready, key=lambda one: (_turn(one, waiting), one.visit_id))
        run.serve(chosen, ready)
        waiting.remove(chosen)
    facts = sorted(run.facts, key=lambda fact: (fact.at, fact.fact_id))
    called = {fact.visit_id: fact.at for fact in facts if fact.kind is FactKind.CALLED}
    return SimulatedDay(day, ahead.visits, tuple(facts), tuple(run.words), called)


def _turn(one: Booked, waiting: Iterable[Booked]) -> float:
    """Who came late lets the next one of the same room go first who was here already."""
    turn = one.start + (WALK_IN_LATER if one.walk_in else 0.0)
    if one.walk_in or one.arrives is None or one.arrives <= one.start + (one.says_late or 0) + GRACE:
        return turn
    here = (each for each in waiting if each.room == one.room and each.arrives is not None)
    after = (each.start for each in here if (each.arrives or 0.0) < one.arrives and each.start > turn)
    return min(after, default=turn) + 0.01


@dataclass
class _Run:
    """The day as it goes on: when each doctor and each room is free."""

    day: date
    doctor_free: dict[str, float]
    pauses: list[Pause]
    room_free: dict[str, float] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)

    def ready(self, one: Booked) -> float:
        """From when on this visit could be called."""
        assert one.arrives is not None
        return max(one.arrives, self.doctor_free[one.doctor], self.room_free.get(one.room, 0.0))

    def announce(self, one: Booked) -> None:
        """What becomes known of a person before the call."""
        if one.says_late is not None:
            self._note(one, FactKind.LATE, one.known_from, minutes=one.says_late)
        missed = one.start + MISSED_AFTER
        if one.arrives is None or one.arrives > missed + (one.says_late or 0):
            self._note(one, FactKind.NO_SHOW, missed + (one.says_late or 0))
        if one.arrives is not None:
            self._note(one, FactKind.ARRIVED, one.arrives)

    def serve(self, one: Booked, ready: float) -> None:
        called = ready + one.gap
        ended = called + one.length
        self._note(one, FactKind.CALLED, called)
        self._note(one, FactKind.ENTERED, called + min(1.0, one.length / 2))
        self._note(one, FactKind.ENDED, ended)
        self._note(one, FactKind.CLEANED, ended + one.cleaning)
        self.doctor_free[one.doctor] = ended
        self.room_free[one.room] = ended + one.cleaning
        for pause in [each for each in self.pauses if each.doctor == one.doctor and each.after <= ended]:
            self.pauses.remove(pause)
            self._pause(pause, ended)

    def _pause(self, pause: Pause, at: float) -> None:
        back = at + pause.minutes
        self.doctor_free[pause.doctor] = max(self.doctor_free[pause.doctor], back)
        if pause.says:
            self._say(pause, WordKind.INTERRUPTED, at, pause.guess)
            self._say(pause, WordKind.BACK, back, None)

    def _say(self, pause: Pause, kind: WordKind, at: float, minutes: int | None) -> None:
        word_id = f"{pause.doctor}-{kind.value}-{int(at * 60)}"
        said = moment(self.day, at)
        self.words.append(Word(word_id=word_id, doctor_id=pause.doctor, kind=kind, at=said, minutes=minutes))

    def _note(self, one: Booked, kind: FactKind, at: float, *, minutes: int | None = None) -> None:
        by = "resident" if kind in (FactKind.ARRIVED, FactKind.LATE) else "room"
        self.facts.append(
            Fact(
                fact_id=f"{one.visit_id}-{kind.value}",
                visit_id=one.visit_id,
                kind=kind,
                at=moment(self.day, at),
                by=by,
                minutes=minutes,
            )
        )
