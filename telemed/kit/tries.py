"""Counts per place what may happen there only so often: wrong tries, things kept. In memory; it forgets by itself."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from threading import Lock

from telemed.kit.refusal import Refusal

PLACES = 10_000
"""How many places are remembered; the one that was quiet longest goes first."""


class Tries:
    """At most *allowed* wrong tries *within* a span of time, per place.

    Args:
        too_many: how a place is refused that must wait; its parameter *wait_s* says how many seconds.
        wrong: how the wrong secret is told.
    """

    def __init__(
        self,
        allowed: int,
        within: timedelta,
        *,
        too_many: type[Refusal],
        wrong: type[Exception] = Refusal,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed = allowed
        self._within_s = within.total_seconds()
        self._too_many = too_many
        self._wrong = wrong
        self._monotonic = monotonic
        self._begun: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def one(self, place: str) -> Iterator[None]:
        """One try from *place*. It counts from its beginning, so that many at once are no more than one by one.

        A block that ends with *wrong* had the wrong secret; one that ends otherwise is not counted any more.

        Raises:
            Refusal: *too_many* from there; the right secret is answered just so.
        """
        moment = self._begin(place)
        try:
            yield
        except self._wrong:
            raise
        except BaseException:
            self._forget(place, moment)
            raise
        self._forget(place, moment)

    @contextmanager
    def kept(self, place: str) -> Iterator[None]:
        """One more that *place* has. It counts from its beginning, and not any more if the block ends badly.

        Raises:
            Refusal: *too_many* from there.
        """
        moment = self._begin(place)
        try:
            yield
        except BaseException:
            self._forget(place, moment)
            raise

    def _begin(self, place: str) -> float:
        with self._lock:
            now = self._monotonic()
            begun = self._begun.setdefault(place, deque())
            while begun and now - begun[0] >= self._within_s:
                begun.popleft()
            if len(begun) >= self._allowed:
                raise self._too_many(wait_s=math.ceil(begun[0] + self._within_s - now))
            begun.append(now)
            self._begun.move_to_end(place)
            while len(self._begun) > PLACES:
                self._begun.popitem(last=False)
            return now

    def _forget(self, place: str, moment: float) -> None:
        with self._lock:
            begun = self._begun.get(place)
            if begun and moment in begun:
                begun.remove(moment)


def place_of(address: str) -> str:
    """The place that an address stands for: with IPv6 its network of 64 bits, since one line has them all."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return f"{int(found) >> 64:x}::/64" if isinstance(found, IPv6Address) else address
