"""What a viewer's line carries, from what the far end estimates (REMB). Moments are of the monotonic clock.

The far end's estimate grows only as far as one uses the line: at most half again what came lately. A slate uses next to
nothing, so an estimate that is low but above what was sent says "no more was tried", not "no more is possible". A line
that is full answers at once with less than was sent; that counts.
"""

from collections import deque

from room_agent.media.ladder import CEILING_BPS, FLOOR_BPS, START_BPS

_LATELY_S = 1.0
_LESS = 0.95


class Line:
    """*allowed_bps*: what may be sent now."""

    def __init__(self) -> None:
        self.allowed_bps = START_BPS
        self.sent_bytes = 0
        self._lately: deque[tuple[float, int]] = deque()
        self._lately_bytes = 0

    def sent(self, size: int, *, now: float) -> None:
        """*size* bytes left."""
        self.sent_bytes += size
        self._lately.append((now, size))
        self._lately_bytes += size
        self._forget(now)

    def estimated(self, bps: int, *, now: float) -> None:
        """The far end says that *bps* come through."""
        self._forget(now)
        full = bps < self._lately_bytes * 8 / _LATELY_S * _LESS
        if full or bps > self.allowed_bps:
            self.allowed_bps = max(FLOOR_BPS, min(2 * CEILING_BPS, bps))

    def _forget(self, now: float) -> None:
        while self._lately and now - self._lately[0][0] > _LATELY_S:
            self._lately_bytes -= self._lately.popleft()[1]
