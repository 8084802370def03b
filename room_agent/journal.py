"""What this room knows and did, safe through a power cut. Nothing personal, no measured values (DESIGN D5, D7).

A write returns only when it is on disk. Yesterday's facts are erased with the first plan of a new day; a fact that
the centre has not taken yet stays until it has.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2

from schemas.day import DayPlan, Fact
from schemas.visit import Paired

_TABLES = """
CREATE TABLE IF NOT EXISTS pairing (only INTEGER PRIMARY KEY CHECK (only = 1), paired TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS plan (only INTEGER PRIMARY KEY CHECK (only = 1), plan TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fact (
    fact_id TEXT PRIMARY KEY, day TEXT NOT NULL, own INTEGER NOT NULL, taken INTEGER NOT NULL, fact TEXT NOT NULL);
"""
_OVER = "DELETE FROM fact WHERE day < ? AND taken = 1"


class Journal:
    """The room's memory: one file, one connection, opened by one process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db: Any = dbapi2.connect(str(path), isolation_level=None)
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=TRUNCATE", "synchronous=FULL", "secure_delete=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_TABLES)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def pairing(self) -> Paired | None:
        """Who this machine is and which centre it belongs to."""
        row = self._db.execute("SELECT paired FROM pairing").fetchone()
        return Paired.model_validate_json(row[0]) if row else None

    def keep_pairing(self, paired: Paired) -> None:
        """Begin a new life: what an earlier centre said counts no more."""
        with self._writing():
            for table in ("pairing", "plan", "fact"):
                self._db.execute(f"DELETE FROM {table}")
            self._db.execute("INSERT INTO pairing VALUES (1, ?)", (paired.model_dump_json(),))

    def plan(self) -> DayPlan | None:
        row = self._db.execute("SELECT plan FROM plan").fetchone()
        return DayPlan.model_validate_json(row[0]) if row else None

    def keep_plan(self, plan: DayPlan) -> bool:
        """Replace an older plan; False when *plan* is not newer."""
        known = self.plan()
        if known is not None and plan.seq <= known.seq:
            return False
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO plan VALUES (1, ?)", (plan.model_dump_json(),))
            self._db.execute(_OVER, (plan.day.isoformat(),))
        return True

    def facts(self) -> tuple[Fact, ...]:
        """All facts, own and heard, in the order in which they became known here."""
        return self._read("SELECT fact FROM fact ORDER BY rowid")

    def untaken(self) -> tuple[Fact, ...]:
        """Own facts that the centre has not taken."""
        return self._read("SELECT fact FROM fact WHERE taken = 0 ORDER BY rowid")

    def _read(self, query: str) -> tuple[Fact, ...]:
        return tuple(Fact.model_validate_json(row[0]) for row in self._db.execute(query))

    def record(self, fact: Fact, day: date) -> None:
        """Keep what happened here."""
        self._add((fact,), day, own=True)

    def hear(self, facts: Iterable[Fact], day: date) -> None:
        """Keep what the centre says has happened; a known fact stays as it is."""
        self._add(facts, day, own=False)

    def _add(self, facts: Iterable[Fact], day: date, *, own: bool) -> None:
        rows = [(fact.fact_id, day.isoformat(), own, not own, fact.model_dump_json()) for fact in facts]
        with self._writing():
            self._db.executemany("INSERT OR IGNORE INTO fact VALUES (?, ?, ?, ?, ?)", rows)

    def taken(self, fact_ids: Iterable[str]) -> None:
        """The centre has these; facts of an earlier day have no more business here."""
        plan = self.plan()
        with self._writing():
            self._db.executemany("UPDATE fact SET taken = 1 WHERE fact_id = ?", [(each,) for each in fact_ids])
            if plan is not None:
                self._db.execute(_OVER, (plan.day.isoformat(),))

    def close(self) -> None:
        self._db.close()
