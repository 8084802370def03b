"""What is told of a start, on every screen and in every notice: steady, and never earlier than already told. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.board import Delay

WORTH_SAYING = timedelta(minutes=5)
"""A shorter delay is not announced, and no smaller change of one that was."""


@dataclass(frozen=True)
class Start:
    """What the forecast says of a start: *expected*, and between *low* and *high* in eight of ten cases."""

    low: datetime
    expected: datetime
    high: datetime


@dataclass(frozen=True)
class Said:
    """What was last told of the start of a visit: between *low* and *high*, since *at*."""

    low: datetime
    high: datetime
    at: datetime


def said(before: Said | None, start: Start, planned: datetime, now: datetime) -> Said | None:
    """What is told from now on: None as long as it is on time and nothing else was told.

    Somebody may have gone home on what was told; so an earlier start is never told afterwards. A range that has passed
    is told anew, however little it moved.
    """
    if before is None:
        return Said(start.low, start.high, now) if start.expected - planned >= WORTH_SAYING else None
    low = max(before.low, start.low)
    high = max(low, start.high)
    moved = low - before.low >= WORTH_SAYING or abs(high - before.high) >= WORTH_SAYING
    passed = before.high <= now < high
    return Said(low, high, now) if moved or passed else before


def delay(what: Said, planned: datetime) -> Delay | None:
    """*what* as minutes after the *planned* start, in a range that contains it; None if that is worth no word.

    Its beginning is rounded down: who is told fifteen minutes and is called after twelve would have missed it.
    """
    low, high = (moment - planned for moment in (what.low, what.high))
    if high < WORTH_SAYING:
        return None
    return Delay(low_minutes=max(0, round_down(low)), high_minutes=round_up(high))


def round_down(late: timedelta) -> int:
    """Minutes, down to the last 5 below 30 and the last 10 above."""
    minutes = late.total_seconds() / 60
    step = 5 if minutes < 30 else 10
    return int(minutes // step * step)


def round_up(late: timedelta) -> int:
    """Minutes, up to the next 5 below 30 and the next 10 above."""
    minutes = late.total_seconds() / 60
    step = 5 if minutes <= 30 else 10
    return int(-(-minutes // step) * step)
