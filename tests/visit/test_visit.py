"""The states of a visit, whatever the order in which its facts become known."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import func, select

from schemas.day import Fact, FactKind, FactReason
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.kit.outbox import events
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.visit import model, service, store
from telemed.visit.model import ReasonMissing, RoomNotReady, VisitState, WrongMoment
from tests.builders import TUESDAY, World, make_booking, make_fact, make_world

MINUTE = timedelta(minutes=1)
WEISS, ROOM_1 = Actor(Role.DOCTOR, "weiss"), Actor(Role.MACHINE, "agent", "room-1")
facts_of_a_visit = st.lists(st.tuples(st.sampled_from(list(FactKind)), st.integers(0, 6)), max_size=9).map(
    lambda told: [make_fact("v", kind.value, TUESDAY + at * MINUTE) for kind, at in told]
)


def told(*kinds: str) -> list[Fact]:
    return [make_fact("v", kind, TUESDAY + at * MINUTE) for at, kind in enumerate(kinds)]


@given(facts_of_a_visit, st.randoms(use_true_random=False))
def test_the_state_does_not_depend_on_the_order_or_on_repetition(facts: list[Fact], chance: object) -> None:
    shuffled = [*facts, *facts[:2]]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands over a random.Random
    assert model.state_of(shuffled) is model.state_of(facts)
    assert model.is_uncleaned(shuffled) is model.is_uncleaned(facts)


def possible(facts: list[Fact]) -> list[FactKind]:
    """What may happen next."""
    found = []
    for kind in FactKind:
        try:
            model.check(kind, facts)
        except WrongMoment:
            continue
        found.append(kind)
    return found


def leads_to(facts: list[Fact], goals: set[VisitState], *, steps: int = 5) -> bool:
    """Whether some way of at most *steps* allowed facts leads from here to one of *goals*."""
    seen, reached = {model.state_of(facts)}, [facts]
    for _ in range(steps):
        nearer = []
        for one in reached:
            for kind in possible(one):
                at = model.after(one, TUESDAY)
                then = [*one, make_fact("v", kind.value, at)]
                if model.state_of(then) not in seen:
                    seen.add(model.state_of(then))
                    nearer.append(then)
        reached = nearer
    return bool(seen & goals)


@given(facts_of_a_visit)
def test_whatever_was_told_there_is_a_way_into_the_room_a_way_out_and_a_clean_room(facts: list[Fact]) -> None:
    """Also after what two sides told without knowing of each other, and with clocks that differ."""
    assert leads_to(facts, {VisitState.INSIDE})
    assert leads_to(facts, {VisitState.ENDED, VisitState.NO_SHOW})
    if model.is_uncleaned(facts):
        assert not model.is_uncleaned([*facts, make_fact("v", "cleaned", model.after(facts, TUESDAY))])


@given(facts_of_a_visit, st.integers(-9, 9))
@example([make_fact("v", "no-show", TUESDAY), make_fact("v", "called", TUESDAY + MINUTE)], 0)
def test_what_happens_now_counts_although_the_clock_of_the_other_side_was_ahead(facts: list[Fact], minute: int) -> None:
    now = TUESDAY + minute * MINUTE
    at = model.after(facts, now)
    assert at >= now
    assert all(fact.at < at for fact in facts)
    becomes = {
        FactKind.ARRIVED: VisitState.ARRIVED,
        FactKind.CALLED: VisitState.CALLED,
        FactKind.ENTERED: VisitState.INSIDE,
        FactKind.ENDED: VisitState.ENDED,
        FactKind.NO_SHOW: VisitState.NO_SHOW,
        FactKind.PUT_BACK: VisitState.ARRIVED,
        FactKind.REOPENED: VisitState.ARRIVED,
    }
    for kind in set(becomes) & set(possible(facts)):
        assert model.state_of([*facts, make_fact("v", kind.value, at)]) is becomes[kind]


USED = ("arrived", "called", "entered")


@pytest.mark.parametrize(
    ("kinds", "uncleaned"),
    [
        (USED, False),
        ((*USED, "ended"), True),
        ((*USED, "ended", "cleaned"), False),
        ((*USED, "put-back"), True),
        ((*USED, "put-back", "cleaned"), False),
        ((*USED, "put-back", "called"), False),
        ((*USED, "put-back", "cleaned", *USED[1:], "ended"), True),
        ((*USED, "ended", "cleaned", "reopened"), False),
        ((*USED, "ended", "reopened"), True),
        ((*USED, "ended", "cleaned", "reopened", *USED[1:], "ended"), True),
        (("arrived", "called", "put-back"), False),
        (("arrived", "called", "no-show"), False),
        (("cleaned",), False),
    ],
)
def test_a_room_is_wiped_after_each_time_that_somebody_was_in_it(kinds: tuple[str, ...], uncleaned: bool) -> None:
    assert model.is_uncleaned(told(*kinds)) is uncleaned


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ((), VisitState.PLANNED),
        (("arrived",), VisitState.ARRIVED),
        (("arrived", "called"), VisitState.CALLED),
        (("arrived", "called", "entered"), VisitState.INSIDE),
        (("arrived", "called", "entered", "ended"), VisitState.ENDED),
        (("called", "ended", "cleaned"), VisitState.ENDED),
        (("no-show",), VisitState.NO_SHOW),
        (("arrived", "called", "no-show"), VisitState.NO_SHOW),
        (("no-show", "arrived"), VisitState.ARRIVED),
        (("arrived", "called", "no-show", "arrived"), VisitState.ARRIVED),
        (("arrived", "no-show", "arrived", "no-show"), VisitState.NO_SHOW),
        (("arrived", "no-show", "arrived", "called"), VisitState.CALLED),
        (("no-show", "arrived", "called", "no-show", "arrived"), VisitState.ARRIVED),
        (("called", "no-show", "entered"), VisitState.INSIDE),
        (("called", "ended", "no-show"), VisitState.ENDED),
        (("cleaned",), VisitState.PLANNED),
        (("late",), VisitState.PLANNED),
        (("arrived", "skipped"), VisitState.ARRIVED),
        (("arrived", "called", "recalled"), VisitState.CALLED),
        (("arrived", "called", "put-back"), VisitState.ARRIVED),
        (("arrived", "called", "entered", "put-back", "called"), VisitState.CALLED),
        (("arrived", "called", "entered", "ended", "reopened"), VisitState.ARRIVED),
        (("no-show", "reopened"), VisitState.ARRIVED),
        (("no-show", "reopened", "no-show"), VisitState.NO_SHOW),
        (("called", "ended", "reopened", "called", "ended"), VisitState.ENDED),
    ],
)
def test_facts_make_the_state(kinds: tuple[str, ...], state: VisitState) -> None:
    assert model.state_of(told(*kinds)) is state


ALLOWED = """
           arrived late called recalled skipped entered put-back ended no-show reopened cleaned emergency helped
planned    x       x    .      .        .       .       .        .     x       .        .       .         .
arrived    .       .    x      .        x       .       .        .     x       .        .       .         .
called     .       .    .      x        .       x       x        x     x       .        .       x         x
inside     .       .    .      .        .       .       x        x     .       .        .       x         x
ended      .       .    .      .        .       .       .        .     .       x        x       .         x
no-show    x       .    .      .        .       .       .        .     .       x        .       .         .
"""
REACHED = {
    "planned": (),
    "arrived": ("arrived",),
    "called": ("arrived", "called"),
    "inside": ("arrived", "called", "entered"),
    "ended": ("arrived", "called", "entered", "ended"),
    "no-show": ("no-show",),
}


def may(state: str, kind: str) -> bool:
    try:
        model.check(FactKind(kind), told(*REACHED[state]))
    except WrongMoment:
        return False
    return True


def test_what_may_follow_what_is_what_this_table_says() -> None:
    head, *rows = [line.split() for line in ALLOWED.strip().splitlines()]
    said = {(state, kind): mark == "x" for state, *marks in rows for kind, mark in zip(head, marks, strict=True)}
    assert {(state, kind): may(state, kind) for state in REACHED for kind in head} == said


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def record(world: World, visit_id: str, kind: str) -> Fact:
    with world.db.transaction() as tx:
        return service.record(tx, visit_id=visit_id, kind=FactKind(kind), by="assistant", now=world.now)


def test_nobody_is_called_while_the_room_is_occupied_or_not_cleaned(world: World) -> None:
    first, second = make_booking(world, at="10:00").id, make_booking(world, at="10:30").id
    for visit_id in (first, second):
        record(world, visit_id, "arrived")
    for kind in ("called", "entered", "ended"):
        record(world, first, kind)
        with pytest.raises(RoomNotReady):
            record(world, second, "called")
    record(world, first, "cleaned")
    assert record(world, second, "called").kind is FactKind.CALLED


def test_without_a_reason_nobody_is_skipped_and_a_wrong_one_is_none(world: World) -> None:
    visit_id = make_booking(world).id
    record(world, visit_id, "arrived")
    for reason in (None, FactReason.TECHNICAL):
        with pytest.raises(ReasonMissing), world.db.transaction() as tx:
            service.record(tx, visit_id=visit_id, kind=FactKind.SKIPPED, by="assistant", now=world.now, reason=reason)
    with world.db.transaction() as tx:
        kept = service.record(
            tx, visit_id=visit_id, kind=FactKind.SKIPPED, by="assistant", now=world.now, reason=FactReason.NOT_READY
        )
        assert store.of(tx, [visit_id])[-1] == kept


def test_how_late_somebody_will_come_is_kept(world: World) -> None:
    visit_id = make_booking(world).id
    with world.db.transaction() as tx:
        service.record(tx, visit_id=visit_id, kind=FactKind.LATE, by="resident", now=world.now, minutes=20)
        assert [fact.minutes for fact in service.facts_of(tx, visit_id)] == [20]


def test_who_did_not_come_when_called_leaves_the_room_free(world: World) -> None:
    first, second = make_booking(world, at="10:00").id, make_booking(world, at="10:30").id
    for visit_id, kind in ((first, "arrived"), (second, "arrived"), (first, "called"), (first, "no-show")):
        record(world, visit_id, kind)
    assert record(world, second, "called")


def test_of_two_who_call_into_one_room_at_once_one_is_refused(world: World) -> None:
    """The second calls while the first has not committed yet: it waits, or it would find the room free."""
    first, second = (
        make_booking(world, at=at, doctor=doctor).id for at, doctor in (("10:00", "weiss"), ("10:30", "brandt"))
    )
    for visit_id in (first, second):
        record(world, visit_id, "arrived")
    answered = threading.Event()

    def call_too() -> bool:
        try:
            record(world, second, "called")
        except RoomNotReady:
            return False
        finally:
            answered.set()
        return True

    with ThreadPoolExecutor(1) as threads:
        with world.db.transaction() as tx:
            service.record(tx, visit_id=first, kind=FactKind.CALLED, by="doctor", now=world.now)
            other = threads.submit(call_too)
            assert not answered.wait(0.5)
        assert other.result(20) is False


def test_an_unknown_visit_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        record(world, "unheard-of", "arrived")


def take_in(world: World, room_id: str, *facts: Fact) -> tuple[str, ...]:
    with world.db.transaction() as tx:
        return service.take_in(tx, room_id, facts, now=world.now)


def emitted(world: World) -> int:
    with world.db.reading() as tx:
        kind = events.c.kind == "FactKnown"
        return tx.execute(select(func.count()).select_from(events).where(kind)).scalar_one()


def test_a_fact_is_kept_and_told_once_however_often_it_is_heard(world: World) -> None:
    fact = make_fact(make_booking(world).id, "arrived", world.now)
    assert take_in(world, "room-1", fact) == take_in(world, "room-1", fact, fact)[:1] == (fact.fact_id,)
    with world.db.reading() as tx:
        assert service.facts_on(tx, "room-1", now=world.now) == [fact]
    assert emitted(world) == 1


def test_a_room_tells_only_of_its_own_visits_and_no_rule_refuses_those(database: Database) -> None:
    world = make_world(database, rooms=2)
    here, there = make_booking(world).id, make_booking(world, room="room-2", doctor="brandt", at="11:00").id
    facts = [make_fact(visit_id, "ended", world.now) for visit_id in (here, there, "unheard-of")]
    assert take_in(world, "room-1", *facts) == (facts[0].fact_id,)
    with world.db.reading() as tx:
        assert store.of(tx, [here, there]) == facts[:1]


def admits(world: World, visit_id: str, who: Actor) -> str:
    with world.db.reading() as tx:
        return service.admit(tx, visit_id, who, now=world.now).id


def test_only_doctor_and_room_of_the_visit_and_only_while_it_goes_on(world: World) -> None:
    visit_id = make_booking(world).id
    record(world, visit_id, "arrived")
    with pytest.raises(WrongMoment):
        admits(world, visit_id, WEISS)
    for kind in ("called", "entered"):
        record(world, visit_id, kind)
        assert admits(world, visit_id, WEISS) == admits(world, visit_id, ROOM_1) == visit_id
    strangers = (Actor(Role.DOCTOR, "brandt"), Actor(Role.MACHINE, "agent", "room-2"), Actor(Role.ANYONE))
    for who in (*strangers, Actor(Role.ASSISTANT, "lindner"), Actor(Role.MACHINE, "agent"), Actor(Role.OPERATOR)):
        with pytest.raises(NotAllowed):
            admits(world, visit_id, who)
    record(world, visit_id, "ended")
    with pytest.raises(WrongMoment):
        admits(world, visit_id, WEISS)


def test_a_visit_that_nobody_ended_stops_letting_people_in(world: World) -> None:
    visit_id = make_booking(world).id
    for kind in ("arrived", "called"):
        record(world, visit_id, kind)
    world.clock.forward(timedelta(hours=6))
    with pytest.raises(WrongMoment):
        admits(world, visit_id, WEISS)
