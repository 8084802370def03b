"""The doctor's own word, and who hears that a start has moved."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from schemas.day import FactKind, WordKind
from telemed.booking import service as booking
from telemed.kit.db import Database
from telemed.kit.outbox import events
from telemed.link.service import Lines
from telemed.queue import jobs, service
from telemed.queue.model import UNDO
from telemed.visit import service as visit
from telemed.visit.model import VisitState
from tests.builders import RESIDENT, World, make_booking, make_world, moment

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database, rooms=2)


def say(world: World, kind: WordKind, minutes: int | None = None, doctor: str = "weiss") -> str:
    with world.db.transaction() as tx:
        return service.give_word(tx, doctor, kind, minutes=minutes, now=world.now).word_id


def day(world: World, room: str = "room-1") -> service.Day:
    with world.db.reading() as tx:
        return service.day(tx, room, now=world.now, clock=world.clock)


def low(world: World, room: str = "room-1") -> list[int]:
    """From how many minutes of delay on each is told; 0 if of none."""
    return [entry.delay.low_minutes if entry.delay else 0 for entry in day(world, room).standing.line]


def note(world: World, visit_id: str, *kinds: str) -> None:
    for kind in kinds:
        with world.db.transaction() as tx:
            visit.record(tx, visit_id=visit_id, kind=FactKind(kind), by="assistant", now=world.now)


def moved(world: World) -> int:
    """How often a start was told to have moved."""
    jobs.look_again(world.db, world.clock)
    with world.db.reading() as tx:
        return len(tx.execute(select(events.c.id).where(events.c.kind == "LineMoved")).all())


def test_a_doctors_word_counts_at_once_in_all_her_rooms_and_in_no_other(world: World) -> None:
    here, there = make_booking(world, at="09:10"), make_booking(world, at="09:40", room="room-2")
    make_booking(world, at="09:40", doctor="brandt", room="room-1")
    world.clock.set(moment(world, "09:05"))
    assert low(world) == [0, 0]
    say(world, WordKind.LATER, 60)
    assert low(world)[0] >= 30
    assert low(world, "room-2")[0] >= 15
    assert [word.minutes for word in day(world, "room-2").plan.words] == [60]
    with world.db.reading() as tx:
        assert service.rooms_beside(tx, ["weiss"], now=world.now) == {"room-1", "room-2"}
    assert here.id != there.id


def test_a_word_is_taken_back_within_ten_seconds_and_the_one_before_stands_again(world: World) -> None:
    make_booking(world, at="09:10")
    world.clock.set(moment(world, "09:05"))
    say(world, WordKind.LATER, 20)
    world.clock.forward(MINUTE)
    (before,) = low(world)
    second = say(world, WordKind.LATER, 120)
    assert low(world)[0] >= 60 > before
    world.clock.forward(UNDO - timedelta(seconds=1))
    with pytest.raises(service.TooLateToUndo), world.db.transaction() as tx:
        service.withdraw_word(tx, "brandt", second, now=world.now)
    with world.db.transaction() as tx:
        service.withdraw_word(tx, "weiss", second, now=world.now)
    assert low(world) == [before]


def test_after_ten_seconds_a_word_stands_and_she_can_only_be_back(world: World) -> None:
    make_booking(world, at="09:10")
    word = say(world, WordKind.EMERGENCY)
    world.clock.forward(UNDO)
    with pytest.raises(service.TooLateToUndo), world.db.transaction() as tx:
        service.withdraw_word(tx, "weiss", word, now=world.now)
    say(world, WordKind.BACK)
    with world.db.reading() as tx:
        assert service.word_of(tx, "weiss", now=world.now) is None


def test_what_cannot_be_taken_back_is_told_only_when_the_word_cannot_either(world: World) -> None:
    booked = make_booking(world, at="09:10")
    say(world, WordKind.LATER, 30)
    assert moved(world) == 0
    world.clock.forward(UNDO)
    assert (moved(world), moved(world)) == (1, 1)
    with world.db.reading() as tx:
        told = service.said_of(tx, booked.id)
    assert told is not None
    assert told.low >= moment(world, "09:20")
    say(world, WordKind.BACK)
    world.clock.forward(UNDO)
    jobs.look_again(world.db, world.clock)
    with world.db.reading() as tx:
        again = service.said_of(tx, booked.id)
    assert again is not None
    assert again.low == told.low, "nobody is told to come earlier than was told"


def test_time_alone_moves_a_line(world: World) -> None:
    first, second = make_booking(world, at="09:10"), make_booking(world, at="09:40")
    for booked in (first, second):
        note(world, booked.id, "arrived")
    world.clock.set(moment(world, "09:10"))
    note(world, first.id, "called", "entered")
    assert moved(world) == 0
    world.clock.set(moment(world, "09:50"))
    assert moved(world) == 1


def test_a_doctor_late_in_one_room_delays_the_other(world: World) -> None:
    here, there = make_booking(world, at="09:10"), make_booking(world, at="09:50", room="room-2")
    for booked in (here, there):
        note(world, booked.id, "arrived")
    note(world, here.id, "called", "entered")
    world.clock.set(moment(world, "10:10"))
    found = day(world, "room-2")
    assert [(one.visit_id, one.room_id, len(one.facts)) for one in found.plan.elsewhere] == [(here.id, "room-1", 3)]
    assert low(world, "room-2")[0] >= 5
    assert not any("Sommer" in text for text in (found.plan.model_dump_json(),))


def test_who_is_there_in_spite_of_a_cancellation_stays_on_the_list(world: World) -> None:
    gone, came = make_booking(world, at="10:00"), make_booking(world, at="10:40")
    note(world, came.id, "arrived", "called")
    for booked in (gone, came):
        with world.db.transaction() as tx:
            booking.cancel(tx, world.secrets, booked.id, actor=RESIDENT, now=world.now)
    assert [(entry.visit.visit_id, entry.state) for entry in day(world).standing.visits] == [
        (came.id, VisitState.CALLED)
    ]


def test_the_plan_says_when_the_room_is_open_and_what_was_booked(world: World) -> None:
    make_booking(world, at="10:00")
    plan = day(world).plan
    assert (plan.opens, plan.closes) == (moment(world, "08:00"), moment(world, "18:00"))
    assert (plan.visits[0].service, plan.visits[0].walk_in, plan.visits[0].language) == ("general-20", False, "de")


def test_old_words_and_what_was_said_are_forgotten(world: World) -> None:
    booked = make_booking(world, at="09:10")
    say(world, WordKind.LATER, 30)
    world.clock.forward(UNDO)
    jobs.look_again(world.db, world.clock)
    world.clock.forward(timedelta(days=31))
    jobs.forget_old(world.db, world.clock)
    with world.db.reading() as tx:
        assert service.said_of(tx, booked.id) is None
    world.clock.set(moment(world, "09:00") - timedelta(days=31))
    assert day(world).plan.words == ()


def test_the_lines_of_her_other_rooms_are_woken_too(world: World) -> None:
    """Which rooms: what `Lines` does with them its own tests say."""
    from telemed.link.reactions import send_plan_beside, send_word
    from telemed.queue.model import WordGiven
    from telemed.visit.model import FactKnown

    class Woken(Lines):
        rooms: set[str]

        def wake(self, room_ids: object = None) -> None:
            self.rooms = set(room_ids)  # type: ignore[call-overload]

    here = make_booking(world, at="09:10")
    make_booking(world, at="09:40", room="room-2")
    lines = Woken()
    with world.db.reading() as tx:
        send_plan_beside(lines)(tx, FactKnown("room-1", here.id, "called"), now=world.now)
        assert lines.rooms == {"room-2"}
        send_word(lines)(tx, WordGiven("weiss", "w"), now=world.now)
        assert lines.rooms == {"room-1", "room-2"}


def test_what_was_worked_out_meanwhile_does_not_undo_what_somebody_else_told(world: World) -> None:
    booked = make_booking(world, at="09:10")
    say(world, WordKind.LATER, 30)
    world.clock.forward(UNDO)
    with world.db.reading() as tx:
        early = service.moved(tx, ["room-1"], now=world.now, clock=world.clock)
    world.clock.set(moment(world, "10:00"))
    assert moved(world) == 1
    with world.db.transaction() as tx:
        told = service.said_of(tx, booked.id)
        service.tell(tx, early, now=world.now)
        assert service.said_of(tx, booked.id) == told
