"""Registered programs, and the assertions that they have used up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Table, Text, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from telemed.identity.client_model import Client
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import Kept, column

_CLIENT = Kept(
    "says which programs may sign in, by which keys, and what for", "1 year after it was shut out", "operator"
)
_BY = Kept("says who let a program in", "1 year after it was shut out", "operator")
_ONCE = Kept("lets nobody sign in with a signature that was seen before", "until it expires", "no one")

clients = Table(
    "identity_client",
    metadata,
    column("id", Text(), primary_key=True, kept=_CLIENT),
    column("name", Text(), kept=_CLIENT),
    column("key_set", Text(), kept=_CLIENT),
    column("key_set_url", Text(), kept=_CLIENT),
    column("scopes", Text(), kept=_CLIENT),
    column("registered_by", Text(), kept=_BY),
    column("registered_at", Utc(), kept=_CLIENT),
    column("used_at", Utc(), nullable=True, kept=_CLIENT),
    column("revoked_at", Utc(), nullable=True, kept=_CLIENT),
)
assertions = Table(
    "identity_assertion",
    metadata,
    column("hash", Text(), primary_key=True, kept=_ONCE),
    column("until", Utc(), index=True, kept=_ONCE),
)


def put(tx: Tx, client: Client) -> None:
    """Keep a client, a new one or one that was changed."""
    row = _row(client)
    changed = tx.execute(update(clients).where(clients.c.id == client.id).values(row)).rowcount
    if not changed:
        tx.execute(insert(clients).values(row))


def client(tx: Tx, client_id: str) -> Client | None:
    found = tx.execute(select(clients).where(clients.c.id == client_id)).one_or_none()
    return _client(found) if found else None


def all_clients(tx: Tx) -> list[Client]:
    """By name."""
    return [_client(row) for row in tx.execute(select(clients).order_by(clients.c.name, clients.c.id))]


def mark_used(tx: Tx, client_id: str, now: datetime) -> bool:
    """Whether it is there and not revoked."""
    active = (clients.c.id == client_id, clients.c.revoked_at.is_(None))
    return tx.execute(update(clients).where(*active).values(used_at=now)).rowcount == 1


def use_up(tx: Tx, assertion_hash: str, until: datetime) -> bool:
    """Whether an assertion was not seen before; nobody comes by it again until *until*, when it has expired."""
    into: Any = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    made = into(assertions).values(hash=assertion_hash, until=until).on_conflict_do_nothing()
    return bool(tx.execute(made.returning(assertions.c.hash)).one_or_none())


def drop_expired(tx: Tx, real: datetime) -> None:
    tx.execute(delete(assertions).where(assertions.c.until < real))


def drop_revoked_before(tx: Tx, moment: datetime) -> None:
    tx.execute(delete(clients).where(clients.c.revoked_at < moment))


def _row(client: Client) -> Mapping[str, Any]:
    return {
        "id": client.id,
        "name": client.name,
        "key_set": client.key_set,
        "key_set_url": client.key_set_url,
        "scopes": " ".join(client.scopes),
        "registered_by": client.registered_by,
        "registered_at": client.registered_at,
        "used_at": client.used_at,
        "revoked_at": client.revoked_at,
    }


def _client(row: Row[Any]) -> Client:
    return Client(
        row.id,
        row.name,
        tuple(row.scopes.split()),
        row.registered_by,
        row.registered_at,
        key_set=row.key_set,
        key_set_url=row.key_set_url,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
