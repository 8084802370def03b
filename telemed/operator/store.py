"""The exercise clock's offset, so that the demo goes on where it stopped."""

from sqlalchemy import CheckConstraint, Float, Integer, Table, insert, select, update

from telemed.kit.db import Tx, metadata
from telemed.kit.register import TECHNICAL, column

clocks = Table(
    "operator_clock",
    metadata,
    column("id", Integer(), primary_key=True, autoincrement=False, kept=TECHNICAL),
    column("offset_s", Float(), kept=TECHNICAL),
    CheckConstraint("id = 1", name="id"),
)


def offset_s(tx: Tx) -> float | None:
    return tx.execute(select(clocks.c.offset_s)).scalar_one_or_none()


def save(tx: Tx, seconds: float) -> None:
    if not tx.execute(update(clocks).values(offset_s=seconds)).rowcount:
        tx.execute(insert(clocks).values(id=1, offset_s=seconds))
