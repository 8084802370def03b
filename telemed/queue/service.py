"""Who is next, when, how late: the day of a room and of a doctor, as the centre sees it, and the doctor's own word."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from schemas.day import DayPlan, Fact, FactKind, Learnt, PlannedVisit, Word, WordKind
from telemed.booking import service as booking
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.kit.clock import Clock
from telemed.kit.db import Tx
from telemed.kit.ids import new_id
from telemed.kit.outbox import emit
from telemed.kit.refusal import Refusal, Sense
from telemed.queue import learnt_store, plans, store
from telemed.queue.history import Tally
from telemed.queue.model import UNDO, LineMoved, Said, Standing, WordGiven, present, standing
from telemed.visit import service as visit
from telemed.visit.model import RoomNotReady, VisitState

KEEP_WORDS = timedelta(days=30)
KEEP_SAID = timedelta(days=1)


class NobodyWaits(Refusal):
    """Nobody of this doctor's has arrived and waits."""

    sense = Sense.CONFLICT
    key = "refusal.nobody_waits"


class TooLateToUndo(Refusal):
    """The word was given too long ago, or is not hers; she can say that she is back."""

    sense = Sense.CONFLICT
    key = "refusal.word_stands"


@dataclass(frozen=True)
class Day:
    """One room's day: what was planned, what happened, and how it stands at *now*. *told*: of the starts, by visit."""

    plan: DayPlan
    facts: tuple[Fact, ...]
    now: datetime
    told: Mapping[str, Said]
    is_home: bool = False

    @cached_property
    def standing(self) -> Standing:
        """With the forecast, which takes a while: only who looks at it pays for it."""
        return standing(self.plan, self._facts(), self.now, self.told)

    @cached_property
    def present(self) -> Standing:
        """The same without the starts."""
        return present(self.plan, self._facts())

    def _facts(self) -> tuple[Fact, ...]:
        return (*self.facts, *_clean(self.facts)) if self.is_home else self.facts


def day(tx: Tx, room_id: str, *, now: datetime, clock: Clock, doctor_id: str | None = None) -> Day:
    """The day of *room_id* at *now*.

    At home each doctor has a day of her own (*doctor_id*): nobody there waits for anybody else's room.

    Raises:
        NotFound: there is no such room (any more).
    """
    known = directory.load(tx)
    plan = plans.plan(tx, known, room_id, now=now, clock=clock)
    facts = tuple(visit.facts_of_all(tx, [one.visit_id for one in plan.visits]))
    told = store.said_of(tx, [one.visit_id for one in plan.visits])
    is_home = not known.rooms[room_id].is_claimed
    if is_home and doctor_id is not None:
        own = tuple(one for one in plan.visits if one.doctor_id == doctor_id)
        plan = plan.model_copy(update={"visits": own})
    return Day(plan, facts, now, told, is_home)


def _clean(facts: Iterable[Fact]) -> list[Fact]:
    """At home nothing is wiped down between two visits."""
    ended = (fact for fact in facts if fact.kind in (FactKind.ENDED, FactKind.PUT_BACK, FactKind.REOPENED))
    return [fact.model_copy(update={"kind": FactKind.CLEANED, "fact_id": f"{fact.fact_id[:60]}-c"}) for fact in ended]


def doctor_days(tx: Tx, doctor_id: str, *, now: datetime, clock: Clock) -> list[Day]:
    """The days of the rooms in which the doctor has visits today."""
    known = directory.load(tx)
    own = booking.on_day(tx, known, plans.civil(known, now), doctor_id=doctor_id)
    rooms = sorted({one.offer.room_id for one in own})
    return [day(tx, room_id, now=now, clock=clock, doctor_id=doctor_id) for room_id in rooms]


def call_next(tx: Tx, *, doctor_id: str, now: datetime, clock: Clock) -> PlannedVisit:
    """Call the doctor's next person, who has arrived, into a free room.

    Raises:
        NobodyWaits: nobody of this doctor's has arrived.
        RoomNotReady: the room is occupied or not yet cleaned.
    """
    not_ready: RoomNotReady | None = None
    for today in doctor_days(tx, doctor_id, now=now, clock=clock):
        waiting = [
            entry.visit
            for entry in today.present.line
            if entry.visit.doctor_id == doctor_id and entry.state is VisitState.ARRIVED
        ]
        if not waiting:
            continue
        try:
            visit.record(tx, visit_id=waiting[0].visit_id, kind=FactKind.CALLED, by="doctor", now=now)
        except RoomNotReady as error:
            not_ready = error
            continue
        return waiting[0]
    raise not_ready or NobodyWaits


def give_word(tx: Tx, doctor_id: str, kind: WordKind, *, minutes: int | None = None, now: datetime) -> Word:
    """A doctor says of her own day that it will be later, or that she is back. It counts at once."""
    word = Word(word_id=new_id(), doctor_id=doctor_id, kind=kind, at=now, minutes=minutes)
    store.add(tx, word)
    emit(tx, WordGiven(doctor_id, word.word_id), now=now)
    return word


def withdraw_word(tx: Tx, doctor_id: str, word_id: str, *, now: datetime) -> None:
    """It was a mistake: the word before it stands again.

    Raises:
        TooLateToUndo: it was given more than `UNDO` ago, or is unknown.
    """
    own = [word for word in store.of(tx, [doctor_id], now - UNDO, now + UNDO) if word.word_id == word_id]
    if not own or now - own[0].at >= UNDO:
        raise TooLateToUndo
    store.withdraw(tx, word_id)
    emit(tx, WordGiven(doctor_id, word_id), now=now)


def word_of(tx: Tx, doctor_id: str, *, now: datetime) -> Word | None:
    """The doctor's last word of today, unless she said that she is back."""
    known = directory.load(tx)
    words = plans.words_on(tx, known, plans.civil(known, now), [doctor_id])
    return words[-1] if words and words[-1].kind is not WordKind.BACK else None


def said_of(tx: Tx, visit_id: str) -> Said | None:
    """What was last told of the start of a visit; None while it is as planned."""
    return store.said_of(tx, [visit_id]).get(visit_id)


def learnt(tx: Tx, doctor_id: str) -> Learnt | None:
    """What finished days have taught of all, and of this doctor; None before the first."""
    return learnt_store.learnt(tx, (doctor_id,))


@dataclass(frozen=True)
class Quality:
    """How many of the intervals that were made a quarter of an hour before, *made* (older days count less), held the
    start, of *days*. Without a person; a good forecast holds 80 of 100.
    """

    made: float
    held: float
    days: int

    @property
    def percent(self) -> int:
        return round(100 * self.held / self.made)


def quality(tx: Tx) -> Quality | None:
    """Of the days that are over; None before there was any to look at."""
    kept = learnt_store.counts(tx)
    tally = Tally.from_json(kept[1]) if kept else Tally()
    held, made = tally.sum("covered")
    return Quality(made, held, tally.days) if made else None


def rooms_beside(tx: Tx, doctor_ids: Iterable[str], *, now: datetime) -> set[str]:
    """The rooms in which these doctors have visits today: whatever one of them does concerns all of them."""
    known = directory.load(tx)
    today = plans.civil(known, now)
    return {one.offer.room_id for each in doctor_ids for one in booking.on_day(tx, known, today, doctor_id=each)}


def rooms_today(tx: Tx, *, now: datetime) -> set[str]:
    """The rooms that have visits today."""
    known = directory.load(tx)
    return {one.offer.room_id for one in booking.on_day(tx, known, plans.civil(known, now))}


def doctors_in(tx: Tx, room_id: str, *, now: datetime) -> set[str]:
    """Whose visits are in this room today."""
    return {one.offer.doctor_id for one in visit.visits_on(tx, room_id, now=now)}


@dataclass(frozen=True)
class Moved:
    """What is to be told of a start from now on in place of *before*."""

    room_id: str
    visit_id: str
    before: Said | None
    said: Said


def moved(tx: Tx, room_ids: Iterable[str], *, now: datetime, clock: Clock) -> list[Moved]:
    """The starts in these rooms of which something else is to be told. It takes a while, and writes nothing.

    As long as a doctor may still take her word back, only screens follow it; what cannot be taken back waits.
    """
    known, found = directory.load(tx), []
    for room_id in sorted(set(room_ids) & known.rooms.keys()):
        for today in _days(tx, known, room_id, now=now, clock=clock):
            fresh = {word.doctor_id for word in today.plan.words if now - word.at < UNDO}
            for entry in today.standing.line:
                before = today.told.get(entry.visit.visit_id)
                if entry.said not in (None, before) and entry.visit.doctor_id not in fresh:
                    found.append(Moved(room_id, entry.visit.visit_id, before, entry.said))
    return found


def tell(tx: Tx, some: Iterable[Moved], *, now: datetime) -> None:
    """Keep it, and tell that it has moved; what somebody else told meanwhile stands."""
    wanted = list(some)
    told = store.said_of(tx, [each.visit_id for each in wanted])
    for each in wanted:
        if told.get(each.visit_id) == each.before:
            store.say(tx, each.visit_id, each.said)
            emit(tx, LineMoved(each.room_id, each.visit_id), now=now)


def _days(tx: Tx, known: Directory, room_id: str, *, now: datetime, clock: Clock) -> list[Day]:
    if known.rooms[room_id].is_claimed:
        return [day(tx, room_id, now=now, clock=clock)]
    doctors = doctors_in(tx, room_id, now=now)
    return [day(tx, room_id, now=now, clock=clock, doctor_id=each) for each in sorted(doctors)]


def forget_old(tx: Tx, *, now: datetime) -> None:
    """Words and what was said are of use for a while only."""
    store.forget_before(tx, words_before=now - KEEP_WORDS, said_before=now - KEEP_SAID)
