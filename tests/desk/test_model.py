"""What staff see of a day, as pure functions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.board import RoomState
from schemas.checks import CheckReport, CheckResult, Severity
from schemas.day import Fact, FactKind, PlannedVisit, Ticket
from telemed.desk.model import OLD_REPORT, SILENT, Light, RoomDay, Row, call_obstacle, light, rows, version
from telemed.queue.model import Standing, VisitStanding
from telemed.visit.model import VisitState

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
TICKET = Ticket(picture="fish", letter="K", digits="47")
GREEN = Light(Severity.OK, "desk.light.ok", None)


def make_report(*severities: Severity, at: datetime = NOW) -> CheckReport:
    results = tuple(CheckResult(subject="line", code="x", severity=each, text_key="k") for each in severities)
    return CheckReport(room_id="raum-1", at=at, simulated=True, results=results)


def make_visit(visit_id: str = "v1", doctor_id: str = "weiss") -> PlannedVisit:
    return PlannedVisit(
        visit_id=visit_id,
        ticket=TICKET,
        start=NOW,
        end=NOW + timedelta(minutes=20),
        doctor_id=doctor_id,
        doctor_name="",
    )


def make_row(state: VisitState) -> Row:
    return Row(make_visit(), state, None, NOW, None)


def make_day(*shown: Row, state: RoomState = RoomState.FREE) -> RoomDay:
    return RoomDay("raum-1", "Raum 1", state, None, GREEN, shown)


@pytest.mark.parametrize(
    ("report", "heard", "key"),
    [
        (make_report(Severity.OK), None, "desk.light.silent"),
        (make_report(Severity.OK), NOW - SILENT - timedelta(seconds=1), "desk.light.silent"),
        (None, NOW, "desk.light.no_report"),
        (make_report(Severity.OK, at=NOW - OLD_REPORT - timedelta(seconds=1)), NOW, "desk.light.old_report"),
        (make_report(), NOW, "desk.light.block"),
        (make_report(Severity.OK, Severity.BLOCK, Severity.WARN), NOW, "desk.light.block"),
        (make_report(Severity.OK, Severity.WARN), NOW, "desk.light.warn"),
        (make_report(Severity.OK), NOW, "desk.light.ok"),
    ],
)
def test_the_light_is_green_only_when_the_room_was_heard_just_now_and_all_is_well(
    report: CheckReport | None, heard: datetime | None, key: str
) -> None:
    found = light(report, heard, NOW)
    assert found.key == key
    assert (found.severity is Severity.OK) == (key == "desk.light.ok")


def test_the_worst_check_stands_first() -> None:
    report = make_report(Severity.OK, Severity.WARN, Severity.BLOCK)
    found = light(report, NOW, NOW).results
    assert [result.severity for result in found] == [Severity.BLOCK, Severity.WARN, Severity.OK]


def test_a_doctor_sees_no_visit_of_another_doctor() -> None:
    entries = tuple(
        VisitStanding(make_visit(visit_id, doctor), VisitState.ARRIVED, NOW, None)
        for visit_id, doctor in (("v1", "weiss"), ("v2", "novak"))
    )
    facts = [Fact(fact_id="f", visit_id="v1", kind=FactKind.ARRIVED, at=NOW, by="room")]
    standing = Standing(entries, RoomState.FREE, None, None)
    (own,) = rows(standing, facts, doctor_id="weiss")
    assert (own.visit.visit_id, own.arrived) == ("v1", NOW)
    assert len(rows(standing, facts)) == 2


@pytest.mark.parametrize(
    ("day", "obstacle"),
    [
        (make_day(make_row(VisitState.ARRIVED)), None),
        (make_day(make_row(VisitState.PLANNED)), "desk.call.nobody"),
        (make_day(make_row(VisitState.ARRIVED), state=RoomState.CLEANING), "desk.call.room_not_free"),
    ],
)
def test_who_may_be_called_is_said_before_the_button_is_pressed(day: RoomDay, obstacle: str | None) -> None:
    assert call_obstacle([day]) == obstacle


def test_the_version_changes_with_what_is_shown_and_not_with_time() -> None:
    waiting = make_day(make_row(VisitState.PLANNED))
    later = replace(make_row(VisitState.PLANNED), expected=NOW + timedelta(minutes=1))
    assert version([waiting]) == version([make_day(make_row(VisitState.PLANNED))]) == version([make_day(later)])
    assert version([waiting]) != version([make_day(make_row(VisitState.ARRIVED))])
    assert version([waiting]) != version([make_day(make_row(VisitState.PLANNED), state=RoomState.CLEANING)])
