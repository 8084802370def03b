"""The devices that are broken now; what was mended is in the outbox and the logs."""

from sqlalchemy import Table, Text, delete, insert, select

from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column
from telemed.upkeep.model import Broken

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
