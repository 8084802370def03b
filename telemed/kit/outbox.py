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
from telemed.kit.db import CommitFailed, Database, Tx, Utc, mark, metadata
from telemed.kit.hot import Hot
from telemed.kit.ids import new_id
from telemed.kit.logs import logger
from telemed.kit.register import TECHNICAL, column

log = logger("outbox")

KEEP_DELIVERED = timedelta(days=7)

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
    """Tell, once the transaction commits, whoever subscribed to this kind of event."""
    ids = orjson.dumps(happened, option=orjson.OPT_SORT_KEYS).decode()
    mark(tx)
    _EMIT.run(tx, id=new_id(), kind=type(happened).__name__, ids=ids, now=now)


_EMIT = Hot("INSERT INTO outbox_event (id, kind, ids, made_at) VALUES (:id, :kind, :ids, :now)")


@dataclass(frozen=True)
class Subscription:
    """*react* runs in its own transaction, once per event, in order; it may be called again if it fails."""

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
        self._stopped = False
        self.undelivered = 0
        db.on_commit(self._wake.set, marked=True)

    def run(self) -> None:
        """Deliver whenever something was committed, and once a second for what failed."""
        while not self._stopped:
            self._wake.wait(timeout=1.0)
            self._wake.clear()
            try:
                self.deliver()
            except (SQLAlchemyError, CommitFailed):
                log.error("relay_round_failed", exc_info=True)

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()

    def deliver(self) -> int:
        """Deliver what is open; the count of deliveries made. A failing subscriber holds up only itself."""
        stuck: set[str] = set()
        made = 0
        with self._db.reading() as tx:
            rows = tx.execute(select(events).where(events.c.done_at.is_(None)).order_by(events.c.id)).all()
        for row in rows:
            made += self._deliver_one(row, stuck)
        self.undelivered = len(stuck)
        return made

    def _deliver_one(self, row: Any, stuck: set[str]) -> int:
        subscribers = self._by_kind.get(row.kind, [])
        with self._db.reading() as tx:
            found = tx.execute(select(deliveries.c.subscriber).where(deliveries.c.event_id == row.id))
            done = set(found.scalars())
        made = 0
        for subscription in subscribers:
            if subscription.name in done or subscription.name in stuck:
                continue
            if self._react(subscription, row):
                made += 1
                done.add(subscription.name)
            else:
                stuck.add(subscription.name)
        if all(subscription.name in done for subscription in subscribers):
            with self._db.transaction() as tx:
                tx.execute(update(events).where(events.c.id == row.id).values(done_at=self._clock.now()))
        return made

    def _react(self, subscription: Subscription, row: Any) -> bool:
        now = self._clock.now()
        try:
            happened = subscription.to(**json.loads(row.ids))
            with self._db.transaction() as tx:
                subscription.react(tx, happened, now=now)
                tx.execute(insert(deliveries).values(event_id=row.id, subscriber=subscription.name, done_at=now))
        except Exception:  # supervised: whatever it is holds up this subscriber, and not the relay
            log.error("reaction_failed", subscriber=subscription.name, event_id=row.id, exc_info=True)
            return False
        return True


def forget_delivered(db: Database, clock: Clock) -> None:
    """Delete events that were delivered to all long ago."""
    with db.transaction() as tx:
        tx.execute(delete(events).where(events.c.done_at < clock.now() - KEEP_DELIVERED))
