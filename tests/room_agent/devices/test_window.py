"""Whose value is it? The guard, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from room_agent.devices.driver import Reason
from room_agent.devices.window import Arrival, Window, judge

OPENED = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
WINDOW = Window("visit-1", OPENED, OPENED + timedelta(minutes=5), 300.0)
LIVE = Arrival(OPENED + timedelta(seconds=40), OPENED + timedelta(seconds=38))


def test_a_value_measured_now_inside_the_window_is_shown() -> None:
    assert judge(LIVE, WINDOW) is Reason.NONE


@pytest.mark.parametrize(
    ("arrival", "reason"),
    [
        (replace(LIVE, draining=True), Reason.STORED),
        (replace(LIVE, stored=True), Reason.STORED),
        (replace(LIVE, has_value=False), Reason.NO_VALUE),
        (replace(LIVE, seen_before=True), Reason.DUPLICATE),
        (replace(LIVE, taken=OPENED - timedelta(minutes=10)), Reason.STORED),
        (replace(LIVE, taken=OPENED - timedelta(seconds=6)), Reason.STORED),
        (replace(LIVE, taken=LIVE.received + timedelta(seconds=61)), Reason.FUTURE),
        (replace(LIVE, received=OPENED + timedelta(minutes=6)), Reason.NO_REQUEST),
        (replace(LIVE, taken=None), Reason.STORED),
        (replace(LIVE, must_begin=True), Reason.STORED),
    ],
)
def test_anything_else_is_not(arrival: Arrival, reason: Reason) -> None:
    assert judge(arrival, WINDOW) is reason


def test_nobody_asked() -> None:
    assert judge(LIVE, None) is Reason.NO_REQUEST


def test_without_a_usable_clock_a_value_counts_only_after_a_beginning_that_we_saw() -> None:
    assert judge(replace(LIVE, taken=None, begun=True), WINDOW) is Reason.NONE


def test_a_minute_ahead_is_a_clock_a_little_wrong() -> None:
    assert judge(replace(LIVE, taken=LIVE.received + timedelta(seconds=60)), WINDOW) is Reason.NONE


def test_a_device_that_shows_its_beginnings_is_believed_with_one() -> None:
    assert judge(replace(LIVE, must_begin=True, begun=True), WINDOW) is Reason.NONE


def test_a_clock_that_runs_ahead_does_not_make_an_old_value_new_because_the_drain_comes_first() -> None:
    """Ten minutes old, clock ten minutes ahead and never read: by its stamp it is now. The drain takes it away."""
    assert judge(replace(LIVE, draining=True, taken=LIVE.received), WINDOW) is Reason.STORED
