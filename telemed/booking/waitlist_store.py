"""The waiting list: what is wished, since when, and by whom as an id."""

import dataclasses
import json
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Integer, Row, Table, Text, bindparam, insert, select, update

from telemed.booking.model import Waiting, WaitState
from telemed.booking.planner import What, Wish
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column

_WISH = Kept("finds freed time for the person", "30 days after the last moment wished for", "assistant and doctor")
_OPENS = Kept("opens the own entry for who holds the link", "30 days after the last moment wished for", "no one")

waiting_list = Table(
    "booking_waiting",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("person_id", Text(), ForeignKey("people_person.id"), index=True, kept=TECHNICAL),
    column("wish", Text(), kept=_WISH),
    column("latest", Utc(), kept=_WISH),
    column("asked_at", Utc(), kept=_WISH),
    column("state", Text(), kept=_WISH),
    column("priority", Integer(), nullable=True, kept=_WISH),
    column("hold_id", Text(), nullable=True, unique=True, kept=TECHNICAL),
    column("booking_id", Text(), ForeignKey("booking.id"), nullable=True, kept=TECHNICAL),
    column("declined", Text(), kept=_WISH),
    column("link_hash", Text(), nullable=True, unique=True, kept=_OPENS),
    CheckConstraint("state in ('waiting', 'offered', 'taken', 'left')", name="state"),
)
_IN_ORDER = (
    waiting_list.c.priority.is_(None),
    waiting_list.c.priority,
    waiting_list.c.asked_at,
    waiting_list.c.id,
)
"""Those with a priority first, then who asked first."""


def add(tx: Tx, waiting: Waiting, *, link_hash: str | None) -> None:
    tx.execute(insert(waiting_list).values(id=waiting.id, link_hash=link_hash, **_values(waiting)))


def put(tx: Tx, waiting: Waiting) -> None:
    """Keep what changed of an entry."""
    tx.execute(update(waiting_list).where(waiting_list.c.id == waiting.id).values(_values(waiting)))


def get(tx: Tx, waiting_id: str) -> Waiting | None:
    row = tx.execute(_ONE, {"id": waiting_id}).one_or_none()
    return _waiting(row) if row else None


_ONE = select(waiting_list).where(waiting_list.c.id == bindparam("id"))


def by_link(tx: Tx, link_hash: str) -> Waiting | None:
    row = tx.execute(select(waiting_list).where(waiting_list.c.link_hash == link_hash)).one_or_none()
    return _waiting(row) if row else None


def by_hold(tx: Tx, hold_id: str) -> Waiting | None:
    row = tx.execute(select(waiting_list).where(waiting_list.c.hold_id == hold_id)).one_or_none()
    return _waiting(row) if row else None


def open_for(tx: Tx, booking_id: str) -> list[Waiting]:
    """Who waits or is to be asked for something earlier than this appointment."""
    return [_waiting(row) for row in tx.execute(_OPEN_FOR, {"booking": booking_id})]


_OPEN_FOR = (
    select(waiting_list)
    .where(waiting_list.c.booking_id == bindparam("booking"))
    .where(waiting_list.c.state.in_([WaitState.WAITING.value, WaitState.OFFERED.value]))
    .order_by(*_IN_ORDER)
)


def in_line(tx: Tx, *, now: datetime) -> list[Waiting]:
    """Who waits and was not asked yet, in the order in which freed time is given."""
    return _listed(tx, (WaitState.WAITING,), now=now)


def open_entries(tx: Tx, *, now: datetime) -> list[Waiting]:
    """Who waits or is to be asked, in order."""
    return _listed(tx, (WaitState.WAITING, WaitState.OFFERED), now=now)


def _listed(tx: Tx, states: tuple[WaitState, ...], *, now: datetime) -> list[Waiting]:
    return [_waiting(row) for row in tx.execute(_LISTED, {"states": [state.value for state in states], "now": now})]


_LISTED = (
    select(waiting_list)
    .where(waiting_list.c.state.in_(bindparam("states", expanding=True)), waiting_list.c.latest > bindparam("now"))
    .order_by(*_IN_ORDER)
)


def _values(waiting: Waiting) -> dict[str, Any]:
    return {
        "person_id": waiting.person_id,
        "wish": _text(waiting.wish),
        "latest": waiting.wish.latest,
        "asked_at": waiting.asked_at,
        "state": waiting.state.value,
        "priority": waiting.priority,
        "hold_id": waiting.hold_id,
        "booking_id": waiting.booking_id,
        "declined": json.dumps([start.isoformat() for start in waiting.declined]),
    }


def _text(wish: Wish) -> str:
    moments = {"earliest": wish.earliest.isoformat(), "latest": wish.latest.isoformat()}
    return json.dumps({"what": dataclasses.asdict(wish.what), "align": wish.align_minutes, **moments})


def _wish(text: str) -> Wish:
    kept = json.loads(text)
    what: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in kept["what"].items()
    }
    earliest, latest = (datetime.fromisoformat(kept[name]) for name in ("earliest", "latest"))
    return Wish(What(**what), earliest, latest, kept["align"])


def _waiting(row: Row[Any]) -> Waiting:
    declined = tuple(datetime.fromisoformat(start) for start in json.loads(row.declined))
    state = WaitState(row.state)
    return Waiting(
        row.id, row.person_id, _wish(row.wish), row.asked_at, state, row.priority, row.hold_id, row.booking_id, declined
    )
