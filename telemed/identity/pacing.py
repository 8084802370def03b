"""How much of the centre one program takes: so many requests in a while, and so many beside each other.

Each program has its own measure, so that one that asks without end waits for itself and nobody else waits for it. What
is done within one request (the entries of a Bundle) counts as if each had been asked for alone.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from telemed.kit.refusal import Refusal, Sense

PER_SECOND = 100
SAVED_S = 60
"""Who did not ask for a while may make up for so much of it at once: a practice fetches its day in the morning."""
BESIDE = 36
"""Fewer than there are threads, so that some are left for others."""


class TooFast(Refusal):
    """A program asks for more than its measure. *is_first*: it was told nothing like it in the last second."""

    sense = Sense.TOO_OFTEN
    key = "interop.refusal.too_fast"
    plain = "this program asks for too much at once; ask again in {wait_s} seconds, and for less beside each other"

    def __init__(self, wait_s: int, *, is_first: bool) -> None:
        super().__init__(wait_s=wait_s)
        self.is_first = is_first


@dataclass
class _Left:
    """What a program may still ask for, at a moment; *told*: when it was refused last."""

    requests: float
    at: float
    told: float = float("-inf")


@dataclass
class Paces:
    """*per_second*: requests of one program in the long run; 0: as many as it likes. For one event loop."""

    per_second: int = PER_SECOND
    beside: int = BESIDE
    monotonic: Callable[[], float] = time.monotonic
    _left: dict[str, _Left] = field(default_factory=dict)
    _beside: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def one(self, program: str) -> Iterator[None]:
        """While a request of this program is answered.

        Raises:
            TooFast: not now.
        """
        if not self.per_second:
            yield
            return
        self.spend(program, 1)
        if self._beside[program] >= self.beside:
            raise self._refusal(self._left[program], 1)
        self._beside[program] += 1
        try:
            yield
        finally:
            self._beside[program] -= 1
            if not self._beside[program]:
                del self._beside[program]

    def spend(self, program: str, requests: int) -> None:
        """So many more requests are asked for within one.

        Raises:
            TooFast: its measure is used up; nothing of it is taken.
        """
        if not self.per_second:
            return
        now, most = self.monotonic(), float(self.per_second * SAVED_S)
        left = self._left.setdefault(program, _Left(most, now))
        left.requests = min(most, left.requests + (now - left.at) * self.per_second)
        left.at = now
        if left.requests < requests:
            raise self._refusal(left, math.ceil((requests - left.requests) / self.per_second))
        left.requests -= requests

    def _refusal(self, left: _Left, wait_s: int) -> TooFast:
        now = self.monotonic()
        is_first = now - left.told >= 1
        left.told = now if is_first else left.told
        return TooFast(wait_s, is_first=is_first)
