"""How often people practised, by day; no line for a person."""

from datetime import date

from sqlalchemy import CheckConstraint, Date, Integer, Table, Text, select
from sqlalchemy.dialects import postgresql, sqlite

from telemed.kit.db import Tx, metadata
from telemed.kit.register import Kept, column
from telemed.training.model import Place

_COUNT = Kept("tells how often people practised, without a person", "for ever", "everybody")
_PLACES = ", ".join(repr(place.value) for place in Place)

counts = Table(
    "training_count",
    metadata,
    column("day", Date(), primary_key=True, kept=_COUNT),
    column("place", Text(), primary_key=True, kept=_COUNT),
    column("count", Integer(), kept=_COUNT),
    CheckConstraint(f"place in ({_PLACES})", name="place"),
)


def add_one(tx: Tx, day: date, place: Place) -> None:
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    first = dialect.insert(counts).values(day=day, place=place.value, count=1)
    key = [counts.c.day, counts.c.place]
    tx.execute(first.on_conflict_do_update(index_elements=key, set_={"count": counts.c["count"] + 1}))


def total(tx: Tx, place: Place) -> int:
    found = tx.execute(select(counts.c["count"]).where(counts.c.place == place.value))
    return sum(row[0] for row in found)
