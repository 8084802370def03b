"""What is broken now, as rooms and people say; what was mended is in the outbox and the logs."""

from sqlalchemy import Boolean, CheckConstraint, Table, Text, delete, insert, select

from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column
from telemed.upkeep.model import Broken, Defect, What

_STATE = Kept("says what is broken in a room", "until it is mended", "assistant, operator")

broken = Table(
    "upkeep_broken",
    metadata,
    column("device_id", Text(), primary_key=True, kept=TECHNICAL),
    column("room_id", Text(), index=True, kept=TECHNICAL),
    column("kind", Text(), kept=_STATE),
    column("code", Text(), kept=_STATE),
    column("since", Utc(), kept=_STATE),
)

_WHATS = ", ".join(repr(what.value) for what in What)
defects = Table(
    "upkeep_defect",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("room_id", Text(), index=True, kept=_STATE),
    column("device_id", Text(), nullable=True, kept=_STATE),
    column("what", Text(), kept=_STATE),
    column("is_out", Boolean(), kept=_STATE),
    column("reported_at", Utc(), kept=_STATE),
    CheckConstraint(f"what in ({_WHATS})", name="what"),
)


def of(tx: Tx, room_id: str | None = None) -> list[Broken]:
    """What is broken, in one room or everywhere, by room and id."""
    wanted = select(broken).order_by(broken.c.room_id, broken.c.device_id)
    if room_id is not None:
        wanted = wanted.where(broken.c.room_id == room_id)
    return [Broken(row.device_id, row.room_id, row.kind, row.code, row.since) for row in tx.execute(wanted)]


def add(tx: Tx, one: Broken) -> None:
    values = {"room_id": one.room_id, "kind": one.kind, "code": one.code, "since": one.since}
    tx.execute(insert(broken).values(device_id=one.device_id, **values))


def remove(tx: Tx, device_id: str) -> None:
    tx.execute(delete(broken).where(broken.c.device_id == device_id))


def reported(tx: Tx) -> list[Defect]:
    """What people reported and nobody has mended, the oldest first."""
    rows = tx.execute(select(defects).order_by(defects.c.reported_at, defects.c.id))
    return [Defect(row.id, row.room_id, row.device_id, What(row.what), row.is_out, row.reported_at) for row in rows]


def report(tx: Tx, one: Defect) -> None:
    tx.execute(
        insert(defects).values(
            id=one.id,
            room_id=one.room_id,
            device_id=one.device_id,
            what=one.what.value,
            is_out=one.is_out,
            reported_at=one.reported_at,
        )
    )


def mended(tx: Tx, defect_id: str) -> None:
    tx.execute(delete(defects).where(defects.c.id == defect_id))
