"""The doctors' own words, and what was last said of the start of each visit."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Table, Text, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from schemas.day import Word, WordKind
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column
from telemed.queue.saying import Said

_WORD = Kept("tells everyone who waits that it will be later", "30 days", "staff, rooms of this doctor")
_SAID = Kept("says a new start only when it has moved", "the day of the appointment", "no one")

words = Table(
    "queue_word",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("doctor_id", Text(), kept=_WORD),
    column("kind", Text(), kept=_WORD),
    column("at", Utc(), kept=_WORD),
    column("minutes", Integer(), nullable=True, kept=_WORD),
    column("withdrawn", Integer(), kept=_WORD),
    CheckConstraint("kind in ('later', 'interrupted', 'emergency', 'back')", name="kind"),
    CheckConstraint("withdrawn in (0, 1)", name="withdrawn"),
    Index("ix_queue_word_doctor_id", "doctor_id", "at"),
)
said = Table(
    "queue_said",
    metadata,
    column("visit_id", Text(), ForeignKey("booking.id"), primary_key=True, kept=TECHNICAL),
    column("low", Utc(), kept=_SAID),
    column("high", Utc(), kept=_SAID),
    column("at", Utc(), kept=_SAID),
)


def add(tx: Tx, word: Word) -> bool:
    """Keep a word; whether it was new."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    row = {
        "id": word.word_id,
        "doctor_id": word.doctor_id,
        "kind": word.kind.value,
        "at": word.at,
        "minutes": word.minutes,
        "withdrawn": int(word.withdrawn),
    }
    kept = dialect.insert(words).values(row).on_conflict_do_nothing().returning(words.c.id)
    return tx.execute(kept).first() is not None


def withdraw(tx: Tx, word_id: str) -> None:
    tx.execute(update(words).where(words.c.id == word_id).values(withdrawn=1))


def of(tx: Tx, doctor_ids: Iterable[str], start: datetime, end: datetime) -> list[Word]:
    """What these doctors said between two moments, withdrawn or not, by time."""
    rows = tx.execute(_OF, {"doctors": sorted(doctor_ids), "from": start, "until": end})
    return [
        Word(
            word_id=row.id,
            doctor_id=row.doctor_id,
            kind=WordKind(row.kind),
            at=row.at,
            minutes=row.minutes,
            withdrawn=bool(row.withdrawn),
        )
        for row in rows
    ]


_OF = (
    select(words)
    .where(words.c.doctor_id.in_(bindparam("doctors", expanding=True)))
    .where(words.c.at >= bindparam("from"), words.c.at < bindparam("until"))
    .order_by(words.c.at, words.c.id)
)


def say(tx: Tx, visit_id: str, what: Said) -> None:
    """Keep what is said of a visit's start from now on."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    row = {"visit_id": visit_id, "low": what.low, "high": what.high, "at": what.at}
    insert = dialect.insert(said).values(row)
    tx.execute(insert.on_conflict_do_update(index_elements=["visit_id"], set_=dict(row)))


def said_of(tx: Tx, visit_ids: Iterable[str]) -> dict[str, Said]:
    """What was last said of each of these."""
    rows = tx.execute(_SAID_OF, {"visits": sorted(visit_ids)})
    return {row.visit_id: Said(row.low, row.high, row.at) for row in rows}


_SAID_OF = select(said).where(said.c.visit_id.in_(bindparam("visits", expanding=True)))


def forget_before(tx: Tx, *, words_before: datetime, said_before: datetime) -> None:
    tx.execute(delete(words).where(words.c.at < words_before))
    tx.execute(delete(said).where(said.c.at < said_before))
