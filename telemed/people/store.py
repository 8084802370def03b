"""Residents: sealed details, one wrapped key each, and who looked. The only tables about people."""

from collections.abc import Collection, Iterable
from datetime import datetime
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from telemed.kit.db import Tx, Utc, metadata, utc_text
from telemed.kit.hot import Hot
from telemed.kit.register import TECHNICAL, Kept, column
from telemed.people.model import AuditLine, Deed

_DETAILS = Kept(
    "reach the person and prepare the visit",
    "30 days after the last appointment",
    "assistant and doctor of the visit",
    personal=True,
)
_KEY = Kept("seals everything about one person; deleting it erases them", "until erasure", "no one")
_AUDIT = Kept("shows the person who looked", "3 years", "the person, operator without names")

_CONTACT = Kept("finds the own appointments by number or address, as a keyed hash", "until erasure", "no one")

persons = Table(
    "people_person",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("details", LargeBinary(), kept=_DETAILS),
    column("contact_hash", Text(), nullable=True, index=True, kept=_CONTACT),
    column("created_at", Utc(), kept=TECHNICAL),
)
keys = Table(
    "people_key",
    metadata,
    column("person_id", Text(), ForeignKey("people_person.id", ondelete="CASCADE"), primary_key=True, kept=TECHNICAL),
    column("wrapped", LargeBinary(), kept=_KEY),
    sqlite_with_rowid=False,
)
audit_lines = Table(
    "people_audit",
    metadata,
    column("id", Text(), primary_key=True, kept=_AUDIT),
    column("at", Utc(), kept=_AUDIT),
    column("person_id", Text(), index=True, kept=_AUDIT),
    column("role", Text(), kept=_AUDIT),
    column("subject", Text(), kept=_AUDIT),
    column("action", Text(), kept=_AUDIT),
    column("purpose", Text(), kept=_AUDIT),
    sqlite_with_rowid=False,
)
_of_client = audit_lines.c.role == "client"
Index(
    "ix_people_audit_client",
    audit_lines.c.subject,
    audit_lines.c.at,
    sqlite_where=_of_client,
    postgresql_where=_of_client,
)

WRAPPED = select(keys.c.wrapped).where(keys.c.person_id == bindparam("person"))
_DETAILS_OF = select(persons.c.details).where(persons.c.id == bindparam("person"))


_PERSON = Hot(
    "INSERT INTO people_person (id, details, contact_hash, created_at) VALUES (:id, :details, :contact_hash, :now)"
)
_PERSONS_KEY = Hot("INSERT INTO people_key (person_id, wrapped) VALUES (:id, :wrapped)")
_ALL_AT_ONCE = Hot(
    "SELECT 1",
    """WITH person AS (INSERT INTO people_person (id, details, contact_hash, created_at)
            VALUES (:id, :details, :contact_hash, :now)),
        key AS (INSERT INTO people_key (person_id, wrapped) VALUES (:id, :wrapped))
    INSERT INTO people_audit (id, at, person_id, role, subject, action, purpose)
    SELECT line, :now, :id, :role, :subject, action, purpose
    FROM unnest(:lines ::text[], :actions ::text[], :purposes ::text[]) AS said (line, action, purpose)""",
)


def add(
    tx: Tx,
    person_id: str,
    *,
    details: bytes,
    wrapped: bytes,
    lines: list[dict[str, object]],
    contact_hash: str | None = None,
) -> None:
    """A new person with key and first audit lines, which are all of one moment and one actor."""
    now = lines[0]["at"]
    if tx.dialect.name == "sqlite":
        _PERSON.run(tx, id=person_id, details=details, contact_hash=contact_hash, now=now)
        _PERSONS_KEY.run(tx, id=person_id, wrapped=wrapped)
        add_audit(tx, lines)
        return
    columns = {f"{name}s": [line[name] for line in lines] for name in ("action", "purpose")}
    shared = {name: lines[0][name] for name in ("role", "subject")}
    ids = [line["id"] for line in lines]
    person = {"id": person_id, "details": details, "contact_hash": contact_hash}
    _ALL_AT_ONCE.run(tx, **person, wrapped=wrapped, now=now, lines=ids, **columns, **shared)


def wrapped_key(tx: Tx, person_id: str) -> bytes | None:
    return tx.execute(WRAPPED, {"person": person_id}).scalar_one_or_none()


def wrapped_keys(tx: Tx, person_ids: Collection[str]) -> dict[str, bytes]:
    """Those that are there. On SQLite they come as one row: for each, the thread would queue for the interpreter."""
    if not person_ids:
        return {}
    if tx.dialect.name != "sqlite":
        found = _KEYS_OF.run(tx, ids=sorted(person_ids)).fetchall()
        return {person_id: bytes(wrapped) for person_id, wrapped in found}
    row = _KEYS_OF.run(tx, ids=orjson.dumps(sorted(person_ids)).decode()).fetchone()
    return {person_id: bytes.fromhex(wrapped) for person_id, wrapped in orjson.loads(row[0])}


_KEYS_OF = Hot(
    "SELECT json_group_array(json_array(person_id, hex(wrapped))) FROM people_key "
    "WHERE person_id IN (SELECT value FROM json_each(:ids))",
    "SELECT person_id, wrapped FROM people_key WHERE person_id = ANY(:ids)",
)


def details(tx: Tx, person_id: str) -> bytes | None:
    return tx.execute(_DETAILS_OF, {"person": person_id}).scalar_one_or_none()


def put_details(tx: Tx, person_id: str, details: bytes, contact_hash: str | None) -> None:
    """Keep other details in place of those of this person."""
    own = update(persons).where(persons.c.id == person_id)
    tx.execute(own.values(details=details, contact_hash=contact_hash))


def with_contact(tx: Tx, contact_hash: str) -> list[str]:
    """The people of this number or address, by id."""
    wanted = select(persons.c.id).where(persons.c.contact_hash == contact_hash).order_by(persons.c.id)
    return list(tx.execute(wanted).scalars())


def drop_key(tx: Tx, person_id: str) -> bool:
    """Whether there was a key to delete; by number or address nobody finds the person any more."""
    tx.execute(update(persons).where(persons.c.id == person_id).values(contact_hash=None))
    return tx.execute(delete(keys).where(keys.c.person_id == person_id)).rowcount == 1


def add_audit(tx: Tx, lines: list[dict[str, object]]) -> None:
    """Write audit lines: id, at, person_id, role, subject, action, purpose.

    On SQLite many lines are one statement: between two, the thread would queue for the interpreter once more.
    """
    if tx.dialect.name != "sqlite":
        tx.execute(insert(audit_lines), lines)
        return
    moments = {moment: _at(moment) for moment in {line["at"] for line in lines}}
    rows = [(moments[line["at"]], *_beside_moment(line)) for line in lines]
    _MANY_LINES.run(tx, rows=orjson.dumps(rows).decode())


def lines_of(tx: Tx, person_id: str) -> list[AuditLine]:
    """All of one person, the newest first."""
    rows = tx.execute(_LINES_OF, {"person": person_id}).all()  # one by one, each costs twice as much
    return [
        AuditLine(line, at, person, role, subject, DEEDS[deed], purpose)
        for line, at, person, role, subject, deed, purpose in rows
    ]


def seen_by_minute(tx: Tx, person_id: str) -> list[tuple[AuditLine, int]]:
    """As `lines_of`, but what is the same within a minute is one line, the last, with how many there were."""
    rows = tx.execute(_BY_MINUTE_LITE if tx.dialect.name == "sqlite" else _BY_MINUTE, {"person": person_id}).all()
    return [
        (AuditLine(line, at, person_id, role, subject, DEEDS[deed], purpose), times)
        for line, at, role, subject, deed, purpose, times in rows
    ]


def last_writers(tx: Tx, person_ids: Iterable[str], role: str) -> dict[str, str]:
    """By person, who of this role changed something about her last."""
    wanted = select(audit_lines.c.person_id, audit_lines.c.subject).where(
        audit_lines.c.person_id.in_(sorted(person_ids)),
        audit_lines.c.role == role,
        audit_lines.c.action == Deed.WRITE.value,
    )
    return {row.person_id: row.subject for row in tx.execute(wanted.order_by(audit_lines.c.at, audit_lines.c.id))}


DEEDS = {deed.value: deed for deed in Deed}
_LINES_OF = (
    select(*(audit_lines.c[name] for name in ("id", "at", "person_id", "role", "subject", "action", "purpose")))
    .where(audit_lines.c.person_id == bindparam("person"))
    .order_by(audit_lines.c.at.desc(), audit_lines.c.id.desc())
)


def _by_minute(minute: ColumnElement[Any]) -> Select[Any]:
    same = tuple(audit_lines.c[name] for name in ("role", "subject", "action", "purpose"))
    last = func.max(audit_lines.c.at).label("last")
    line = func.max(audit_lines.c.id)
    return (
        select(line, last, *same, func.count())
        .where(audit_lines.c.person_id == bindparam("person"))
        .group_by(minute, *same)
        .order_by(last.desc(), line.desc())
    )


_BY_MINUTE = _by_minute(func.date_trunc("minute", audit_lines.c.at))
_BY_MINUTE_LITE = _by_minute(func.substr(audit_lines.c.at, 1, len("2026-11-26T14:12"), type_=Text()))
_AUDIT_COLUMNS = ("at", *(column.name for column in audit_lines.columns if column.name != "at"))
_beside_moment = itemgetter(*_AUDIT_COLUMNS[1:])
_MANY_LINES = Hot(
    f"INSERT INTO {audit_lines.name} ({', '.join(_AUDIT_COLUMNS)}) "
    f"SELECT {', '.join(f'value ->> {place}' for place in range(len(_AUDIT_COLUMNS)))} FROM json_each(:rows)"
)


def _at(moment: object) -> str:
    assert isinstance(moment, datetime)
    return utc_text(moment)
