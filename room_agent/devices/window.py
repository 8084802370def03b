"""Does this value belong to this visit? Pure; the worst case is the previous person's value delivered late.

Time stamps alone are not enough (a device clock that runs ten minutes ahead makes a ten minutes old value look like
now), so a value counts only after a drain, inside an armed window, and fresh by a clock that we have compared with
ours, or after we saw the measurement begin.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from room_agent.devices.driver import Reason

_BEFORE = timedelta(seconds=5)
_AHEAD = timedelta(seconds=60)


@dataclass(frozen=True)
class Window:
    """The armed time of one visit: real time, and in seconds of the monotonic clock, which nobody sets."""

    visit_id: str
    opened: datetime
    closes: datetime
    closes_mono: float


@dataclass(frozen=True)
class Arrival:
    """What is known of a value when it comes in; times are real time.

    *taken*: when it was measured by the device's corrected clock, None if that is not known. *begun*: we saw the
    measurement begin inside the window, or the device sends continuously. *must_begin*: this device shows when it
    begins, so that a value without a beginning is an old one whatever its clock says.
    """

    received: datetime
    taken: datetime | None
    has_value: bool = True
    stored: bool = False
    draining: bool = False
    begun: bool = False
    must_begin: bool = False
    seen_before: bool = False
    wrong_user: bool = False


def judge(arrival: Arrival, window: Window | None) -> Reason:
    """`Reason.NONE` if the value may be shown for the window's visit, else why not."""
    if arrival.draining or arrival.stored:
        return Reason.STORED
    if window is None or not window.opened <= arrival.received <= window.closes:
        return Reason.NO_REQUEST
    if arrival.wrong_user:
        return Reason.WRONG_USER
    if not arrival.has_value:
        return Reason.NO_VALUE
    if arrival.seen_before:
        return Reason.DUPLICATE
    if arrival.taken is not None and arrival.taken > arrival.received + _AHEAD:
        return Reason.FUTURE
    return Reason.NONE if _fresh(arrival, window) else Reason.STORED


def _fresh(arrival: Arrival, window: Window) -> bool:
    if arrival.taken is None:
        return arrival.begun
    return arrival.taken >= window.opened - _BEFORE and (arrival.begun or not arrival.must_begin)
