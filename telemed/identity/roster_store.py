"""Doctors' browsers, and the newest roster."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, Table, Text, delete, insert, select, update

from schemas.trust import SignedRoster
from telemed.identity.model import BrowserKey
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import Kept, column

_BROWSER = Kept(
    "tells the ends of a call which browser is a doctor's", "until revoked and out of the roster", "everyone"
)
_ROSTER = Kept("tells the ends of a call which keys the operator has signed", "until a newer one is there", "everyone")

browser_keys = Table(
    "identity_browser_key",
    metadata,
    column("public_key", Text(), primary_key=True, kept=_BROWSER),
    column("doctor_id", Text(), index=True, kept=_BROWSER),
    column("enrolled_at", Utc(), kept=_BROWSER),
    column("revoked", Integer(), kept=_BROWSER),
    CheckConstraint("revoked in (0, 1)", name="revoked"),
)
rosters = Table(
    "identity_roster",
    metadata,
    column("seq", Integer(), primary_key=True, autoincrement=False, kept=_ROSTER),
    column("signed", Text(), kept=_ROSTER),
    column("published_at", Utc(), kept=_ROSTER),
)


def browser_key(tx: Tx, public_key: str) -> BrowserKey | None:
    row = tx.execute(select(browser_keys).where(browser_keys.c.public_key == public_key)).one_or_none()
    return BrowserKey(row.public_key, row.doctor_id, row.enrolled_at, bool(row.revoked)) if row else None


def browser_keys_of_all(tx: Tx) -> list[BrowserKey]:
    """Oldest first."""
    wanted = select(browser_keys).order_by(browser_keys.c.enrolled_at, browser_keys.c.public_key)
    return [BrowserKey(row.public_key, row.doctor_id, row.enrolled_at, bool(row.revoked)) for row in tx.execute(wanted)]


def add_browser_key(tx: Tx, key: BrowserKey) -> None:
    tx.execute(
        insert(browser_keys).values(
            public_key=key.public_key, doctor_id=key.doctor_id, enrolled_at=key.enrolled_at, revoked=0
        )
    )


def let_back(tx: Tx, public_key: str, doctor_id: str, now: datetime) -> None:
    tx.execute(
        update(browser_keys)
        .where(browser_keys.c.public_key == public_key)
        .values(revoked=0, doctor_id=doctor_id, enrolled_at=now)
    )


def revoke_browser_key(tx: Tx, public_key: str) -> str | None:
    """Whose it is, or nothing if there is no such key."""
    return tx.execute(
        update(browser_keys)
        .where(browser_keys.c.public_key == public_key)
        .values(revoked=1)
        .returning(browser_keys.c.doctor_id)
    ).scalar_one_or_none()


def drop_revoked(tx: Tx, signed: Collection[str]) -> None:
    """Forget revoked browsers, but for those that are *signed*."""
    tx.execute(delete(browser_keys).where(browser_keys.c.revoked == 1, browser_keys.c.public_key.not_in(signed)))


def newest_roster(tx: Tx) -> SignedRoster | None:
    text = tx.execute(select(rosters.c.signed).order_by(rosters.c.seq.desc()).limit(1)).scalar_one_or_none()
    return SignedRoster.model_validate_json(text) if text else None


def keep_roster(tx: Tx, seq: int, signed: SignedRoster, now: datetime) -> None:
    """In place of the former one."""
    tx.execute(delete(rosters))
    tx.execute(insert(rosters).values(seq=seq, signed=signed.model_dump_json(), published_at=now))
