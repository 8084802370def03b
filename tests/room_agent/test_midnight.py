"""The day's list lives until midnight in the room (Europe/Berlin), and not a moment longer."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from room_agent.journal import Journal
from room_agent.room import Room
from schemas.day import DayPlan, FactKind, MachineKey, MachineKind
from schemas.visit import KioskScreen
from tests.room_agent.world import fact, plan, ticket, visit

SUMMER = date(2026, 7, 14)
WINTER = date(2026, 11, 24)
KIOSK = MachineKey(machine_id="kiosk-1", kind=MachineKind.KIOSK, public_key="AAAA")
MIDNIGHTS = [(SUMMER, datetime(2026, 7, 14, 22, tzinfo=UTC)), (WINTER, datetime(2026, 11, 24, 23, tzinfo=UTC))]
"""A day, and its end: Berlin is two hours ahead in summer, one in winter."""


class Hand:
    """A clock moved by hand."""

    def __init__(self, now: datetime) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment


def list_of(day: date, at: datetime) -> DayPlan:
    return plan(visit(start=at), day=day, as_of=at, machines=(KIOSK,))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.mark.parametrize(("day", "midnight"), MIDNIGHTS)
def test_the_list_is_there_until_midnight_and_then_gone_on_disk_as_well(
    path: Path, day: date, midnight: datetime
) -> None:
    clock = Hand(midnight - timedelta(minutes=30))
    journal = Journal(path)
    room = Room(journal, simulated=False, real=clock.now)
    room.take_plan(list_of(day, clock.now()))
    room.hear([fact(FactKind.ARRIVED, at=clock.now())])
    clock.moment = midnight - timedelta(seconds=1)
    room.turn_page()
    assert room.check_in(ticket())
    clock.moment = midnight
    room.turn_page()
    assert not room.check_in(ticket())
    on_disk = journal.plan()
    assert on_disk is not None
    assert (on_disk.visits, journal.facts()) == ((), ())


@pytest.mark.parametrize(("day", "midnight"), MIDNIGHTS)
def test_a_machine_that_was_off_at_midnight_erases_when_it_starts(path: Path, day: date, midnight: datetime) -> None:
    before = Journal(path)
    before.keep_plan(list_of(day, midnight - timedelta(hours=3)))
    before.close()
    journal = Journal(path)
    Room(journal, simulated=False, real=Hand(midnight + timedelta(hours=5)).now)
    on_disk = journal.plan()
    assert on_disk is not None
    assert on_disk.visits == ()


def test_a_restart_before_midnight_without_the_line_works_with_the_list(path: Path) -> None:
    day, midnight = MIDNIGHTS[0]
    before = Journal(path)
    before.keep_plan(list_of(day, midnight - timedelta(hours=3)))
    before.close()
    room = Room(Journal(path), simulated=False, real=Hand(midnight - timedelta(minutes=1)).now)
    assert room.check_in(ticket())
    assert room.machine("kiosk-1", MachineKind.KIOSK) == KIOSK


def test_after_midnight_kiosk_and_monitors_are_still_known_and_the_new_list_is_taken(path: Path) -> None:
    day, midnight = MIDNIGHTS[1]
    clock = Hand(midnight - timedelta(hours=1))
    room = Room(Journal(path), simulated=False, real=clock.now)
    room.take_plan(list_of(day, clock.now()))
    clock.moment = midnight + timedelta(minutes=1)
    room.turn_page()
    assert room.machine("kiosk-1", MachineKind.KIOSK) == KIOSK
    assert room.show().screen is KioskScreen.WELCOME
    fresh = list_of(day + timedelta(days=1), clock.now()).model_copy(update={"seq": 2})
    room.take_plan(fresh)
    assert room.check_in(ticket())


def test_what_the_centre_has_not_taken_outlives_midnight(path: Path) -> None:
    day, midnight = MIDNIGHTS[1]
    clock = Hand(midnight - timedelta(hours=1))
    journal = Journal(path)
    room = Room(journal, simulated=False, real=clock.now)
    room.take_plan(list_of(day, clock.now()))
    arrived = room.happened(FactKind.ARRIVED, "visit-1", "resident")
    clock.moment = midnight + timedelta(minutes=1)
    room.turn_page()
    assert journal.untaken() == (arrived,)
    room.taken([arrived.fact_id])
    room.take_plan(plan(day=day + timedelta(days=1), seq=2, as_of=clock.now()))
    assert journal.facts() == ()
