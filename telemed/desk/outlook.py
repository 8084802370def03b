"""What a resident is told of her start: a range, when to set out, and how old it is. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

STEP = timedelta(minutes=5)
"""Times are said on the five minutes: the beginning of a range earlier, its end later."""
BEFORE = timedelta(minutes=10)
"""How long before the earliest start one should be there, as every invitation says."""
LONGEST_STAY = timedelta(minutes=90)
"""Of more than that only the time is said; nobody counts so many minutes."""
MARKED_AFTER = timedelta(seconds=15)
GONE_AFTER = timedelta(seconds=120)
WAYS = (0, 5, 10, 15, 20, 30, 45, 60)
"""Minutes to the room that one can choose from; 0: not said."""
LATER = (5, 10, 20, 30)
"""By how many minutes one can say that one comes later."""


@dataclass(frozen=True)
class Outlook:
    """*low* to *high* holds the start (80 %). *be_there*: when to be at the room; *set_out*: when to leave for it.

    *stay_minutes*: how long one can still stay, rounded down; None where it is not said. *is_soon*: the range has
    begun. *as_of*: when the room was last heard; *is_marked*: that is long ago.
    """

    low: datetime
    high: datetime
    be_there: datetime
    set_out: datetime | None
    stay_minutes: int | None
    is_soon: bool
    as_of: datetime
    is_marked: bool

    @property
    def is_time(self) -> bool:
        """Whether one should set out now."""
        return self.set_out is not None and self.stay_minutes == 0


def outlook(
    low: datetime,
    high: datetime,
    *,
    planned: datetime,
    now: datetime,
    way: timedelta,
    as_of: datetime,
    asked: datetime | None = None,
) -> Outlook | None:
    """What is said of a start between *low* and *high*; None when what is known of it is too old.

    It is never earlier than *planned*, which was said when the appointment was made; *way* is how long she needs.
    *asked*: when she was asked to come, by the template of the session; then she should be there, delay or not.
    """
    if now - as_of > GONE_AFTER:
        return None
    low = down(max(low, planned))
    high = max(up(high), low + STEP)
    be_there = min(low - BEFORE, asked) if asked else low - BEFORE
    set_out = be_there - way if way else None
    left = set_out - now if set_out else None
    return Outlook(
        low=low,
        high=max(high, up(now)),
        be_there=be_there,
        set_out=set_out,
        stay_minutes=_minutes(left) if left is not None and left <= LONGEST_STAY else None,
        is_soon=low <= now,
        as_of=as_of,
        is_marked=now - as_of > MARKED_AFTER,
    )


def _minutes(left: timedelta) -> int:
    return max(0, left // STEP * 5)


def down(moment: datetime) -> datetime:
    """The last full five minutes."""
    return moment - _beyond(moment)


def up(moment: datetime) -> datetime:
    """The next full five minutes, or the moment itself if it is one."""
    beyond = _beyond(moment)
    return moment - beyond + STEP if beyond else moment


def _beyond(moment: datetime) -> timedelta:
    return timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)
