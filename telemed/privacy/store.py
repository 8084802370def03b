"""That somebody had the own data erased: a hash and a moment, so that no restored backup brings them back."""

from datetime import datetime

from sqlalchemy import Integer, Table, Text, insert

from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column

_ERASED = Kept("keeps erased data erased, also after a backup was restored", "3 years", "operator, without a person")

erasures = Table(
    "privacy_erasure",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("person_hash", Text(), kept=_ERASED),
    column("at", Utc(), kept=_ERASED),
    column("cancelled", Integer(), kept=_ERASED),
)


def add(tx: Tx, number: str, person_hash: str, at: datetime, cancelled: int) -> None:
    tx.execute(insert(erasures).values(id=number, person_hash=person_hash, at=at, cancelled=cancelled))
