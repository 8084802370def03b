"""Who is free when, kept in memory over all the weeks that one may book: a search reads nothing.

Truth is the claims in the database. The index hears of each commit of this process; where several share a PostgreSQL,
it reads twice a second whose time others changed. It may be a moment behind: a search is optimistic, the booking's
transaction decides.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from telemed.booking import claims, planner
from telemed.booking.ground import Ground
from telemed.booking.model import Changed, Claimed, Freed
from telemed.booking.planner import Window
from telemed.directory import service as directories
from telemed.directory.model import DirectoryChanged
from telemed.kit.clock import Clock
from telemed.kit.db import Database, Tx
from telemed.kit.logs import logger

log = logger("index")

EVERY_S = 0.5
"""How often others' changes are read."""
REMEMBER_CHANGES = timedelta(hours=1)


def forget_changes(tx: Tx, *, now: datetime) -> None:
    """Delete what every process has read long ago."""
    claims.forget_changes(tx, before=now - REMEMBER_CHANGES)


@dataclass
class _Held:
    """A hold as the index knows it: it ends by itself."""

    until: datetime
    masks: dict[str, int] = field(default_factory=dict)


class Index:
    """One for each process. Hand it to whoever searches; nobody else needs to know that it is there."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.RLock()
        self._ground: Ground | None = None
        self._held: dict[str, _Held] = {}
        self._stale = True
        self._since = 0
        self._stopped = threading.Event()
        db.hear(Changed, self._heard)
        db.hear(DirectoryChanged, self._directory_changed)

    @contextmanager
    def at(self, now: datetime) -> Iterator[Ground]:
        """Who is free as of *now*. The ground may be asked only inside the block."""
        with self._lock:
            ground = self._ground
            if ground is None or self._stale or ground.window != Window.horizon(now):
                ground = self._load(now)
            self._end_holds(ground, now)
            yield ground

    def _load(self, now: datetime) -> Ground:
        window = Window.horizon(now)
        self._stale = False
        with self._db.reading() as tx:
            directory = directories.load(tx)
            known = self._ground
            if known is not None and known.window == window:
                self._ground = known.under(directory)
                return self._ground
            self._since = claims.oldest_open(tx)
            self._ground = Ground(directory, window, planner.masks(claims.claimed(tx, window, now=now), window))
            self._held.clear()
            self._take_holds(tx, self._ground, now=now)
        return self._ground

    def _take_holds(self, tx: Tx, ground: Ground, *, now: datetime, of: set[str] | None = None) -> None:
        for hold_id, until, (resource_id, tick) in claims.held(tx, now=now):
            if of is None or resource_id in of:
                self._hold(hold_id, until, resource_id, ground.window.mask(tick, tick + 1))

    def _hold(self, hold_id: str, until: datetime, resource_id: str, mask: int) -> None:
        held = self._held.setdefault(hold_id, _Held(until))
        held.until = until
        held.masks[resource_id] = held.masks.get(resource_id, 0) | mask

    def _end_holds(self, ground: Ground, now: datetime) -> None:
        for hold_id in [one for one, held in self._held.items() if held.until <= now] if self._held else ():
            for resource_id, mask in self._held.pop(hold_id).masks.items():
                ground.free_up(resource_id, mask)

    def _heard(self, told: list[Changed]) -> None:
        with self._lock:
            ground = self._ground
            if ground is None:
                return
            for each in told:
                match each:
                    case Claimed():
                        self._claimed(ground, each)
                    case Freed():
                        self._freed(ground, each)

    def _claimed(self, ground: Ground, told: Claimed) -> None:
        for resource_id, first, last in told.taken:
            mask = ground.window.mask(first, last)
            self._ends(resource_id, mask)
            ground.claim(resource_id, mask)
            if told.held_until is not None:
                self._hold(told.id, told.held_until, resource_id, mask)

    def _freed(self, ground: Ground, told: Freed) -> None:
        for resource_id, mask in planner.masks(told.claims, ground.window).items():
            self._ends(resource_id, mask)
            ground.free_up(resource_id, mask)

    def _ends(self, resource_id: str, mask: int) -> None:
        """Whoever takes or frees a tick ends what was held of it."""
        for held in self._held.values():
            if resource_id in held.masks:
                held.masks[resource_id] &= ~mask

    def forget(self) -> None:
        """Read everything anew at the next search."""
        with self._lock:
            self._ground = None

    def _directory_changed(self, _told: list[DirectoryChanged]) -> None:
        self._stale = True

    def follow(self, clock: Clock) -> None:
        """The body of a thread: take in what other processes changed. SQLite has no others."""
        while not self._stopped.wait(EVERY_S):
            try:
                self.refresh(clock.now())
            except SQLAlchemyError:
                log.error("index_refresh_failed", exc_info=True)

    def refresh(self, now: datetime) -> None:
        """Read again all whose time changed in other processes since the last time, and the directory's version."""
        with self._lock, self._db.reading() as tx:
            ground = self._ground
            if ground is None:
                return
            changed, self._since = claims.changed_since(tx, self._since)
            if directories.load(tx) is not ground.directory:
                self._stale = True
            if changed:
                self._read_again(tx, ground, changed, now=now)

    def _read_again(self, tx: Tx, ground: Ground, changed: set[str], *, now: datetime) -> None:
        busy = planner.masks(claims.claimed(tx, ground.window, now=now, of=changed), ground.window)
        for resource_id in changed:
            ground.take_over(resource_id, busy.get(resource_id, 0))
        for held in self._held.values():
            for resource_id in changed:
                held.masks.pop(resource_id, None)
        self._take_holds(tx, ground, now=now, of=changed)

    def stop(self) -> None:
        self._stopped.set()
