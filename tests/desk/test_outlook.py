"""What is said of a start: rounded, never before the planned time, and nothing once it is too old."""

from datetime import UTC, datetime, timedelta

import pytest

from telemed.desk.outlook import Outlook, outlook

TEN = datetime(2026, 11, 24, 9, tzinfo=UTC)
"""10:00 on the wall."""


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def seen(low: float, high: float, *, now: float = -60, way: float = 0, age_s: float = 0) -> Outlook | None:
    """The outlook of a start between two minutes after ten, planned for ten."""
    moment = TEN + minutes(now)
    as_of = moment - timedelta(seconds=age_s)
    return outlook(TEN + minutes(low), TEN + minutes(high), planned=TEN, now=moment, way=minutes(way), as_of=as_of)


def known(low: float, high: float, **more: float) -> Outlook:
    found = seen(low, high, **more)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("start", "said"),
    [((7, 22), (5, 25)), ((10, 20), (10, 20)), ((-12, 3), (0, 5)), ((0, 0), (0, 5)), ((14.9, 15.1), (10, 20))],
)
def test_a_range_is_on_the_five_minutes_holds_the_start_and_is_never_before_the_plan(
    start: tuple[float, float], said: tuple[float, float]
) -> None:
    found = known(*start)
    assert (found.low - TEN, found.high - TEN) == (minutes(said[0]), minutes(said[1]))


def test_one_stays_until_way_and_ten_minutes_before_the_earliest_start_are_left() -> None:
    found = known(7, 22, now=-38, way=15)
    assert found.be_there == TEN + minutes(-5)
    assert found.set_out == TEN + minutes(-20)
    assert found.stay_minutes == 15
    assert not found.is_time
    assert known(7, 22, now=-19, way=15).is_time
    assert known(7, 22, now=-180, way=15).stay_minutes is None
    assert known(7, 22).set_out is None


def test_a_range_that_has_begun_ends_ahead() -> None:
    found = known(0, 10, now=12)
    assert found.is_soon
    assert found.high == TEN + minutes(15)


def test_what_is_old_is_marked_and_what_is_older_is_not_said() -> None:
    assert not known(0, 10, age_s=15).is_marked
    assert known(0, 10, age_s=16).is_marked
    assert seen(0, 10, age_s=120) is not None
    assert seen(0, 10, age_s=121) is None
