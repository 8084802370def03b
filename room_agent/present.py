"""Which kiosks and monitors are connected, when one that is gone was last here, and who was only just paired."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from schemas.checks import MachineSeen
from schemas.day import MachineKey

JUST_PAIRED_S = 2.0
"""So long a new machine may come in before the plan names it. One that is revoked before that is never named: with
the tick of the feed (2.5 s) it is outside within 5 s all the same."""


class Present:
    """*mono*: seconds that only go on. A connection that broke unnoticed counts until its pings find out (40 s)."""

    def __init__(self, mono: Callable[[], float]) -> None:
        self.just_paired_s = JUST_PAIRED_S
        self._mono = mono
        self._here: Counter[str] = Counter()
        self._last: dict[str, float] = {}
        self._named: set[str] = set()
        self._just_paired: dict[str, tuple[MachineKey, float]] = {}

    @property
    def now(self) -> frozenset[str]:
        """Who is connected."""
        return frozenset(self._here)

    @contextmanager
    def connected(self, machine_id: str) -> Iterator[None]:
        """The machine is here while the block lasts; it may be here more than once."""
        self._here[machine_id] += 1
        try:
            yield
        finally:
            self._here -= Counter((machine_id,))
            self._last[machine_id] = self._mono()

    def seen(self, known: Collection[str], now: datetime) -> tuple[MachineSeen, ...]:
        """When each of the *known* machines was last here: *now*, where it is; those that never were are left out."""
        ago = {machine_id: timedelta(seconds=self._mono() - at) for machine_id, at in self._last.items()}
        ago |= dict.fromkeys(self.now, timedelta(0))
        return tuple(MachineSeen(machine_id=each, seen=now - ago[each]) for each in sorted(ago.keys() & set(known)))

    def just_paired(self, key: MachineKey) -> None:
        """Let *key* in until the plan that names it is here, which may have been faster than the answer to the code."""
        if key.machine_id not in self._named:
            self._just_paired[key.machine_id] = (key, self._mono() + self.just_paired_s)

    def planned(self, keys: Iterable[MachineKey]) -> None:
        """A plan that names *keys* is here."""
        for key in keys:
            self._named.add(key.machine_id)
            self._just_paired.pop(key.machine_id, None)

    def waiting(self) -> list[MachineKey]:
        """Those whom no plan names yet."""
        return [key for key, until in self._just_paired.values() if self._mono() < until]
