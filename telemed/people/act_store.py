"""What programs did: one line for each thing, and none of it is about a person but by her id."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Index, Integer, Table, Text, delete, insert, select, text
from sqlalchemy.engine import Row

from telemed.kit.db import Tx, Utc, metadata, utc_text
from telemed.kit.hot import Hot
from telemed.kit.ids import new_id
from telemed.kit.register import Kept, column
from telemed.people.acts import CLIENT, MOST_IDS, Act, Did

_ACT = Kept("shows what a program asked for and was given", "1 year", "operator, and the program what it did")

acts = Table(
    "people_act",
    metadata,
    column("id", Text(), primary_key=True, kept=_ACT),
    column("at", Utc(), kept=_ACT),
    column("client", Text(), kept=_ACT),
    column("did", Text(), kept=_ACT),
    column("kind", Text(), kept=_ACT),
    column("asked", Text(), kept=_ACT),
    column("found", Integer(), nullable=True, kept=_ACT),
    column("ids", Text(), kept=_ACT),
    column("person_id", Text(), kept=_ACT),
    column("status", Integer(), kept=_ACT),
    column("role", Text(), server_default=text("'client'"), kept=_ACT),
    column("request_id", Text(), server_default=text("''"), kept=_ACT),
    Index("ix_people_act_client_at", "client", "at"),
    sqlite_with_rowid=False,
)
_COLUMNS = tuple(each.name for each in acts.columns)
_MANY = Hot(
    f"INSERT INTO {acts.name} ({', '.join(_COLUMNS)}) "
    f"SELECT {', '.join(f'value ->> {place}' for place in range(len(_COLUMNS)))} FROM json_each(:rows)"
)


def add(tx: Tx, found: Sequence[Act]) -> None:
    """Write lines; on SQLite all in one statement."""
    if tx.dialect.name != "sqlite":
        tx.execute(insert(acts), [_row(act) for act in found])
        return
    rows = [[*(_row(act) | {"at": utc_text(act.at)}).values()] for act in found]
    _MANY.run(tx, rows=orjson.dumps(rows).decode())


def _row(act: Act) -> dict[str, Any]:
    """In the order of the columns."""
    return {
        "id": act.id or new_id(),
        "at": act.at,
        "client": act.client,
        "did": act.did.value,
        "kind": act.kind,
        "asked": act.asked,
        "found": act.found,
        "ids": ",".join(act.ids[:MOST_IDS]),
        "person_id": act.person_id,
        "status": act.status,
        "role": act.role,
        "request_id": act.request_id,
    }


def of_client(tx: Tx, client: str, limit: int) -> list[Act]:
    """The newest first."""
    own = select(acts).where(acts.c.client == client, acts.c.role == CLIENT)
    return [act_of(row) for row in tx.execute(own.order_by(acts.c.at.desc(), acts.c.id.desc()).limit(limit))]


def act_of(row: Row[Any]) -> Act:
    ids = tuple(filter(None, row.ids.split(",")))
    made = Act(row.client, Did(row.did), row.kind, row.at, row.asked, row.found, ids, row.person_id)
    return replace(made, status=row.status, id=row.id, role=row.role, request_id=row.request_id)


def drop_before(tx: Tx, moment: datetime) -> None:
    tx.execute(delete(acts).where(acts.c.at < moment))
