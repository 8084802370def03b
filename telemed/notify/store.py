"""Notices as rows: when due, who sends them, whether done. No contact and no text stands here.

What browsers subscribed to is sealed under their person's key.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column
from telemed.notify.model import CLAIM, Channel, Kind, Notice, Outcome

_TOLD = Kept("tells people once, and staff whom no notice reached", "30 days", "assistant of the room")
_OPENS = Kept("opens the appointment for who holds the link", "a day after the appointment", "no one")
_BROWSER = Kept("sends notices to the person's own browser", "30 days", "no one", personal=True)

SPREAD = ""
"""Stands in `channel` until a notice is spread."""
_OPEN = text("done_at IS NULL")

notices = Table(
    "notify_notice",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("subject_id", Text(), kept=TECHNICAL),
    column("kind", Text(), kept=_TOLD),
    column("step", Integer(), kept=_TOLD),
    column("channel", Text(), kept=_TOLD),
    column("person_id", Text(), ForeignKey("people_person.id"), kept=TECHNICAL),
    column("minutes", Integer(), kept=_TOLD),
    column("due_at", Utc(), kept=_TOLD),
    column("until", Utc(), kept=_TOLD),
    column("next_at", Utc(), kept=TECHNICAL),
    column("claimed_by", Text(), nullable=True, kept=TECHNICAL),
    column("claimed_at", Utc(), nullable=True, kept=TECHNICAL),
    column("attempts", Integer(), kept=_TOLD),
    column("done_at", Utc(), nullable=True, kept=_TOLD),
    column("outcome", Text(), nullable=True, kept=_TOLD),
    column("link_hash", Text(), nullable=True, unique=True, kept=_OPENS),
    UniqueConstraint("subject_id", "kind", "step", "channel"),
    CheckConstraint("(done_at IS NULL) = (outcome IS NULL)", name="outcome"),
    Index("ix_notify_notice_open", "channel", "next_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_notify_notice_done_at", "done_at"),
)
subscriptions = Table(
    "notify_push",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("person_id", Text(), ForeignKey("people_person.id"), index=True, kept=TECHNICAL),
    column("subscription", LargeBinary(), kept=_BROWSER),
    column("created_at", Utc(), kept=TECHNICAL),
)


_ADD = {
    "sqlite": sqlite.insert(notices).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(notices).on_conflict_do_nothing(),
}
"""Put together once: every booking runs it, in the outbox's turn."""


def add(tx: Tx, told: Iterable[Notice], *, links: Collection[str] = ()) -> None:
    """Keep notices that nobody has told of yet; one that is there already stays as it is.

    *links*: the hashes of what they open, one for each, if they are for a channel.
    """
    hashes = list(links)
    rows = [
        {**_values(one), "next_at": one.due_at, "link_hash": hashes[place] if hashes else None}
        for place, one in enumerate(told)
    ]
    if rows:
        tx.execute(_ADD[tx.dialect.name], rows)


def _values(one: Notice) -> dict[str, Any]:
    return {
        "id": one.id,
        "subject_id": one.subject_id,
        "kind": one.kind.value,
        "step": one.step,
        "channel": one.channel.value if one.channel else SPREAD,
        "person_id": one.person_id,
        "minutes": one.minutes,
        "due_at": one.due_at,
        "until": one.until,
        "attempts": one.attempts,
    }


def is_due(tx: Tx, channel: str, *, now: datetime, kinds: Collection[Kind] | None = None) -> bool:
    return tx.execute(select(notices.c.id).where(*_free(channel, now, kinds)).limit(1)).first() is not None


def take_due(
    tx: Tx, channel: str, by: str, *, now: datetime, limit: int, kinds: Collection[Kind] | None = None
) -> list[Notice]:
    """Claim what is due on *channel*, oldest first; nobody else gets it while the claim lasts.

    On PostgreSQL several centres take turns without waiting for each other (SKIP LOCKED).
    """
    wanted = select(notices).where(*_free(channel, now, kinds)).order_by(notices.c.next_at, notices.c.id).limit(limit)
    rows = tx.execute(wanted.with_for_update(skip_locked=True)).all()
    if rows:
        taken = update(notices).where(notices.c.id.in_([row.id for row in rows]))
        tx.execute(taken.values(claimed_by=by, claimed_at=now))
    return [_notice(row) for row in rows]


def _free(channel: str, now: datetime, kinds: Collection[Kind] | None) -> list[Any]:
    unclaimed = or_(notices.c.claimed_at.is_(None), notices.c.claimed_at <= now - CLAIM)
    free = [notices.c.channel == channel, notices.c.done_at.is_(None), notices.c.next_at <= now, unclaimed]
    return free if kinds is None else [*free, notices.c.kind.in_(sorted(kinds))]


def end(tx: Tx, ids: Collection[str], outcome: Outcome, *, now: datetime) -> int:
    """These are done; how many of them were not before."""
    wanted = update(notices).where(notices.c.id.in_(sorted(ids)), notices.c.done_at.is_(None))
    return tx.execute(wanted.values(done_at=now, outcome=outcome.value, claimed_by=None, claimed_at=None)).rowcount


def again(tx: Tx, notice_id: str, *, next_at: datetime) -> None:
    """An attempt failed: it is free, and due once more."""
    wanted = update(notices).where(notices.c.id == notice_id, notices.c.done_at.is_(None))
    tx.execute(wanted.values(attempts=notices.c.attempts + 1, next_at=next_at, claimed_by=None, claimed_at=None))


def drop_open(tx: Tx, subject_id: str, *, kinds: Collection[Kind] | None = None, now: datetime) -> None:
    """What was not told of yet will not be."""
    wanted = update(notices).where(notices.c.subject_id == subject_id, notices.c.done_at.is_(None))
    if kinds is not None:
        wanted = wanted.where(notices.c.kind.in_(sorted(kinds)))
    tx.execute(wanted.values(done_at=now, outcome=Outcome.DROPPED.value, claimed_by=None, claimed_at=None))


def put_off(tx: Tx, subject_id: str, kind: Kind, *, due_at: datetime, until: datetime) -> None:
    """What is not spread yet becomes due later; never earlier."""
    wanted = update(notices).where(
        notices.c.subject_id == subject_id,
        notices.c.kind == kind.value,
        notices.c.channel == SPREAD,
        notices.c.done_at.is_(None),
        notices.c.due_at < due_at,
    )
    tx.execute(wanted.values(due_at=due_at, next_at=due_at, until=until))


def said_minutes(tx: Tx, subject_id: str) -> int:
    """The longest delay that was said of an appointment, in minutes."""
    wanted = select(func.max(notices.c.minutes)).where(
        notices.c.subject_id == subject_id, notices.c.kind.in_([Kind.DELAY.value, Kind.PLACE_KEPT.value])
    )
    return int(tx.execute(wanted).scalar_one_or_none() or 0)


def waiting_to_be_sent(tx: Tx) -> list[Notice]:
    """Everything open on a channel that a program sends."""
    wanted = select(notices).where(notices.c.done_at.is_(None), notices.c.channel.notin_([SPREAD, Channel.CALL.value]))
    return [_notice(row) for row in tx.execute(wanted)]


def siblings(tx: Tx, one: Notice) -> list[tuple[Channel, Outcome | None]]:
    """The same notice on other channels, and how each ended."""
    wanted = select(notices.c.channel, notices.c.outcome).where(
        notices.c.subject_id == one.subject_id,
        notices.c.kind == one.kind.value,
        notices.c.step == one.step,
        notices.c.channel.notin_([SPREAD, one.channel.value if one.channel else SPREAD]),
    )
    return [(Channel(row.channel), Outcome(row.outcome) if row.outcome else None) for row in tx.execute(wanted)]


def open_calls(tx: Tx, *, now: datetime) -> list[Notice]:
    """Whom staff are to call now, by when it stops mattering."""
    wanted = select(notices).where(
        notices.c.channel == Channel.CALL.value, notices.c.done_at.is_(None), notices.c.next_at <= now
    )
    return [_notice(row) for row in tx.execute(wanted.order_by(notices.c.until, notices.c.id))]


def open_call(tx: Tx, notice_id: str) -> Notice | None:
    wanted = select(notices).where(
        notices.c.id == notice_id, notices.c.channel == Channel.CALL.value, notices.c.done_at.is_(None)
    )
    row = tx.execute(wanted).one_or_none()
    return _notice(row) if row else None


def by_link(tx: Tx, link_hash: str) -> Notice | None:
    row = tx.execute(select(notices).where(notices.c.link_hash == link_hash)).one_or_none()
    return _notice(row) if row else None


def counts(tx: Tx, *, since: datetime) -> dict[tuple[str, str], int]:
    """How many ended since a moment, by channel and outcome; without a person."""
    wanted = (
        select(notices.c.channel, notices.c.outcome, func.count())
        .where(notices.c.done_at >= since, notices.c.channel != SPREAD)
        .group_by(notices.c.channel, notices.c.outcome)
    )
    return {(channel, outcome): count for channel, outcome, count in tx.execute(wanted)}


def sent_since(tx: Tx, channel: str, since: datetime) -> int:
    """How many left on a channel since a moment."""
    own = (notices.c.channel == channel, notices.c.outcome == Outcome.SENT.value, notices.c.done_at >= since)
    return tx.execute(select(func.count()).where(*own)).scalar_one()


def forget_before(tx: Tx, moment: datetime) -> None:
    tx.execute(delete(notices).where(notices.c.done_at < moment))
    tx.execute(delete(subscriptions).where(subscriptions.c.created_at < moment))


@dataclass(frozen=True)
class Sealed:
    """A browser's subscription, sealed under its person's key."""

    id: str
    data: bytes


def subscribe(tx: Tx, subscription_id: str, person_id: str, data: bytes, *, now: datetime) -> None:
    """Keep a subscription, once."""
    tx.execute(delete(subscriptions).where(subscriptions.c.id == subscription_id))
    row = {"id": subscription_id, "person_id": person_id, "subscription": data, "created_at": now}
    tx.execute(insert(subscriptions).values(row))


def unsubscribe(tx: Tx, subscription_id: str, person_id: str) -> None:
    wanted = delete(subscriptions).where(subscriptions.c.id == subscription_id)
    tx.execute(wanted.where(subscriptions.c.person_id == person_id))


def drop_all_of(tx: Tx, person_id: str, *, now: datetime) -> None:
    """A person's data were erased: her browsers go, and what was not told of yet will not be."""
    tx.execute(delete(subscriptions).where(subscriptions.c.person_id == person_id))
    wanted = update(notices).where(notices.c.person_id == person_id, notices.c.done_at.is_(None))
    tx.execute(wanted.values(done_at=now, outcome=Outcome.DROPPED.value, claimed_by=None, claimed_at=None))


def subscribed(tx: Tx, person_id: str) -> list[Sealed]:
    wanted = select(subscriptions).where(subscriptions.c.person_id == person_id).order_by(subscriptions.c.id)
    return [Sealed(row.id, row.subscription) for row in tx.execute(wanted)]


def place_of(subscription_id: str) -> str:
    """Where a sealed subscription stands."""
    return f"notify_push|subscription|{subscription_id}"


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        row.id,
        Kind(row.kind),
        row.person_id,
        row.subject_id,
        row.due_at,
        row.until,
        row.step,
        row.minutes,
        Channel(row.channel) if row.channel else None,
        row.attempts,
    )
