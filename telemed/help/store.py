"""Calls for help from the rooms, without a person."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, Table, Text, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from telemed.help.model import Asked, HelpCall, HelpState, Reach, Through
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column

_CALL = Kept("brings help to a room, and shows that it came", "30 days", "assistant, doctor and operator of the room")


def _of(kinds: type[Asked] | type[Through] | type[HelpState]) -> str:
    return ", ".join(repr(kind.value) for kind in kinds)


calls = Table(
    "help_call",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("room_id", Text(), kept=_CALL),
    column("visit_id", Text(), nullable=True, kept=_CALL),
    column("what", Text(), kept=_CALL),
    column("through", Text(), kept=_CALL),
    column("asked_at", Utc(), kept=_CALL),
    column("state", Text(), kept=_CALL),
    column("answered_at", Utc(), nullable=True, kept=_CALL),
    column("answered_by", Text(), kept=_CALL),
    column("over_at", Utc(), nullable=True, kept=_CALL),
    column("reach", Integer(), kept=_CALL),
    column("reach_at", Utc(), nullable=True, kept=_CALL),
    CheckConstraint(f"what in ({_of(Asked)})", name="what"),
    CheckConstraint(f"through in ({_of(Through)})", name="through"),
    CheckConstraint(f"state in ({_of(HelpState)})", name="state"),
    Index("ix_help_call_state", "state", "room_id"),
)


def add(tx: Tx, call: HelpCall) -> bool:
    """Keep it; whether it was new."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    kept = dialect.insert(calls).values(_row(call)).on_conflict_do_nothing().returning(calls.c.id)
    return tx.execute(kept).first() is not None


def replace(tx: Tx, call: HelpCall) -> None:
    tx.execute(update(calls).where(calls.c.id == call.id).values(_row(call)))


def one(tx: Tx, help_id: str) -> HelpCall | None:
    row = tx.execute(select(calls).where(calls.c.id == help_id)).first()
    return _call(row) if row else None


def going_on(tx: Tx, room_id: str | None = None) -> list[HelpCall]:
    """All that is not over, in one room or everywhere, the oldest first."""
    wanted = select(calls).where(calls.c.state != HelpState.OVER.value).order_by(calls.c.asked_at, calls.c.id)
    if room_id is not None:
        wanted = wanted.where(calls.c.room_id == room_id)
    return [_call(row) for row in tx.execute(wanted)]


def since(tx: Tx, moment: datetime) -> list[HelpCall]:
    wanted = select(calls).where(calls.c.asked_at >= moment).order_by(calls.c.asked_at, calls.c.id)
    return [_call(row) for row in tx.execute(wanted)]


def drop_before(tx: Tx, moment: datetime) -> None:
    tx.execute(delete(calls).where(calls.c.asked_at < moment))


def _row(call: HelpCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "room_id": call.room_id,
        "visit_id": call.visit_id,
        "what": call.what.value,
        "through": call.through.value,
        "asked_at": call.asked_at,
        "state": call.state.value,
        "answered_at": call.answered_at,
        "answered_by": call.answered_by,
        "over_at": call.over_at,
        "reach": call.reach.value,
        "reach_at": call.reach_at,
    }


def _call(row: Row[Any]) -> HelpCall:
    return HelpCall(
        id=row.id,
        room_id=row.room_id,
        visit_id=row.visit_id,
        what=Asked(row.what),
        through=Through(row.through),
        asked_at=row.asked_at,
        state=HelpState(row.state),
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        over_at=row.over_at,
        reach=Reach(row.reach),
        reach_at=row.reach_at,
    )
