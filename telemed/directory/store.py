"""The directory's tables: resources as taken and the count of changes."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    delete,
    insert,
    select,
    text,
    update,
)

from telemed.directory.model import ACTORS, KINDS
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.hot import Hot
from telemed.kit.ids import new_id
from telemed.kit.register import TECHNICAL, Kept, column

STAFF = Kept(
    purpose="plans visits: who and what works when and where, published by the operator",
    retention="until the operator replaces it",
    seen_by="everyone",
)

resources = Table(
    "directory_resource",
    metadata,
    column("kind", Text(), primary_key=True, kept=TECHNICAL),
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("content", LargeBinary(), kept=STAFF),
    column("taken_at", Utc(), kept=TECHNICAL),
    column("version", Integer(), server_default=text("1"), kept=TECHNICAL),
    CheckConstraint("kind in (" + ", ".join(f"'{kind}'" for kind in KINDS) + ")", name="kind"),
)
_is_actor = resources.c.kind.in_(ACTORS)
Index("uq_directory_resource_actor", resources.c.id, unique=True, sqlite_where=_is_actor, postgresql_where=_is_actor)

_FORMER = Kept(
    purpose="lets programs see what a change was made to, and set it right",
    retention="90 days after it was replaced",
    seen_by="programs that may read the resource",
)
former = Table(
    "directory_former",
    metadata,
    column("kind", Text(), primary_key=True, kept=TECHNICAL),
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("version", Integer(), primary_key=True, autoincrement=False, kept=TECHNICAL),
    column("content", LargeBinary(), kept=_FORMER),
    column("taken_at", Utc(), kept=TECHNICAL),
    column("replaced_at", Utc(), kept=TECHNICAL),
)
Index("ix_directory_former_replaced_at", former.c.replaced_at)

versions = Table(
    "directory_version",
    metadata,
    column("one", Integer(), primary_key=True, autoincrement=False, kept=TECHNICAL),
    column("count", Integer(), kept=TECHNICAL),
    column("stamp", Text(), kept=TECHNICAL),
    CheckConstraint("one = 1", name="one"),
)

_BLOCK = Kept("keeps broken devices out of the plan", "until the device is mended", "everyone")
blocked = Table(
    "directory_block",
    metadata,
    column("device_id", Text(), primary_key=True, kept=_BLOCK),
    column("since", Utc(), kept=_BLOCK),
)


def put(tx: Tx, kind: str, resource_id: str, content: bytes, *, now: datetime) -> bool:
    """Keep a resource in place of the one that was there, which becomes a former version; whether there was none."""
    key = (resources.c.kind == kind, resources.c.id == resource_id)
    old = tx.execute(select(resources.c.content, resources.c.taken_at, resources.c.version).where(*key)).first()
    if old is None:
        tx.execute(insert(resources).values(kind=kind, id=resource_id, content=content, taken_at=now, version=1))
        return True
    if old.content != content:
        times = {"taken_at": old.taken_at, "replaced_at": now}
        tx.execute(insert(former).values(kind=kind, id=resource_id, version=old.version, content=old.content, **times))
        tx.execute(update(resources).where(*key).values(content=content, taken_at=now, version=old.version + 1))
    return False


def numbers(tx: Tx) -> dict[tuple[str, str], int]:
    """The number of the version of every resource, by kind and id."""
    rows = tx.execute(select(resources.c.kind, resources.c.id, resources.c.version))
    return {(row.kind, row.id): row.version for row in rows}


def formers(tx: Tx, kind: str, resource_id: str) -> list[tuple[int, bytes, datetime]]:
    """What a resource was before, newest first: number, content, and since when it was so."""
    wanted = select(former.c.version, former.c.content, former.c.taken_at)
    rows = tx.execute(wanted.where(former.c.kind == kind, former.c.id == resource_id).order_by(former.c.version.desc()))
    return [(row.version, row.content, row.taken_at) for row in rows]


def formers_of_kind(tx: Tx, kind: str) -> list[tuple[str, int, bytes, datetime]]:
    """What the resources of a type were before: id, number, content, and since when it was so."""
    wanted = select(former.c.id, former.c.version, former.c.content, former.c.taken_at).where(former.c.kind == kind)
    return [(row.id, row.version, row.content, row.taken_at) for row in tx.execute(wanted)]


def forget_formers(tx: Tx, *, before: datetime) -> None:
    tx.execute(delete(former).where(former.c.replaced_at < before))


def actor_kind(tx: Tx, actor_id: str) -> str | None:
    """Which kind of actor has this id."""
    query = select(resources.c.kind).where(resources.c.id == actor_id, resources.c.kind.in_(ACTORS))
    return tx.execute(query).scalar_one_or_none()


def get(tx: Tx, kind: str, resource_id: str) -> bytes | None:
    query = select(resources.c.content).where(resources.c.kind == kind, resources.c.id == resource_id)
    return tx.execute(query).scalar_one_or_none()


def of_kind(tx: Tx, kind: str) -> list[bytes]:
    """The resources of a type, sorted by id."""
    wanted = select(resources.c.content).where(resources.c.kind == kind)
    return list(tx.execute(wanted.order_by(resources.c.id)).scalars())


def everything(tx: Tx) -> list[tuple[str, bytes, datetime]]:
    """Every resource with its kind and since when it is so, sorted by kind and id."""
    wanted = select(resources.c.kind, resources.c.content, resources.c.taken_at)
    rows = tx.execute(wanted.order_by(resources.c.kind, resources.c.id))
    return [(row.kind, row.content, row.taken_at) for row in rows]


def block(tx: Tx, device_id: str, *, since: datetime) -> None:
    """Keep that it is blocked; an earlier moment stays."""
    if tx.execute(select(blocked.c.since).where(blocked.c.device_id == device_id)).first() is None:
        tx.execute(insert(blocked).values(device_id=device_id, since=since))


def free(tx: Tx, device_id: str) -> None:
    tx.execute(delete(blocked).where(blocked.c.device_id == device_id))


def blocks(tx: Tx) -> dict[str, datetime]:
    """Every blocked device and since when."""
    return {row.device_id: row.since for row in tx.execute(select(blocked))}


def changed(tx: Tx) -> None:
    """Count a change. The stamp is new each time, in every database, so it may key a cache."""
    stamp = new_id()
    if not tx.execute(update(versions).values(count=versions.c.count + 1, stamp=stamp)).rowcount:
        tx.execute(insert(versions).values(one=1, count=1, stamp=stamp))


def version(tx: Tx) -> tuple[int, str]:
    """The count of changes and its stamp; ``(0, "")`` before the first."""
    row = _VERSION.run(tx).fetchone()
    return (row[0], row[1]) if row else (0, "")


_VERSION = Hot("SELECT count, stamp FROM directory_version")
