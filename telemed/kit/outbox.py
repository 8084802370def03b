"""Events, written in the transaction that makes them true and delivered per subscriber until done (DESIGN D6)."""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ForeignKey, Index, Table, Text, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from telemed.kit.clock import Clock
from telemed.kit.db import CommitFailed, Database, Tx, Utc, mark, metadata, tell, try_turn
from telemed.kit.hot import Hot
from telemed.kit.ids import new_id, oldest_id
from telemed.kit.logs import logger
from telemed.kit.register import TECHNICAL, column

log = logger("outbox")

KEEP_DELIVERED = timedelta(days=7)
TOGETHER = 32
"""Events delivered in one transaction; more would keep others waiting for their turn."""
RELAY = "relay"
GATHER_S = 0.02
"""What is told within this time goes together; nobody sees the difference, and bookings get the disk."""

events = Table(
    "outbox_event",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("kind", Text(), kept=TECHNICAL),
    column("ids", Text(), kept=TECHNICAL),
    column("made_at", Utc(), kept=TECHNICAL),
    column("done_at", Utc(), nullable=True, kept=TECHNICAL),
    Index("ix_outbox_event_done_at", "done_at", "id"),
)
deliveries = Table(
    "outbox_delivery",
    metadata,
    column(
        "event_id",
        Text(),
        ForeignKey("outbox_event.id", ondelete="CASCADE"),
        primary_key=True,
        kept=TECHNICAL,
    ),
    column("subscriber", Text(), primary_key=True, kept=TECHNICAL),
    column("done_at", Utc(), kept=TECHNICAL),
)


@dataclass(frozen=True)
class Event:
    """Something that became true. Fields are ids and moments as text; nothing personal."""


def emit(tx: Tx, happened: Event, *, now: datetime) -> None:
    """Tell, once the transaction commits, whoever subscribed to this kind of event, and who hears of it here."""
    tell(tx, happened)
    ids = orjson.dumps(happened, option=orjson.OPT_SORT_KEYS).decode()
    mark(tx)
    _EMIT.run(tx, id=new_id(), kind=type(happened).__name__, ids=ids, now=now)


_EMIT = Hot("INSERT INTO outbox_event (id, kind, ids, made_at) VALUES (:id, :kind, :ids, :now)")


def told_since(tx: Tx, moment: datetime) -> dict[str, dict[str, Any]]:
    """The fields of every event that any process emitted since *moment* (real time), by id, the oldest first.

    Transactions become visible out of order; so who follows asks for the last while again, and knows what it has seen.
    """
    wanted = select(events.c.id, events.c.ids).where(events.c.id >= oldest_id(moment)).order_by(events.c.id)
    return {row.id: json.loads(row.ids) for row in tx.execute(wanted)}


@dataclass(frozen=True)
class Subscription:
    """*react* writes in a savepoint, once per event, in order; it may be called again if it, or the COMMIT, fails."""

    name: str
    to: type[Event]
    react: Callable[..., None]
    """Called as ``react(tx, event, now=…)``."""


class Relay:
    """Delivers events. `run` is a thread's body; `deliver` does one round, for tests and for `run`."""

    def __init__(self, db: Database, subscriptions: Sequence[Subscription], clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._by_kind: dict[str, list[Subscription]] = {}
        for subscription in subscriptions:
            self._by_kind.setdefault(subscription.to.__name__, []).append(subscription)
        self._wake = threading.Event()
        self._quiet = threading.Event()
        self._stopped = False
        self.undelivered = 0
        db.on_commit(self._wake.set, marked=True)

    def run(self) -> None:
        """Deliver whenever something was committed, and once a second for what failed."""
        while not self._stopped:
            self._wake.wait(timeout=1.0)
            self._quiet.wait(GATHER_S)
            self._wake.clear()
            try:
                self.deliver()
            except (SQLAlchemyError, CommitFailed):
                log.error("relay_round_failed", exc_info=True)

    def stop(self) -> None:
        self._stopped = True
        self._quiet.set()
        self._wake.set()

    def deliver(self) -> int:
        """Deliver what is open; the count of deliveries made. A failing subscriber holds up only itself."""
        stuck: set[str] = set()
        made = 0
        with self._db.reading() as tx:
            rows = tx.execute(select(events).where(events.c.done_at.is_(None)).order_by(events.c.id)).all()
        for first in range(0, len(rows), TOGETHER):
            made += self._deliver_some(rows[first : first + TOGETHER], stuck)
        self.undelivered = len(stuck)
        return made

    def _deliver_some(self, rows: Sequence[Any], stuck: set[str]) -> int:
        """One transaction for several events: a COMMIT for each would take longer than what is written."""
        with self._db.transaction() as tx:
            if not try_turn(tx, RELAY):
                return 0  # another centre on this database delivers just now
            ids = [row.id for row in rows]
            found = tx.execute(select(deliveries).where(deliveries.c.event_id.in_(ids)))
            done = {(line.event_id, line.subscriber) for line in found}
            before, now = set(done), self._clock.now()
            over = [row.id for row in rows if self._is_delivered(tx, row, done, stuck)]
            made = [{"event_id": event, "subscriber": name, "done_at": now} for event, name in sorted(done - before)]
            if made:
                tx.execute(insert(deliveries), made)
            if over:
                tx.execute(update(events).where(events.c.id.in_(over)).values(done_at=now))
        return len(made)

    def _is_delivered(self, tx: Tx, row: Any, done: set[tuple[str, str]], stuck: set[str]) -> bool:
        """Whether everybody has it now; who gets it is added to *done*, who fails to *stuck*."""
        subscribers = self._by_kind.get(row.kind, [])
        for subscription in subscribers:
            delivery = (row.id, subscription.name)
            if delivery in done or subscription.name in stuck:
                continue
            if self._react(tx, subscription, row):
                done.add(delivery)
            else:
                stuck.add(subscription.name)
        return all((row.id, subscription.name) in done for subscription in subscribers)

    def _react(self, tx: Tx, subscription: Subscription, row: Any) -> bool:
        now = self._clock.now()
        try:
            happened = subscription.to(**json.loads(row.ids))
            with tx.begin_nested():
                subscription.react(tx, happened, now=now)
        except Exception:  # supervised: whatever it is holds up this subscriber, and not the relay
            log.error("reaction_failed", subscriber=subscription.name, event_id=row.id, exc_info=True)
            return False
        return True


def forget_delivered(db: Database, clock: Clock) -> None:
    """Delete events that were delivered to all long ago."""
    with db.transaction() as tx:
        tx.execute(delete(events).where(events.c.done_at < clock.now() - KEEP_DELIVERED))
