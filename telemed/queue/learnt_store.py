"""What was learnt of earlier days: counts, and the spreads made of them. Nobody who came is in it."""

import json
from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Integer, Table, Text, bindparam, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from schemas.day import Learnt, Spread
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column

_TALLY = Kept(
    "forecasts starts from how long visits of a service and doctor took; names no patient",
    "fades: half after 25 days with visits",
    "no one",
)
_SPREAD = Kept(
    "forecasts starts from how long visits of a service and doctor took; names no patient",
    "replaced each night",
    "rooms of this doctor",
)

tallies = Table(
    "queue_tally",
    metadata,
    column("id", Integer(), primary_key=True, autoincrement=False, kept=TECHNICAL),
    column("day", Text(), kept=TECHNICAL),
    column("days", Integer(), kept=TECHNICAL),
    column("as_of", Utc(), kept=TECHNICAL),
    column("counts", Text(), kept=_TALLY),
    CheckConstraint("id = 1", name="only"),
)
spreads = Table(
    "queue_spread",
    metadata,
    column("key", Text(), primary_key=True, kept=_SPREAD),
    column("doctor_id", Text(), kept=_SPREAD),
    column("quantiles", Text(), kept=_SPREAD),
    column("count", Integer(), kept=_SPREAD),
)


def keep(tx: Tx, day: date, counts: str, learnt: Learnt | None, *, now: datetime) -> None:
    """Everything up to *day* is in *counts*, and *learnt* is what was made of it."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    row = {"id": 1, "day": day.isoformat(), "days": learnt.days if learnt else 0, "as_of": now, "counts": counts}
    put = dialect.insert(tallies).values(row)
    tx.execute(put.on_conflict_do_update(index_elements=["id"], set_={k: v for k, v in row.items() if k != "id"}))
    if learnt is None:
        return
    tx.execute(delete(spreads))
    rows = [
        {"key": each.key, "doctor_id": _doctor(each.key), "quantiles": json.dumps(each.values), "count": each.count}
        for each in sorted(learnt.spreads, key=lambda each: each.key)
    ]
    tx.execute(spreads.insert(), rows)


def _doctor(key: str) -> str:
    """The last part of the key; empty where it is of all doctors."""
    return key.rpartition("|")[2] if key.startswith(("length|", "opening|")) else ""


def counts(tx: Tx) -> tuple[date, str] | None:
    """The last day that was learnt, and what is kept of all; None before the first."""
    row = tx.execute(select(tallies.c.day, tallies.c.counts)).first()
    return (date.fromisoformat(row.day), row.counts) if row else None


def learnt(tx: Tx, doctors: Collection[str]) -> Learnt | None:
    """What was learnt of all, and of these doctors; None before the first day with visits."""
    head = tx.execute(_HEAD).first()
    if head is None or not head.days:
        return None
    rows = tx.execute(_SPREADS, {"doctors": sorted(doctors)})
    return Learnt(
        as_of=head.as_of,
        days=head.days,
        spreads=tuple(Spread(key=row.key, values=tuple(json.loads(row.quantiles)), count=row.count) for row in rows),
    )


_HEAD = select(tallies.c.days, tallies.c.as_of)
_SPREADS = (
    select(spreads)
    .where(or_(spreads.c.doctor_id == "", spreads.c.doctor_id.in_(bindparam("doctors", expanding=True))))
    .order_by(spreads.c.key)
)
