"""How fast packets may leave: a picture must not leave as one burst, and what is sent again must not drown the rest."""


class Pacer:
    """Spreads packets over time. *bps* is the average; pictures leave faster than that, by `_HASTE`.

    Said after each packet, so that its send time (abs-send-time) is what the receiver measures against.
    """

    _HASTE = 2.5
    _GRAIN_S = 0.008
    """Shorter pauses are not made: packets leave in groups, as libwebrtc's do, and each pause wakes the processor."""

    def __init__(self, bps: int) -> None:
        self.bps = bps
        self._free_at = 0.0

    def pause_s(self, size: int, *, now: float) -> float:
        """How long to wait after a packet of *size* bytes, *now* by the monotonic clock."""
        self._free_at = max(self._free_at, now) + size * 8 / (self.bps * self._HASTE)
        ahead = self._free_at - now
        return ahead if ahead >= self._GRAIN_S else 0.0


class Allowance:
    """A share of the line for packets that are sent again; what has been used comes back with time."""

    _SHARE = 0.2
    _SAVED_S = 1.0

    def __init__(self, bps: int) -> None:
        self.bps = bps
        self._used_bytes = 0.0
        self._at = 0.0

    def grants(self, size: int, *, now: float) -> bool:
        """Whether *size* bytes may be sent again, *now* by the monotonic clock."""
        rate = self.bps / 8 * self._SHARE
        self._used_bytes = max(0.0, self._used_bytes - (now - self._at) * rate)
        self._at = now
        if self._used_bytes + size > rate * self._SAVED_S:
            return False
        self._used_bytes += size
        return True
