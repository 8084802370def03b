"""What is told of a start is steady, true, and never earlier than already told."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.queue.saying import WORTH_SAYING, Said, Start, delay, round_down, round_up, said
from tests.builders import TUESDAY

MINUTE = timedelta(minutes=1)


def start(low: float, high: float, expected: float | None = None) -> Start:
    middle = (low + high) / 2 if expected is None else expected
    return Start(*(TUESDAY + minute * MINUTE for minute in (low, middle, high)))


def told(low: float, high: float, at: float = 0) -> Said:
    return Said(TUESDAY + low * MINUTE, TUESDAY + high * MINUTE, TUESDAY + at * MINUTE)


@pytest.mark.parametrize(
    ("minutes", "down", "up"),
    [(5, 5, 5), (12, 10, 15), (29, 25, 30), (30, 30, 30), (31, 30, 40), (45, 40, 50), (60, 60, 60), (0, 0, 0)],
)
def test_minutes_round_to_five_below_thirty_and_to_ten_above(minutes: int, down: int, up: int) -> None:
    assert (round_down(minutes * MINUTE), round_up(minutes * MINUTE)) == (down, up)


def test_nothing_is_said_while_it_is_about_on_time() -> None:
    assert said(None, start(0, 9), TUESDAY, TUESDAY) is None
    assert said(None, start(0, 10), TUESDAY, TUESDAY) == told(0, 10)


def test_a_small_change_is_not_said_and_a_large_one_is() -> None:
    before = told(10, 20)
    assert said(before, start(14, 24), TUESDAY, TUESDAY + MINUTE) == before
    assert said(before, start(15, 24), TUESDAY, TUESDAY + MINUTE) == told(15, 24, at=1)
    assert said(before, start(10, 25), TUESDAY, TUESDAY + MINUTE) == told(10, 25, at=1)


def test_it_is_never_said_to_be_earlier_than_already_said_only_surer() -> None:
    before = told(20, 40)
    assert said(before, start(0, 10), TUESDAY, TUESDAY) == told(20, 20)
    assert said(before, start(5, 30), TUESDAY, TUESDAY) == told(20, 30)


def test_a_range_that_has_passed_is_said_anew() -> None:
    before = told(10, 20)
    assert said(before, start(20, 22), TUESDAY, TUESDAY + 20 * MINUTE) == told(20, 22, at=20)


minutes = st.floats(-10, 120, allow_nan=False)
forecasts = st.lists(st.tuples(minutes, minutes).map(sorted), min_size=1, max_size=12)


@given(forecasts)
def test_whatever_the_forecast_says_the_told_beginning_never_goes_back(each: list[list[float]]) -> None:
    now, before = TUESDAY, None
    for low, high in each:
        now += 20 * timedelta(seconds=1)
        then = said(before, start(low, high), TUESDAY, now)
        if before is not None:
            assert then is not None
            assert then.low >= before.low
            assert then is before or (
                then.low - before.low >= WORTH_SAYING
                or abs(then.high - before.high) >= WORTH_SAYING
                or now >= before.high
            )
        if then is not None:
            assert then.low <= then.high
            in_minutes = delay(then, TUESDAY)
            if in_minutes is not None:
                assert in_minutes.low_minutes * MINUTE <= max(then.low - TUESDAY, 0 * MINUTE)
                assert in_minutes.high_minutes * MINUTE >= then.high - TUESDAY
        before = then
