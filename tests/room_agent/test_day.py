"""What the room shows, from plan and facts alone."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from room_agent import day
from room_agent.boards import Boards
from room_agent.journal import Journal
from schemas.board import Delay, DelayReason, RoomState, RowState
from schemas.day import Arrow, Fact, FactKind, FactReason, Way, Word, WordKind
from schemas.measurement import MeasurementKind
from schemas.visit import KioskScreen, ToConfirm
from telemed.queue.model import delay_reason
from tests.room_agent.world import NOON, fact, plan, ticket, visit

FIRST = visit("visit-1", start=NOON)
SECOND = visit("visit-2", start=NOON + timedelta(minutes=30), code=ticket("owl", "B", "29"))
TODAY = plan(FIRST, SECOND, day=NOON.date())


def seen(minutes: float = 0, **rest: object) -> day.Seen:
    now = NOON + timedelta(minutes=minutes)
    values = {"now": now, "centre_heard": now, "line_ok": True, "simulated": False, "seq": 1, **rest}
    return day.Seen(**values)  # type: ignore[arg-type]


def at(minutes: float, kind: FactKind, visit_id: str = "visit-1") -> Fact:
    return fact(kind, visit_id, at=NOON + timedelta(minutes=minutes))


INSIDE = [at(0, FactKind.ARRIVED), at(1, FactKind.CALLED), at(2, FactKind.ENTERED)]
OVER = [*INSIDE, at(20, FactKind.ENDED)]


def test_who_arrived_is_on_the_board() -> None:
    board = day.board(TODAY, [at(0, FactKind.ARRIVED)], seen(1))
    assert [(row.ticket, row.state) for row in board.rows] == [(FIRST.ticket, RowState.NEXT)]
    assert board.room_state is RoomState.FREE


@pytest.mark.parametrize("facts", [[at(0, FactKind.ARRIVED)], INSIDE, OVER])
def test_a_call_for_help_changes_nothing_of_what_the_monitors_and_the_list_of_the_day_say(facts: list[Fact]) -> None:
    called = [*facts, at(10, FactKind.EMERGENCY), at(11, FactKind.HELPED), at(30, FactKind.EMERGENCY)]
    assert day.board(TODAY, called, seen(31)) == day.board(TODAY, facts, seen(31))
    assert day.show(TODAY, called, seen(31)) == day.show(TODAY, facts, seen(31))
    assert day.steps(TODAY, called, NOON) == day.steps(TODAY, facts, NOON)


def test_the_next_one_sees_the_delay_while_the_doctor_overruns() -> None:
    facts = [*INSIDE, at(5, FactKind.ARRIVED, "visit-2")]
    early = day.board(TODAY, facts, seen(10)).rows[1]
    late = day.board(TODAY, facts, seen(45)).rows[1]
    assert early.delay is None
    assert late.delay is not None
    assert late.delay.low_minutes >= 15


def test_a_plan_of_yesterday_has_nobody_on_the_board() -> None:
    board = day.board(TODAY, [at(0, FactKind.ARRIVED)], seen(24 * 60))
    assert board.rows == ()


def test_the_board_says_how_old_its_knowledge_is() -> None:
    heard = NOON - timedelta(minutes=3)
    board = day.board(TODAY, [], seen(0, centre_heard=heard))
    assert (board.as_of, board.centre_heard) == (NOON, heard)


@pytest.mark.parametrize(
    ("facts", "minutes", "screen"),
    [
        ([], 0, KioskScreen.WELCOME),
        (INSIDE[:1], 1, KioskScreen.WELCOME),
        (INSIDE[:2], 2, KioskScreen.CALL),
        (INSIDE, 3, KioskScreen.CALL),
        (OVER, 20.2, KioskScreen.FAREWELL),
        (OVER, 21, KioskScreen.CLEANING),
        ([*OVER, at(25, FactKind.CLEANED)], 25, KioskScreen.WELCOME),
    ],
)
def test_the_screen_follows_the_facts(facts: list[Fact], minutes: float, screen: KioskScreen) -> None:
    assert day.show(TODAY, facts, seen(minutes)).screen is screen


def test_only_the_call_has_a_doctors_name_and_a_visit() -> None:
    task = day.Task(MeasurementKind.OXIMETER, "Nehmen Sie die Klammer.", asleep=True, inflating=True)
    called = day.show(TODAY, INSIDE, seen(3, task=task))
    over = day.show(TODAY, OVER, seen(21, task=task))
    assert (called.visit_id, called.doctor_name, called.measuring) == ("visit-1", "Dr. Ada Weiß", "oximeter")
    assert (over.visit_id, over.doctor_name, over.called, over.measuring) == (None, "", None, None)
    assert (called.inflating, called.asleep, called.take) == (True, True, task.take)
    assert (over.inflating, over.asleep, over.take) == (False, False, "")


def test_the_ticket_is_shown_until_the_person_is_in() -> None:
    assert day.show(TODAY, INSIDE[:2], seen(2)).called == FIRST.ticket
    assert day.show(TODAY, INSIDE, seen(3)).called is None


def test_without_a_plan_the_kiosk_greets_without_a_name() -> None:
    show = day.show(None, [], seen())
    assert (show.screen, show.room_name) == (KioskScreen.WELCOME, "")


def test_a_ticket_leads_to_its_visit_until_that_is_over() -> None:
    assert day.visit_of(TODAY, FIRST.ticket, [], NOON) == FIRST
    assert day.visit_of(TODAY, ticket("fox"), [], NOON) is None
    assert day.visit_of(TODAY, FIRST.ticket, OVER, NOON) is None
    assert day.visit_of(TODAY, FIRST.ticket, [], NOON + timedelta(days=1)) is None


def test_who_comes_after_a_no_show_has_not_yet_come() -> None:
    missed = [at(0, FactKind.ARRIVED), at(10, FactKind.NO_SHOW)]
    assert day.is_here(TODAY, missed[:1], "visit-1")
    assert not day.is_here(TODAY, missed, "visit-1")
    assert day.is_here(TODAY, [*missed, at(12, FactKind.ARRIVED)], "visit-1")


@pytest.mark.parametrize("busy", [{"task": day.Task(still=True)}, {"listening": True}])
def test_nobody_is_asked_anything_while_they_must_keep_still(busy: dict[str, object]) -> None:
    question = ToConfirm(vital_id="vital-1", kind=MeasurementKind.OXIMETER, device_name="", lines=())
    assert day.show(TODAY, INSIDE, seen(5, to_confirm=question, **busy)).to_confirm is None
    assert day.show(TODAY, INSIDE, seen(5, to_confirm=question)).to_confirm == question


def test_the_kiosk_is_told_to_be_quiet_only_during_a_call() -> None:
    assert day.show(TODAY, INSIDE, seen(5, listening=True)).auscultation
    assert not day.show(TODAY, INSIDE, seen(5)).auscultation
    assert not day.show(TODAY, OVER, seen(21, listening=True)).auscultation


def test_a_call_is_told_until_somebody_comes_in_and_once_more_called_is_a_new_call() -> None:
    facts = [at(0, FactKind.ARRIVED), at(1, FactKind.CALLED)]
    foreign = TODAY.model_copy(update={"visits": (FIRST.model_copy(update={"language": "tr"}), SECOND)})
    (first,) = day.board(foreign, facts, seen(1)).calls
    assert (first.call_id, first.ticket, first.language, first.at) == (
        facts[1].fact_id,
        FIRST.ticket,
        "tr",
        facts[1].at,
    )
    facts.append(at(3, FactKind.RECALLED))
    (again,) = day.board(foreign, facts, seen(3)).calls
    assert (again.call_id, again.at) == (facts[2].fact_id, facts[2].at)
    for done in (FactKind.ENTERED, FactKind.PUT_BACK, FactKind.NO_SHOW):
        assert day.board(foreign, [*facts, at(4, done)], seen(5)).calls == ()


def test_who_wishes_quiet_is_in_no_call_no_row_and_no_language() -> None:
    quiet = FIRST.model_copy(update={"language": "tr", "quiet": True})
    other = SECOND.model_copy(update={"language": "uk"})
    planned = TODAY.model_copy(update={"visits": (quiet, other)})
    facts = [at(0, FactKind.ARRIVED), at(1, FactKind.CALLED), at(0, FactKind.ARRIVED, "visit-2")]
    board = day.board(planned, facts, seen(2))
    assert ([row.ticket for row in board.rows], board.calls, board.languages) == ([SECOND.ticket], (), ("uk",))
    assert day.board(planned, [], seen(2)).languages == ()


def test_the_board_says_the_way_the_hours_and_why_it_is_later() -> None:
    way = Way(picture="tree", arrow=Arrow.LEFT)
    word = Word(word_id="w", doctor_id="doctor-1", kind=WordKind.EMERGENCY, at=NOON, minutes=40)
    planned = TODAY.model_copy(update={"way": way, "opens": NOON, "closes": NOON, "words": (word,)})
    board = day.board(planned, [at(0, FactKind.ARRIVED)], seen(1))
    assert (board.way, board.opens, board.closes) == (way, NOON, NOON)
    assert board.reason is DelayReason.EMERGENCY
    assert board.rows[0].delay is not None
    assert day.board(TODAY, [at(0, FactKind.ARRIVED)], seen(1)).reason is None
    assert day.board(TODAY, [at(0, FactKind.ARRIVED)], seen(45)).reason is DelayReason.LATE_START
    waits = at(0, FactKind.ARRIVED, "visit-2")
    assert day.board(TODAY, [*INSIDE, waits], seen(45)).reason is DelayReason.LONGER
    broken = at(20, FactKind.PUT_BACK).model_copy(update={"reason": FactReason.TECHNICAL})
    assert day.board(TODAY, [*INSIDE, broken, waits], seen(45)).reason is DelayReason.TECHNICAL


def test_after_three_minutes_somebody_is_to_be_fetched_and_who_wished_it_at_once() -> None:
    facts = [at(0, FactKind.ARRIVED), at(1, FactKind.CALLED)]
    quiet = TODAY.model_copy(update={"visits": (FIRST.model_copy(update={"quiet": True}), SECOND)})
    soon, later = (NOON + timedelta(minutes=minute) for minute in (1.5, 4))
    assert day.to_fetch(TODAY, facts, soon) == ()
    assert [each.is_quiet for each in day.to_fetch(TODAY, facts, later)] == [False]
    assert [each.is_quiet for each in day.to_fetch(quiet, facts, soon)] == [True]
    assert day.to_fetch(TODAY, [*facts, at(3, FactKind.RECALLED)], later) == ()
    assert day.to_fetch(TODAY, INSIDE, later) == ()


def test_what_was_told_outlives_a_restart_and_falls_with_the_word_that_was_withdrawn(tmp_path: Path) -> None:
    word = Word(word_id="w", doctor_id="doctor-1", kind=WordKind.LATER, at=NOON, minutes=60)
    later = TODAY.model_copy(update={"words": (word,)})
    facts = [at(0, FactKind.ARRIVED)]
    journal = Journal(tmp_path / "journal.sqlite")
    told = Boards(journal).board(later, facts, seen(1)).rows[0].delay
    assert told is not None
    assert told.low_minutes >= 30
    journal.close()
    journal = Journal(tmp_path / "journal.sqlite")
    boards = Boards(journal)
    back = word.model_copy(update={"word_id": "x", "kind": WordKind.BACK, "minutes": None, "at": NOON})
    sooner = boards.board(TODAY.model_copy(update={"words": (word, back)}), facts, seen(2)).rows[0].delay
    assert sooner is not None
    assert sooner.low_minutes == told.low_minutes, "nobody is told to come earlier than was told"
    assert boards.board(TODAY, facts, seen(2)).rows[0].delay is None, "it was a mistake, and nothing of it stays"
    journal.close()


def test_where_later_was_told_and_it_went_on_sooner_no_reason_is_made_up() -> None:
    facts, now = [*INSIDE, at(0, FactKind.ARRIVED, "visit-2")], NOON + timedelta(minutes=5)
    stands = day.standing(TODAY, facts, now)
    told = tuple(replace(each, delay=Delay(low_minutes=10, high_minutes=15)) for each in stands.line)
    assert delay_reason(TODAY, facts, replace(stands, line=told), now) is None
    late = [each.model_copy(update={"at": each.at + timedelta(minutes=20)}) for each in facts]
    assert delay_reason(TODAY, late, replace(stands, line=told), now) is DelayReason.LATE_START
