"""What a viewer's line carries, from what the far end says. Moments are of the monotonic clock.

The far end estimates (REMB), but only what it was sent: a slate uses next to nothing, and an estimate that began with a
slate is a few kbit/s and grows by one a second. So the second picture is followed by a few packets of filling at rising
speed, from which Chromium takes its first estimate at once; an estimate counts as a limit only when it is below
what was sent; and where it stays absurdly low, the round trip says whether packets wait somewhere.
"""

from collections import deque

from room_agent.media.ladder import CEILING_BPS, FLOOR_BPS, START_BPS

PROBE_PAUSES_S = (*(0.025,) * 6, *(0.010,) * 6, *(0.004,) * 7)
"""Pauses between full packets: 0.4, 1 and 2.4 Mbit/s, about 23 KB in a quarter of a second."""
_LATELY_S = 1.0
_USED = 0.5
"""With less than this part of what is allowed, the picture and not the line was the limit."""
_ABSURD, _TRUSTED = 0.25, 0.95
"""An estimate below the first part of what was sent is no measurement; between the two it says: the line is full."""
_WAITING_S = 0.1
_MUCH_LOST, _LITTLE_LOST = 0.1, 0.02
_DOWN, _UP, _UP_UNTOLD = 0.8, 1.5, 1.08
_HOLD_S, _CALM_S = 1.0, 2.0


class Line:
    """*allowed_bps*: what may be sent now."""

    def __init__(self) -> None:
        self.allowed_bps = START_BPS
        self.sent_bytes = 0
        self._lately: deque[tuple[float, int]] = deque()
        self._lately_bytes = 0
        self._estimate_bps = 0
        self._shortest_s = float("inf")
        self._full_at = -_CALM_S

    def sent(self, size: int, *, now: float) -> None:
        """*size* bytes left."""
        self.sent_bytes += size
        self._lately.append((now, size))
        self._lately_bytes += size
        self._forget(now)

    def estimated(self, bps: int, *, now: float) -> None:
        """The far end says that *bps* come through (REMB)."""
        self._estimate_bps = bps
        lately = self._lately_bps(now)
        if bps >= self.allowed_bps:
            if now - self._full_at > _HOLD_S:
                self._allow(min(bps, self.allowed_bps * _UP))
        elif lately * _ABSURD < bps < lately * _TRUSTED:
            self._allow(bps)
            self._full_at = now

    def reported(self, round_trip_s: float, lost: float, *, now: float) -> None:
        """The far end says how long a packet and its answer took, and which part was *lost* lately (receiver report).

        An estimate that keeps up with what is sent knows better; the round trip also tells how busy both machines are.
        """
        self._shortest_s = min(self._shortest_s, round_trip_s)
        lately = self._lately_bps(now)
        waiting = round_trip_s > self._shortest_s + _WAITING_S and self._estimate_bps < lately * _TRUSTED
        if waiting or lost > _MUCH_LOST:
            if now - self._full_at > _HOLD_S:
                self._allow(_DOWN * min(self.allowed_bps, max(lately, FLOOR_BPS)))
                self._full_at = now
        elif lost < _LITTLE_LOST and now - self._full_at > _CALM_S and self._estimate_bps < self.allowed_bps:
            self._allow(self.allowed_bps * (_UP_UNTOLD if lately > self.allowed_bps * _USED else 1))

    def _allow(self, bps: float) -> None:
        self.allowed_bps = int(max(FLOOR_BPS, min(2 * CEILING_BPS, bps)))

    def _lately_bps(self, now: float) -> float:
        self._forget(now)
        return self._lately_bytes * 8 / _LATELY_S

    def _forget(self, now: float) -> None:
        while self._lately and now - self._lately[0][0] > _LATELY_S:
            self._lately_bytes -= self._lately.popleft()[1]
