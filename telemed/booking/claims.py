"""A claim on every tick of every resource, and the holds: the primary key of a claim refuses the second booking.

A claim that is held and ran out counts as free in the very statement that takes it. Claims are taken sorted and in one
statement, so that two who want the same never wait for each other in a circle (DESIGN D3).
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Index, Integer, Row, Table, Text, delete, insert, select, update

from telemed.booking.model import Claimed, Freed, Hold, SlotTaken
from telemed.booking.planner import MARGIN, Claim, Offer, Taken, Window, tick_after, tick_of, ticks_of
from telemed.kit.db import Tx, Utc, metadata, tell
from telemed.kit.hot import Hot
from telemed.kit.register import TECHNICAL, Kept, column

_PLAN = Kept("plans people, room and devices", "30 days after the appointment", "doctor and assistant of the visit")
_HELD = Kept("keeps a time while somebody enters the rest", "until it runs out", "no one")

claims = Table(
    "booking_claim",
    metadata,
    column("resource_id", Text(), primary_key=True, kept=_PLAN),
    column("tick", Integer(), primary_key=True, autoincrement=False, kept=_PLAN),
    column("booking_id", Text(), kept=TECHNICAL),
    column("held_until", Utc(), nullable=True, kept=_HELD),
    sqlite_with_rowid=False,
)
"""*booking_id* is that of a booking or of a hold, which becomes one with the same id."""
holds = Table(
    "booking_hold",
    metadata,
    column("id", Text(), primary_key=True, kept=_HELD),
    column("offer", Text(), kept=_HELD),
    column("held_until", Utc(), index=True, kept=_HELD),
    column("extended", Integer(), kept=_HELD),
)
changes = Table(
    "booking_change",
    metadata,
    column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, kept=TECHNICAL),
    column("txid", BigInteger(), kept=TECHNICAL),
    column("resource_ids", Text(), kept=TECHNICAL),
    column("at", Utc(), index=True, kept=TECHNICAL),
    Index("ix_booking_change_txid", "txid"),
)
"""Tells other processes on the same PostgreSQL whose time changed; SQLite has one process and writes nothing here."""

_TAKE = Hot(
    """INSERT INTO booking_claim (resource_id, tick, booking_id, held_until)
    SELECT one.key, tick.value, :booking_id, :held_until
    FROM json_each(:wanted) AS one, json_each(one.value) AS tick WHERE true
    ON CONFLICT (resource_id, tick) DO UPDATE SET booking_id = excluded.booking_id, held_until = excluded.held_until
    WHERE booking_claim.held_until <= :now OR booking_claim.booking_id = excluded.booking_id""",
    """WITH told AS (INSERT INTO booking_change (txid, resource_ids, at)
        VALUES (pg_current_xact_id()::text::bigint, :changed, :now))
    INSERT INTO booking_claim (resource_id, tick, booking_id, held_until)
    SELECT resource_id, tick, :booking_id, :held_until ::timestamptz
    FROM unnest(:resources ::text[], :ticks ::int[]) AS wanted (resource_id, tick)
    ON CONFLICT (resource_id, tick) DO UPDATE SET booking_id = excluded.booking_id, held_until = excluded.held_until
    WHERE booking_claim.held_until <= :now OR booking_claim.booking_id = excluded.booking_id""",
)


def take(tx: Tx, booking_id: str, taken: list[Taken], *, now: datetime, held_until: datetime | None = None) -> None:
    """Take every tick of *taken*, which is sorted, or none. What is held and ran out counts as free.

    Raises:
        SlotTaken: one is taken; names its resource.
    """
    if tx.dialect.name == "sqlite":
        by_resource = {resource: list(range(first, last)) for resource, first, last in taken}
        given: dict[str, object] = {"wanted": orjson.dumps(by_resource).decode()}
        count = sum(map(len, by_resource.values()))
    else:
        wanted = ticks_of(taken)
        resources, ticks = [resource for resource, _ in wanted], [tick for _, tick in wanted]
        given = {"resources": resources, "ticks": ticks, "changed": json.dumps(sorted(set(resources)))}
        count = len(wanted)
    got = _TAKE.run(tx, booking_id=booking_id, held_until=held_until, now=now, **given)
    if got.rowcount != count:
        blocking = _BLOCKING.run(tx, booking_id=booking_id, now=now, **given).fetchone()
        raise SlotTaken(blocking[0] if blocking else taken[0][0])
    tell(tx, Claimed(booking_id, taken, held_until))


_BLOCKING = Hot(
    """SELECT claim.resource_id FROM json_each(:wanted) AS one, json_each(one.value) AS wanted
    CROSS JOIN booking_claim AS claim ON claim.resource_id = one.key AND claim.tick = wanted.value
    WHERE claim.booking_id <> :booking_id AND (claim.held_until IS NULL OR claim.held_until > :now) LIMIT 1""",
    """SELECT claim.resource_id FROM unnest(:resources ::text[], :ticks ::int[]) AS wanted (resource_id, tick)
    JOIN booking_claim AS claim USING (resource_id, tick)
    WHERE claim.booking_id <> :booking_id AND (claim.held_until IS NULL OR claim.held_until > :now)
    ORDER BY claim.resource_id, claim.tick LIMIT 1""",
)
"""The first resource wanted that somebody else has. CROSS JOIN: SQLite looks up what is wanted and never reads all."""


def owners(tx: Tx, wanted: list[Claim], *, besides: str, now: datetime) -> list[tuple[Claim, str]]:
    """Who has which of *wanted*, sorted; what ran out is nobody's."""
    resources, ticks = {resource for resource, _ in wanted}, [tick for _, tick in wanted]
    taken = select(claims).where(
        claims.c.resource_id.in_(resources),
        claims.c.tick.between(min(ticks), max(ticks)),
        claims.c.booking_id != besides,
        claims.c.held_until.is_(None) | (claims.c.held_until > now),
    )
    asked = set(wanted)
    rows = tx.execute(taken.order_by(claims.c.resource_id, claims.c.tick))
    found = [((row.resource_id, row.tick), row.booking_id) for row in rows]
    return [(claim, owner) for claim, owner in found if claim in asked]


def release(tx: Tx, booking_id: str, offer: Offer, *, now: datetime, since: int = 0) -> list[Claim]:
    """Give back all that *booking_id* has around *offer*, from the tick *since* on; what it was."""
    own = (
        claims.c.resource_id.in_(offer.resource_ids),
        claims.c.tick.between(max(since, tick_of(offer.start) - MARGIN), tick_after(offer.end) + MARGIN),
        claims.c.booking_id == booking_id,
    )
    gone = tx.execute(delete(claims).where(*own).returning(claims.c.resource_id, claims.c.tick))
    freed = sorted((row.resource_id, row.tick) for row in gone)
    note(tx, {resource for resource, _ in freed}, now=now)
    tell(tx, Freed(freed))
    return freed


def note(tx: Tx, resource_ids: Iterable[str], *, now: datetime) -> None:
    """Tell other processes whose time changed."""
    if tx.dialect.name == "postgresql":
        _NOTE.run(tx, resources=json.dumps(sorted(resource_ids)), now=now)


_NOTE = Hot(
    "SELECT 1",
    """INSERT INTO booking_change (txid, resource_ids, at)
    VALUES (pg_current_xact_id()::text::bigint, :resources, :now)""",
)
_CHANGED = Hot("SELECT '[]'", "SELECT resource_ids FROM booking_change WHERE txid >= :since")
_OLDEST = Hot("SELECT 0", "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


def changed_since(tx: Tx, since: int) -> tuple[set[str], int]:
    """Whose time changed in transactions from *since* on, and from where to ask the next time (PostgreSQL).

    Transactions become visible out of order, so the next time begins with the oldest that is still open.
    """
    rows = _CHANGED.run(tx, since=since).fetchall()
    return {one for (text,) in rows for one in json.loads(text)}, oldest_open(tx)


def oldest_open(tx: Tx) -> int:
    """The oldest transaction that this look does not see the end of (PostgreSQL)."""
    oldest: int = _OLDEST.run(tx).fetchone()[0]
    return oldest


def forget_changes(tx: Tx, *, before: datetime) -> None:
    tx.execute(delete(changes).where(changes.c.at < before))


def claimed(tx: Tx, window: Window, *, now: datetime, of: Iterable[str] = ()) -> list[Claim]:
    """All (resource, tick) in the window that are taken at *now*; *of* these resources, if any are named."""
    wanted = select(claims.c.resource_id, claims.c.tick).where(
        claims.c.tick >= window.first,
        claims.c.tick < window.last,
        claims.c.held_until.is_(None) | (claims.c.held_until > now),
    )
    named = list(of)
    if named:
        wanted = wanted.where(claims.c.resource_id.in_(named))
    return [(row.resource_id, row.tick) for row in tx.execute(wanted)]


def held(tx: Tx, *, now: datetime) -> list[tuple[str, datetime, Claim]]:
    """Every claim that is held and did not run out: id, until when, what."""
    wanted = select(claims).where(claims.c.held_until > now).order_by(claims.c.booking_id)
    return [(row.booking_id, row.held_until, (row.resource_id, row.tick)) for row in tx.execute(wanted)]


def put_hold(tx: Tx, hold: Hold) -> None:
    """Keep a hold in place of the one with its id."""
    values = {"offer": text_of(hold.offer), "held_until": hold.held_until, "extended": hold.extended}
    if not tx.execute(update(holds).where(holds.c.id == hold.id).values(values)).rowcount:
        tx.execute(insert(holds).values(id=hold.id, **values))


def get_hold(tx: Tx, hold_id: str) -> Hold | None:
    row = tx.execute(select(holds).where(holds.c.id == hold_id)).one_or_none()
    return _hold(row) if row else None


def drop_hold(tx: Tx, hold_id: str) -> None:
    tx.execute(delete(holds).where(holds.c.id == hold_id))


def run_out(tx: Tx, *, now: datetime) -> list[Hold]:
    """The holds that ran out."""
    rows = tx.execute(select(holds).where(holds.c.held_until <= now).order_by(holds.c.id))
    return [_hold(row) for row in rows]


def _hold(row: Row[Any]) -> Hold:
    return Hold(row.id, offer_of(row.offer), row.held_until, row.extended)


def text_of(offer: Offer) -> str:
    """An offer as it is kept."""
    moments = {"start": offer.start.isoformat(), "end": offer.end.isoformat()}
    ids = {"service": offer.service_id, "doctor": offer.doctor_id, "room": offer.room_id}
    more = {"assistant": offer.assistant_id, "devices": offer.device_ids, "interpreter": offer.interpreter_id}
    return json.dumps({**ids, **more, **moments})


def offer_of(text: str) -> Offer:
    """The offer of `text_of`."""
    kept = json.loads(text)
    start, end = (datetime.fromisoformat(kept[name]) for name in ("start", "end"))
    people = kept["doctor"], kept["room"], kept["assistant"], tuple(kept["devices"]), kept["interpreter"]
    return Offer(kept["service"], start, end, *people)
