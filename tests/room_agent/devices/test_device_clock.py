"""When a device measured: by the clock that was read, by the one that was set, or not known."""

from datetime import UTC, datetime, timedelta

import pytest

from room_agent.devices.device_clock import At, DeviceClock, wanted_ahead_s

BEGAN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOUR_S, YEARS_S = 3600.0, 5 * 365 * 86_400.0
WALL = timedelta(hours=1)


def at(seconds: float) -> At:
    return At(BEGAN + timedelta(seconds=seconds), 1000 + seconds)


def stamp(seconds: float, ahead_s: float) -> datetime:
    return (BEGAN + timedelta(seconds=seconds + ahead_s)).replace(tzinfo=None, microsecond=0)


@pytest.mark.parametrize("ahead_s", [-YEARS_S, -HOUR_S, 0.0, 600.0, 12 * HOUR_S])
def test_what_is_stored_carries_the_clock_that_was_read_first(ahead_s: float) -> None:
    clock = DeviceClock(ahead_s, at(0)).after_setting(0.0, at(3))
    found = clock.taken(stamp(-1200, ahead_s), at(5))
    assert found in (None, BEGAN - timedelta(seconds=1200))
    if ahead_s <= 0:
        assert found is not None


@pytest.mark.parametrize("ahead_s", [-YEARS_S, -HOUR_S])
def test_a_clock_that_was_behind_is_right_as_soon_as_it_is_set(ahead_s: float) -> None:
    clock = DeviceClock(ahead_s, at(0)).after_setting(HOUR_S, at(3))
    assert clock.taken(stamp(20, HOUR_S), at(21)) == BEGAN + timedelta(seconds=20)
    assert clock.ahead_now_s == HOUR_S


def test_a_stamp_that_can_be_of_either_clock_says_nothing_until_the_old_one_is_passed() -> None:
    """Ten minutes ahead: a value of ten minutes ago and one of now carry the same stamp."""
    clock = DeviceClock(600.0, at(0)).after_setting(0.0, at(3))
    assert stamp(-600, 600.0) == stamp(0, 0.0)
    assert clock.taken(stamp(20, 0.0), at(21)) is None
    assert clock.taken(stamp(700, 0.0), at(701)) == BEGAN + timedelta(seconds=700)


def test_nothing_is_known_once_our_own_clock_was_set() -> None:
    clock = DeviceClock(0.0, at(0))
    assert clock.taken(stamp(20, 0.0), At(BEGAN + timedelta(seconds=121), 1021)) is None


@pytest.mark.parametrize(
    ("ahead_s", "wanted"),
    [(0.0, None), (1.9, None), (HOUR_S, None), (HOUR_S - 1.5, None), (600.0, HOUR_S), (-YEARS_S, HOUR_S)],
)
def test_only_a_clock_that_shows_neither_utc_nor_the_time_on_the_wall_is_set(
    ahead_s: float, wanted: float | None
) -> None:
    assert wanted_ahead_s(ahead_s, WALL) == wanted
