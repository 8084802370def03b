"""May a camera's own H.264 go to the browser as it is? Pure rules; the answer may change with the line."""

from room_agent.media.source import OwnStream

LONGEST_KEY_INTERVAL_S = 1.2
"""A viewer who lost a picture waits that long; the camera takes no request. One second, and what clocks differ."""
_TIGHT, _EASY = 1.0, 1.15
_FRESH = 2


def may_pass(own: OwnStream | None, allowed_bps: int, *, passing: bool) -> bool:
    """Whether the slowest viewer's *allowed_bps* carry *own*, and every browser decodes it.

    What is transcoded now (not *passing*) passes only when there is something to spare, and from a key picture on.
    """
    if own is None or not own.profile.browser_takes_it:
        return False
    if not 0 < own.key_interval_s <= LONGEST_KEY_INTERVAL_S:
        return False
    if passing:
        return allowed_bps >= own.bps * _TIGHT
    return allowed_bps >= own.bps * _EASY and own.since_key <= _FRESH
