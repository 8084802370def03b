"""The directory's tables: resources as taken, what they are found by, and the count of changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    and_,
    delete,
    insert,
    not_,
    or_,
    select,
    true,
    update,
)

from telemed.directory.model import ACTORS, KINDS, Term
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
    CheckConstraint("kind in (" + ", ".join(f"'{kind}'" for kind in KINDS) + ")", name="kind"),
)
_is_actor = resources.c.kind.in_(ACTORS)
Index("uq_directory_resource_actor", resources.c.id, unique=True, sqlite_where=_is_actor, postgresql_where=_is_actor)

terms = Table(
    "directory_term",
    metadata,
    column("kind", Text(), primary_key=True, kept=TECHNICAL),
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("param", Text(), primary_key=True, kept=TECHNICAL),
    column("n", Integer(), primary_key=True, autoincrement=False, kept=TECHNICAL),
    column("system", Text(), kept=TECHNICAL),
    column("value", Text(), kept=STAFF),
    ForeignKeyConstraint(["kind", "id"], ["directory_resource.kind", "directory_resource.id"], ondelete="CASCADE"),
    Index("ix_directory_term_value", "kind", "param", "value"),
)

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


@dataclass(frozen=True)
class Match:
    """One condition of a search.

    Any of *values* fits; each is ``(system or None, value)``. *how*: ``is``, ``starts``, ``contains``; *negated* finds
    what has no such term, also what lacks the parameter.
    """

    param: str
    values: tuple[tuple[str | None, str], ...]
    how: str = "is"
    negated: bool = False


def put(tx: Tx, kind: str, resource_id: str, content: bytes, terms_of: Iterable[Term], *, now: datetime) -> None:
    """Keep a resource in place of the one that was there."""
    key = (resources.c.kind == kind, resources.c.id == resource_id)
    changed = tx.execute(update(resources).where(*key).values(content=content, taken_at=now)).rowcount
    if not changed:
        tx.execute(insert(resources).values(kind=kind, id=resource_id, content=content, taken_at=now))
    tx.execute(delete(terms).where(terms.c.kind == kind, terms.c.id == resource_id))
    rows = [
        {"kind": kind, "id": resource_id, "param": t.param, "n": n, "system": t.system, "value": t.value}
        for n, t in enumerate(terms_of)
    ]
    if rows:
        tx.execute(insert(terms), rows)


def actor_kind(tx: Tx, actor_id: str) -> str | None:
    """Which kind of actor has this id."""
    query = select(resources.c.kind).where(resources.c.id == actor_id, resources.c.kind.in_(ACTORS))
    return tx.execute(query).scalar_one_or_none()


def get(tx: Tx, kind: str, resource_id: str) -> bytes | None:
    query = select(resources.c.content).where(resources.c.kind == kind, resources.c.id == resource_id)
    return tx.execute(query).scalar_one_or_none()


def everything(tx: Tx) -> list[tuple[str, bytes]]:
    """Every resource with its kind, sorted by kind and id."""
    query = select(resources.c.kind, resources.c.content).order_by(resources.c.kind, resources.c.id)
    return [(row.kind, row.content) for row in tx.execute(query)]


def find(tx: Tx, kind: str, matches: Sequence[Match]) -> list[bytes]:
    """The resources of *kind* that fit every match, sorted by id."""
    query = select(resources.c.content).where(resources.c.kind == kind).order_by(resources.c.id)
    for match in matches:
        if match.param == "_id":
            named = resources.c.id.in_([value for _, value in match.values])
            query = query.where(not_(named) if match.negated else named)
            continue
        having = select(terms.c.id).where(terms.c.kind == kind, terms.c.param == match.param, _any_of(match))
        query = query.where(resources.c.id.not_in(having) if match.negated else resources.c.id.in_(having))
    return list(tx.execute(query).scalars())


def _any_of(match: Match) -> ColumnElement[bool]:
    return or_(*(_one(match.how, system, value) for system, value in match.values))


def _one(how: str, system: str | None, value: str) -> ColumnElement[bool]:
    match how:
        case "contains":
            fits = terms.c.value.contains(value, autoescape=True)
        case "starts":
            fits = terms.c.value.startswith(value, autoescape=True)
        case _:
            fits = terms.c.value == value
    if how == "is" and not value:
        fits = true()
    return fits if system is None else and_(fits, terms.c.system == system)


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
