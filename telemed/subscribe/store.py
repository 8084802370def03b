"""Subscriptions, what happened for each, and how far each was told."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from telemed.kit.db import Tx, Utc, metadata, take_turn
from telemed.kit.register import TECHNICAL, Kept, column
from telemed.subscribe.model import LEASE, Deed, Filter, Standing, State, Subscribed, Told, Wish

TURN = "subscribe"
"""Whose turn it is to take what is due, where several processes send."""

_WISH = Kept("tells a program of what it asked to hear of", "until the program ends it", "the program itself")
_SECRET = Kept("shows the program's server who tells it", "until the program ends it", "no one")
_EVENT = Kept("tells a program which resource changed, by its id", "30 days", "the program itself")

subscriptions = Table(
    "subscribe_subscription",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("client", Text(), index=True, kept=_WISH),
    column("topic", Text(), kept=_WISH),
    column("filters", Text(), kept=_WISH),
    column("endpoint", Text(), kept=_WISH),
    column("media", Text(), kept=_WISH),
    column("content", LargeBinary(), kept=_WISH),
    column("headers", LargeBinary(), kept=_SECRET),
    column("heartbeat_s", Integer(), nullable=True, kept=_WISH),
    column("timeout_s", Integer(), kept=_WISH),
    column("together", Integer(), kept=_WISH),
    column("ends_at", Utc(), nullable=True, kept=_WISH),
    column("version", Integer(), kept=TECHNICAL),
    column("updated_at", Utc(), kept=TECHNICAL),
    column("state", Text(), kept=TECHNICAL),
    column("last", Integer(), kept=TECHNICAL),
    column("told", Integer(), kept=TECHNICAL),
    column("failures", Integer(), kept=TECHNICAL),
    column("failing_since", Utc(), nullable=True, kept=TECHNICAL),
    column("heard_at", Utc(), nullable=True, kept=TECHNICAL),
    column("next_at", Utc(), nullable=True, kept=TECHNICAL),
    column("why", Text(), server_default="", kept=TECHNICAL),
    column("taken_by", Text(), nullable=True, kept=TECHNICAL),
    column("taken_at", Utc(), nullable=True, kept=TECHNICAL),
    CheckConstraint("state in ('requested', 'active', 'error', 'off')", name="state"),
    CheckConstraint("told <= last", name="told"),
)
"""*taken_by*: the process that sends to it just now, since *taken_at*."""

events = Table(
    "subscribe_event",
    metadata,
    column(
        "subscription_id",
        Text(),
        ForeignKey("subscribe_subscription.id", ondelete="CASCADE"),
        primary_key=True,
        kept=TECHNICAL,
    ),
    column("number", Integer(), primary_key=True, kept=TECHNICAL),
    column("at", Utc(), kept=_EVENT),
    column("focus", Text(), kept=_EVENT),
    column("deed", Text(), kept=_EVENT),
    Index("ix_subscribe_event_at", "at"),
)


def put(tx: Tx, one: Subscribed) -> None:
    """Keep a new subscription, or another wish in place of the one with its id."""
    wish = one.wish
    values = {
        "topic": wish.topic,
        "filters": orjson.dumps(wish.filters).decode(),
        "endpoint": wish.endpoint,
        "media": wish.media,
        "content": wish.content,
        "headers": one.headers,
        "heartbeat_s": wish.heartbeat_s,
        "timeout_s": wish.timeout_s,
        "together": wish.together,
        "ends_at": wish.ends_at,
        "version": one.version,
        "updated_at": one.updated_at,
        **_standing(one.standing),
    }
    changed = tx.execute(update(subscriptions).where(subscriptions.c.id == one.id).values(values))
    if not changed.rowcount:
        tx.execute(insert(subscriptions).values(id=one.id, client=one.client, **values))


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "state": standing.state.value,
        "last": standing.last,
        "told": standing.told,
        "failures": standing.failures,
        "failing_since": standing.failing_since,
        "heard_at": standing.heard_at,
        "next_at": standing.next_at,
        "why": standing.why,
    }


def get(tx: Tx, subscription_id: str) -> Subscribed | None:
    row = tx.execute(select(subscriptions).where(subscriptions.c.id == subscription_id)).one_or_none()
    return _subscribed(row) if row else None


def of_client(tx: Tx, client: str) -> list[Subscribed]:
    """All of a program, the oldest first."""
    rows = tx.execute(select(subscriptions).where(subscriptions.c.client == client).order_by(subscriptions.c.id))
    return [_subscribed(row) for row in rows]


def count(tx: Tx, client: str) -> int:
    asked = select(func.count()).select_from(subscriptions).where(subscriptions.c.client == client)
    return int(tx.execute(asked).scalar_one())


def to_topics(tx: Tx, topics: Collection[str], now: datetime) -> list[Subscribed]:
    """Those to one of these topics that hear of what happens now."""
    c = subscriptions.c
    asked = select(subscriptions).where(c.topic.in_(sorted(topics)), c.state != State.OFF.value, ~_has_ended(now))
    return [_subscribed(row) for row in tx.execute(asked.order_by(c.id))]


def _has_ended(now: datetime) -> Any:
    ends = subscriptions.c.ends_at
    return ends.is_not(None) & (ends <= now)


def drop(tx: Tx, subscription_id: str) -> None:
    tx.execute(delete(subscriptions).where(subscriptions.c.id == subscription_id))


def add_event(tx: Tx, subscription_id: str, at: datetime, focus: str, deed: Deed) -> None:
    """The next event of a subscription; numbers have no gaps, since who writes one has the row to itself."""
    c = subscriptions.c
    tx.execute(update(subscriptions).where(c.id == subscription_id).values(last=c.last + 1))
    number = select(c.last).where(c.id == subscription_id).scalar_subquery()
    tx.execute(
        insert(events).values(subscription_id=subscription_id, number=number, at=at, focus=focus, deed=deed.value)
    )


def events_of(tx: Tx, subscription_id: str, *, first: int, last: int, limit: int) -> list[Told]:
    """What happened, by number, both ends within."""
    c = events.c
    asked = select(events).where(c.subscription_id == subscription_id, c.number >= first, c.number <= last)
    rows = tx.execute(asked.order_by(c.number).limit(limit))
    return [Told(row.number, row.at, row.focus, Deed(row.deed)) for row in rows]


def take_due(tx: Tx, name: str, now: datetime, limit: int) -> list[Subscribed]:
    """Those to which something is to be sent now and to whom nobody else sends; they are *name*'s from now on."""
    take_turn(tx, TURN)
    c = subscriptions.c
    # a heartbeat is due by a sum that both databases would write differently, so it is looked at here
    asked = select(subscriptions).where(
        c.state != State.OFF.value,
        or_(c.taken_at.is_(None), c.taken_at <= now - LEASE),
        or_(c.next_at.is_(None), c.next_at <= now),
        or_(c.state == State.REQUESTED.value, c.told < c.last, c.heartbeat_s.is_not(None)),
    )
    # who has given up (`model.failed`) has no next try
    goes_on = or_(c.failures == 0, c.next_at.is_not(None))
    asked = asked.where(goes_on, ~_has_ended(now)).order_by(c.failures, c.id)
    found = [one for one in map(_subscribed, tx.execute(asked)) if is_due(one, now)][:limit]
    if found:
        ids = [one.id for one in found]
        tx.execute(update(subscriptions).where(c.id.in_(ids)).values(taken_by=name, taken_at=now))
    return found


def is_due(one: Subscribed, now: datetime) -> bool:
    """Whether there is something to say to it; its rest after a failure is over."""
    standing, beat_s = one.standing, one.wish.heartbeat_s
    if standing.state is State.REQUESTED or standing.told < standing.last:
        return True
    if beat_s is None:
        return False
    heard = standing.heard_at or one.updated_at
    return (now - heard).total_seconds() >= beat_s


def settle(tx: Tx, subscription_id: str, name: str, version: int, standing: Standing) -> bool:
    """Write how telling went and let it go; False if it was changed or taken by another meanwhile."""
    c = subscriptions.c
    values = _standing(standing)
    del values["last"]  # it may have grown meanwhile
    mine = (c.id == subscription_id, c.taken_by == name)
    settled = tx.execute(update(subscriptions).where(*mine, c.version == version).values(values))
    tx.execute(update(subscriptions).where(*mine).values(taken_by=None, taken_at=None))
    return bool(settled.rowcount)


def forget(tx: Tx, before: datetime, now: datetime) -> None:
    """What happened before a moment, and subscriptions that have ended."""
    tx.execute(delete(events).where(events.c.at < before))
    tx.execute(delete(subscriptions).where(_has_ended(now)))


def _subscribed(row: Row[Any]) -> Subscribed:
    filters = tuple(Filter(one["kind"], one["text"]) for one in orjson.loads(row.filters))
    timing = row.heartbeat_s, row.timeout_s, row.together, row.ends_at, row.media
    wish = Wish(row.topic, filters, row.endpoint, row.content, None, *timing)
    failing = row.failures, row.failing_since, row.heard_at, row.next_at, row.why
    standing = Standing(State(row.state), row.last, row.told, *failing)
    return Subscribed(row.id, row.client, wish, standing, row.version, row.updated_at, row.headers)
