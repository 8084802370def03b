"""Real, exercise and hand clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.kit.clock import ExerciseClock, RealClock, exercise_start

BERLIN = ZoneInfo("Europe/Berlin")
moments = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from(["Europe/Berlin", "UTC", "America/New_York", "Australia/Lord_Howe"]).map(ZoneInfo)


@given(moments, zones)
def test_an_exercise_starts_on_a_tuesday_at_nine_at_any_moment_and_always_ahead(real: datetime, zone: ZoneInfo) -> None:
    offset = exercise_start(real, zone)
    start = (real + offset).astimezone(zone)
    assert (start.weekday(), start.hour, start.minute, start.second, start.microsecond) == (1, 9, 0, 0, 0)
    assert timedelta(0) < offset <= timedelta(days=7, hours=24)


@pytest.mark.parametrize(
    "real",
    [
        datetime(2026, 3, 28, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
        datetime(2026, 11, 24, 7, 59, tzinfo=UTC),
    ],
)
def test_an_exercise_starts_right_around_the_nights_of_the_clock_change(real: datetime) -> None:
    start = (real + exercise_start(real, BERLIN)).astimezone(BERLIN)
    assert (start.weekday(), start.hour, start.minute) == (1, 9, 0)


def test_the_exercise_clock_runs_like_the_real_one_and_only_forward() -> None:
    real = [datetime(2026, 1, 1, tzinfo=UTC)]
    clock = ExerciseClock(timedelta(hours=1), real=lambda: real[0])
    before = clock.now()
    clock.forward(timedelta(minutes=12))
    assert clock.now() - before == timedelta(minutes=12)
    real[0] += timedelta(seconds=7)
    assert clock.now() - before == timedelta(minutes=12, seconds=7)
    with pytest.raises(ValueError):
        clock.forward(timedelta(seconds=-1))
    assert clock.offset == timedelta(hours=1, minutes=12)


def test_a_room_follows_the_centre_s_offset() -> None:
    clock = ExerciseClock(timedelta(0), real=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    clock.follow(timedelta(days=2))
    assert clock.now() == datetime(2026, 1, 3, tzinfo=UTC)


def test_the_real_clock_is_aware_and_has_no_offset() -> None:
    assert RealClock().now().utcoffset() == timedelta(0)
    assert RealClock().offset == timedelta(0)
