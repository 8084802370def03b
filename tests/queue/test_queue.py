"""Who is next, when, how late: examples, and what is true of every day."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.board import RoomState, RowState
from schemas.day import DayPlan, Fact, FactKind, PlannedVisit
from telemed.kit.db import Database
from telemed.kit.refusal import NotFound
from telemed.queue import model, service
from telemed.queue.model import Standing, board_rows, standing
from telemed.visit import service as visit
from telemed.visit.model import RoomNotReady, VisitState
from tests.builders import TUESDAY, World, make_booking, make_fact, make_visit, make_world

MINUTE = timedelta(minutes=1)


def plan(*visits: PlannedVisit) -> DayPlan:
    return DayPlan(room_id="r", room_name="Raum 1", day=TUESDAY.date(), seq=1, as_of=TUESDAY, visits=visits)


def every_half_hour(count: int) -> DayPlan:
    return plan(*(make_visit(number, TUESDAY + number * 30 * MINUTE) for number in range(count)))


def happened(number: int, kind: str, minute: float) -> Fact:
    return make_fact(f"visit-{number}", kind, TUESDAY + minute * MINUTE)


def arrived(*numbers: int) -> list[Fact]:
    return [happened(number, "arrived", -10) for number in numbers]


def late(found: Standing, number: int) -> tuple[int, int] | None:
    delay = found.visits[number].delay
    return (delay.low_minutes, delay.high_minutes) if delay else None


def test_when_the_doctor_overruns_by_twelve_minutes_the_next_ticket_hears_a_range_that_contains_it() -> None:
    facts = [*arrived(0, 1), happened(0, "called", 0), happened(0, "entered", 1)]
    on_time = standing(every_half_hour(2), facts, TUESDAY + 20 * MINUTE)
    assert late(on_time, 1) is None
    over = standing(every_half_hour(2), facts, TUESDAY + 32 * MINUTE)
    assert over.visits[1].expected == TUESDAY + 42 * MINUTE
    assert late(over, 1) == (10, 25)


def test_a_delay_goes_on_to_those_behind_and_is_caught_up_in_a_gap() -> None:
    visits = [make_visit(0, TUESDAY), make_visit(1, TUESDAY + 30 * MINUTE), make_visit(2, TUESDAY + 60 * MINUTE)]
    visits.append(make_visit(3, TUESDAY + 120 * MINUTE))
    facts = [*arrived(0, 1, 2, 3), happened(0, "called", 0), happened(0, "entered", 1)]
    found = standing(plan(*visits), facts, TUESDAY + 40 * MINUTE)
    assert [late(found, number) for number in range(4)] == [None, (20, 30), (20, 30), None]


def test_who_does_not_come_makes_room_for_the_next() -> None:
    facts = [*arrived(1), happened(0, "no-show", 12)]
    found = standing(every_half_hour(2), facts, TUESDAY + 30 * MINUTE)
    assert (found.visits[0].state, found.visits[0].expected) == (VisitState.NO_SHOW, None)
    assert (late(found, 1), found.room_state) == (None, RoomState.FREE)


def test_the_room_is_called_occupied_cleaned_and_free() -> None:
    facts = arrived(0)
    states = []
    for minute, kind in enumerate(("called", "entered", "ended", "cleaned")):
        facts.append(happened(0, kind, minute))
        states.append(standing(every_half_hour(1), facts, TUESDAY + 10 * MINUTE).room_state)
    assert states == [RoomState.CALLED, RoomState.OCCUPIED, RoomState.CLEANING, RoomState.FREE]


@st.composite
def days(draw: st.DrawFn) -> tuple[DayPlan, list[Fact], int]:
    count = draw(st.integers(0, 8))
    visits = [
        make_visit(n, TUESDAY + draw(st.integers(0, 48)) * 5 * MINUTE, minutes=draw(st.sampled_from([10, 20, 45])),
                   quiet=draw(st.booleans()))
        for n in range(count)
    ]  # fmt: skip
    fact = st.tuples(st.integers(0, max(0, count - 1)), st.sampled_from(list(FactKind)), st.integers(-30, 300))
    facts = [happened(number, kind.value, minute) for number, kind, minute in draw(st.lists(fact, max_size=20))]
    return plan(*visits), facts, draw(st.integers(-60, 400))


@given(days(), st.randoms(use_true_random=False))
def test_whatever_happens_a_day_makes_sense(day: tuple[DayPlan, list[Fact], int], chance: object) -> None:
    planned, facts, minute = day
    now = TUESDAY + minute * MINUTE
    found = standing(planned, facts, now)
    shuffled = list(facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands over a random.Random
    assert standing(planned, shuffled, now) == found
    assert [entry.visit.start for entry in found.visits] == sorted(v.start for v in planned.visits)
    for entry in found.visits:
        if entry.expected is not None:
            assert entry.expected >= max(entry.visit.start, now)
        if entry.delay is not None:
            assert 0 <= entry.delay.low_minutes <= entry.delay.high_minutes >= 5
    rows, more = board_rows(found)
    assert len(rows) <= 4
    shown = {row.ticket for row in rows}
    assert not shown & {v.ticket for v in planned.visits if v.quiet} - {v.ticket for v in planned.visits if not v.quiet}
    assert more == 0 or len(rows) == 4
    assert [row.state for row in rows].count(RowState.NEXT) <= 1


def test_a_board_shows_four_called_first_and_how_many_more() -> None:
    facts = [*arrived(*range(7)), happened(2, "called", 0)]
    rows, more = board_rows(standing(every_half_hour(7), facts, TUESDAY))
    assert [row.state for row in rows] == [RowState.CALLED, RowState.NEXT, RowState.WAITING, RowState.WAITING]
    assert more == 3
    assert rows[0].ticket == every_half_hour(7).visits[2].ticket


def test_who_wishes_quiet_is_on_no_board_but_keeps_the_place() -> None:
    quiet = plan(make_visit(0, TUESDAY, quiet=True), make_visit(1, TUESDAY + 30 * MINUTE))
    found = standing(quiet, [*arrived(0, 1), happened(0, "called", 20)], TUESDAY + 25 * MINUTE)
    rows, _ = board_rows(found)
    assert [row.ticket for row in rows] == [quiet.visits[1].ticket]
    assert late(found, 1) == (20, 30)
    assert found.current is not None


def test_only_those_who_are_there_wait() -> None:
    assert board_rows(standing(every_half_hour(3), arrived(1), TUESDAY))[0][0].state is RowState.NEXT
    assert len(board_rows(standing(every_half_hour(3), arrived(1), TUESDAY))[0]) == 1
    assert model.ROWS == 4


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def call_next(world: World, doctor: str = "weiss") -> str:
    with world.db.transaction() as tx:
        return service.call_next(tx, doctor_id=doctor, now=world.now, clock=world.clock).visit_id


def record(world: World, visit_id: str, kind: str) -> None:
    with world.db.transaction() as tx:
        visit.record(tx, visit_id=visit_id, kind=FactKind(kind), by="assistant", now=world.now)


def test_a_doctor_calls_who_is_there_in_the_order_of_the_plan(world: World) -> None:
    first, second = make_booking(world, at="10:00").id, make_booking(world, at="10:30").id
    other = make_booking(world, at="11:00", doctor="brandt").id
    with pytest.raises(service.NobodyWaits):
        call_next(world)
    for visit_id in (other, second):
        record(world, visit_id, "arrived")
    assert call_next(world) == second
    record(world, first, "arrived")
    with pytest.raises(RoomNotReady):
        call_next(world)
    with pytest.raises(RoomNotReady):
        call_next(world, "brandt")


def test_the_day_of_a_room_has_no_person_in_it(world: World) -> None:
    booked = make_booking(world, quiet=True)
    with world.db.reading() as tx:
        found = service.day(tx, "room-1", now=world.now, clock=world.clock)
        with pytest.raises(NotFound):
            service.day(tx, "room-9", now=world.now, clock=world.clock)
    assert [(v.visit_id, v.ticket, v.quiet) for v in found.plan.visits] == [(booked.id, booked.ticket, True)]
    assert (found.plan.cleaning_minutes, found.plan.help_phone) == (10, "030 23125 042")
    assert "Sommer" not in found.plan.model_dump_json()
