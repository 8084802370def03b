"""What a driver remembers to say whose value it is: drains, windows, beginnings, clocks, the quarantine."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from room_agent.devices.custody import Coming, Custody
from room_agent.devices.device_clock import At
from room_agent.devices.driver import Arm, Reason
from schemas.measurement import MeasurementKind

BEGAN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
B = Arm("visit-b")


def at(seconds: float) -> At:
    return At(BEGAN + timedelta(seconds=seconds), 1000 + seconds)


def stamp(seconds: float, ahead: timedelta = timedelta(0)) -> datetime:
    """What the device's clock says then."""
    return (BEGAN + timedelta(seconds=seconds) + ahead).replace(tzinfo=None, microsecond=0)


def drained(ahead_s: float | None = 0.0) -> Custody:
    custody = Custody("cuff-1", MeasurementKind.BLOOD_PRESSURE, silence_s=2.5)
    custody.came(ahead_s, at(0))
    custody.settle(at(2.5))
    return custody


def armed(ahead_s: float | None = 0.0) -> Custody:
    custody = drained(ahead_s)
    custody.arm(B, at(10))
    return custody


def test_it_is_drained_only_after_silence_and_every_value_and_beginning_breaks_it() -> None:
    custody = Custody("cuff-1", MeasurementKind.BLOOD_PRESSURE, silence_s=2.5)
    custody.came(0.0, at(0))
    assert custody.quiet_in_s(at(1)) == pytest.approx(1.5)
    custody.judge(Coming(stamp(-600)), at(2))
    assert custody.quiet_in_s(at(3)) == pytest.approx(1.5)
    custody.saw_beginning(at(4))
    assert custody.quiet_in_s(at(6)) == pytest.approx(0.5)
    assert custody.judge(Coming(stamp(-600)), at(30)) is Reason.STORED
    assert custody.take_stored() == 2


def test_a_device_that_is_not_drained_cannot_be_armed() -> None:
    custody = Custody("cuff-1", MeasurementKind.BLOOD_PRESSURE, silence_s=2.5)
    custody.came(0.0, at(0))
    with pytest.raises(ValueError, match="drained"):
        custody.arm(B, at(1))


@pytest.mark.parametrize("ahead_s", [None, 0.0, 600.0, -5 * 365 * 86_400.0, 3_600.0, 12 * 3_600.0])
def test_a_live_value_counts_whatever_the_devices_clock_says(ahead_s: float | None) -> None:
    custody = armed(ahead_s)
    assert custody.saw_beginning(at(20))
    time = None if ahead_s is None else stamp(29, timedelta(seconds=ahead_s))
    assert custody.judge(Coming(time), at(29)) is Reason.NONE


@pytest.mark.parametrize("ahead_s", [None, 0.0, 600.0, -5 * 365 * 86_400.0, 3_600.0, 12 * 3_600.0])
def test_after_a_reconnection_inside_the_window_everything_is_stored_until_it_is_silent(ahead_s: float | None) -> None:
    custody = armed(ahead_s)
    custody.went()
    custody.came(ahead_s, at(40))
    now = None if ahead_s is None else stamp(40, timedelta(seconds=ahead_s))
    assert custody.judge(Coming(now), at(40.5)) is Reason.STORED
    custody.settle(at(43))
    time = None if ahead_s is None else stamp(59, timedelta(seconds=ahead_s))
    assert custody.judge(Coming(time), at(60)) is Reason.NONE


def test_a_value_of_a_measurement_that_began_before_the_window_is_not_of_the_window() -> None:
    custody = drained()
    custody.saw_beginning(at(8))
    custody.arm(B, at(10))
    assert not custody.saw_beginning(at(12))
    assert custody.judge(Coming(stamp(20)), at(20)) is Reason.STORED
    assert custody.saw_beginning(at(30))
    assert custody.judge(Coming(stamp(39)), at(39)) is Reason.NONE


def test_a_device_that_showed_a_beginning_once_is_held_to_it() -> None:
    custody = armed()
    assert custody.judge(Coming(stamp(19)), at(20)) is Reason.NONE
    custody.arm(B, at(30))
    custody.saw_beginning(at(31))
    custody.judge(Coming(stamp(40), has_value=False), at(40))
    assert custody.judge(Coming(stamp(50)), at(50)) is Reason.STORED


def test_without_a_clock_and_without_a_beginning_nothing_counts_on_a_connection_from_before() -> None:
    custody = armed(None)
    assert custody.judge(Coming(), at(20)) is Reason.STORED


def test_two_honest_equal_readings_without_a_time_both_count_and_one_packet_sent_twice_counts_once() -> None:
    custody = armed(None)
    for second in (20, 40):
        custody.saw_beginning(at(second))
        assert custody.judge(Coming(), at(second + 1)) is Reason.NONE
    timed = armed()
    same = Coming(stamp(20), fingerprint="abc")
    assert timed.judge(same, at(21)) is Reason.NONE
    timed.went()
    timed.came(0.0, at(30))
    timed.settle(at(33))
    assert timed.judge(same, at(40)) is Reason.DUPLICATE


def test_when_our_own_clock_was_set_the_devices_clock_says_nothing_any_more() -> None:
    """Ours was ten minutes ahead when both were compared, so that a ten minutes old value looks like now."""
    custody = drained(-600.0)
    corrected = replace(at(100), real=at(100).real - timedelta(minutes=10))
    custody.arm(B, corrected)
    assert custody.taken(stamp(0), corrected) is None
    assert custody.judge(Coming(stamp(0) - timedelta(minutes=10)), replace(corrected, mono=1101)) is Reason.STORED


def test_the_window_closes_on_the_clock_that_nobody_sets() -> None:
    custody = armed()
    late = At(BEGAN + timedelta(seconds=20), 1000 + 10 + 300)
    assert custody.judge(Coming(stamp(19)), late) is Reason.NO_REQUEST
    assert custody.window is None


def test_what_flows_needs_no_silence_and_does_not_break_it() -> None:
    custody = Custody("clip-1", MeasurementKind.OXIMETER, silence_s=2.5)
    custody.came(None, at(0))
    assert custody.judge(Coming(flows=True), at(1)) is Reason.NO_REQUEST
    assert custody.quiet_in_s(at(1)) == pytest.approx(1.5)
    custody.settle(at(2.5))
    custody.arm(B, at(3))
    assert custody.judge(Coming(flows=True), at(4)) is Reason.NONE
    assert custody.judge(Coming(), at(4)) is Reason.STORED


def test_the_quarantine_is_small_knows_no_value_and_forgets_at_the_end_of_the_day() -> None:
    custody = drained()
    for second in range(60):
        custody.judge(Coming(stamp(second)), at(10 + second))
    held = custody.held(at(100).real)
    assert len(held) == 50
    assert {(each.device_id, each.kind, each.reason) for each in held} == {
        ("cuff-1", MeasurementKind.BLOOD_PRESSURE, Reason.NO_REQUEST)
    }
    assert custody.counts == {Reason.NO_REQUEST: 60}
    midnight_in_the_quarter = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
    assert len(custody.held(midnight_in_the_quarter - timedelta(seconds=1))) == 50
    assert custody.held(midnight_in_the_quarter) == ()


def test_a_record_with_an_old_number_is_stored_whatever_its_time_says() -> None:
    custody = drained(None)
    custody.begin_drain(at(3))
    assert custody.judge(Coming(sequence=65535), at(4)) is Reason.STORED
    custody.settle(at(7))
    assert custody.next_record == 65536
    custody.arm(B, at(10))
    assert custody.judge(Coming(sequence=65535), at(11)) is Reason.STORED
    assert custody.judge(Coming(sequence=65534), at(12)) is Reason.STORED
    assert custody.judge(Coming(sequence=0), at(13)) is Reason.NONE


def test_a_device_whose_memory_was_erased_counts_from_one_again() -> None:
    custody = drained(None)
    assert custody.judge(Coming(sequence=40), at(3)) is Reason.NO_REQUEST
    custody.begin_drain(at(4))
    custody.forget_records()
    custody.settle(at(7))
    custody.arm(B, at(10))
    assert custody.judge(Coming(sequence=1), at(11)) is Reason.NONE


def test_a_value_of_another_user_of_the_device_is_kept_back() -> None:
    custody = armed()
    assert custody.judge(Coming(stamp(20), wrong_user=True), at(20)) is Reason.WRONG_USER
    assert custody.judge(Coming(stamp(21)), at(21)) is Reason.NONE


def test_a_cuff_whose_clock_was_ahead_needs_its_beginning_until_the_old_clock_is_passed() -> None:
    custody = drained(600.0)
    custody.clock_set(0.0, at(2.5))
    custody.arm(B, at(10))
    assert custody.judge(Coming(stamp(-590, timedelta(minutes=10))), at(11)) is Reason.STORED
    assert custody.saw_beginning(at(12))
    assert custody.judge(Coming(stamp(20)), at(20)) is Reason.NONE
