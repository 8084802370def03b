"""Counts wrong tries per place, so that guessing a short secret is slow. In memory; it forgets by itself."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from threading import Lock

PLACES = 10_000
"""How many places are remembered; the one that was quiet longest goes first."""


class Tries:
    """At most *allowed* wrong tries *within* a span of time, per place."""

    def __init__(self, allowed: int, within: timedelta, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._allowed = allowed
        self._within_s = within.total_seconds()
        self._monotonic = monotonic
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def exhausted(self, place: str) -> bool:
        """Whether *place* must wait, even with the right secret."""
        with self._lock:
            failed = self._failed.get(place, deque())
            return len(failed) == self._allowed and self._monotonic() - failed[0] < self._within_s

    def failed(self, place: str) -> None:
        """One more wrong try from *place*."""
        with self._lock:
            self._failed.setdefault(place, deque(maxlen=self._allowed)).append(self._monotonic())
            self._failed.move_to_end(place)
            while len(self._failed) > PLACES:
                self._failed.popitem(last=False)


def place_of(address: str) -> str:
    """The place that an address stands for: with IPv6 its network of 64 bits, since one line has them all."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return f"{int(found) >> 64:x}::/64" if isinstance(found, IPv6Address) else address
