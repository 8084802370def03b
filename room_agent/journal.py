"""What this room knows and did, safe through a power cut. Nothing personal, no measured values (DESIGN D5, D7).

A write returns only when it is on disk. Plan, pairing and facts lie there sealed to this machine. The list of a day is
erased when the day is over, its facts too; a fact that the centre has not taken yet stays until it has.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2

from room_agent import sealing
from room_agent.sealing import Seal, Unreadable
from schemas.channels import HelpUp, RefusedUp
from schemas.day import DayPlan, Fact
from schemas.trust import SignedRoster
from schemas.visit import Paired
from telemed.kit.logs import logger

log = logger("journal")

VERSION = 2
_TABLES = (
    "CREATE TABLE seal (only INTEGER PRIMARY KEY CHECK (only = 1), sealed BLOB NOT NULL)",
    "CREATE TABLE pairing (only INTEGER PRIMARY KEY CHECK (only = 1), sealed BLOB NOT NULL)",
    "CREATE TABLE plan (only INTEGER PRIMARY KEY CHECK (only = 1), sealed BLOB NOT NULL)",
    "CREATE TABLE fact (fact_id TEXT PRIMARY KEY, day TEXT NOT NULL, own INTEGER NOT NULL, taken INTEGER NOT NULL,"
    " sealed BLOB NOT NULL)",
)
_LATER_TABLES = (
    "CREATE TABLE IF NOT EXISTS roster (only INTEGER PRIMARY KEY CHECK (only = 1), sealed BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS refusal (refused_id TEXT PRIMARY KEY, sealed BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS help (said_id TEXT PRIMARY KEY, sealed BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS telling (only INTEGER PRIMARY KEY CHECK (only = 1), sealed BLOB NOT NULL)",
)
"""Added to version 2; an older program leaves them alone."""
_OPEN_TABLES = {"pairing": "paired", "plan": "plan", "fact": "fact"}
"""Of version 1, and the column that lay open."""
_OVER = "DELETE FROM fact WHERE day < ? AND taken = 1"
_OURS = b"telemed room journal"


class Journal:
    """The room's memory: one file, one connection, opened by one process. Without *seal* its key lies beside it."""

    def __init__(self, path: Path, seal: Seal | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.seal = seal or sealing.in_file(path.parent)
        self._db: Any = dbapi2.connect(str(path), isolation_level=None)
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=TRUNCATE", "synchronous=FULL", "secure_delete=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        with self._writing():
            self._bring_up()
            for table in _LATER_TABLES:
                self._db.execute(table)

    def _bring_up(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == VERSION and self._is_ours():
            return
        open_rows = self._open_rows() if version < VERSION else {}
        tables = self._db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        for (table,) in tables:
            self._db.execute(f"DROP TABLE {table}")
        for table in _TABLES:
            self._db.execute(table)
        self._db.execute("INSERT INTO seal VALUES (1, ?)", (self.seal.close(_OURS, "seal"),))
        self._db.execute(f"PRAGMA user_version={VERSION}")
        self._seal_rows(open_rows)

    def _is_ours(self) -> bool:
        """Whether this seal closed it. What another machine sealed cannot be read here, and is begun anew."""
        row = self._db.execute("SELECT sealed FROM seal").fetchone()
        try:
            return row is not None and self.seal.open(row[0], "seal") == _OURS
        except Unreadable:
            log.error("journal_of_another_machine")
            return False

    def _open_rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """What version 1 kept without a seal."""
        names = {row[0] for row in self._db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        return {table: self._db.execute(f"SELECT * FROM {table}").fetchall() for table in names & set(_OPEN_TABLES)}

    def _seal_rows(self, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        for table in ("pairing", "plan"):
            for _, text in rows.get(table, ()):
                self._keep_only(table, text)
        for fact_id, day, own, taken, text in rows.get("fact", ()):
            sealed = self.seal.close(text.encode(), f"fact {fact_id}")
            self._db.execute("INSERT INTO fact VALUES (?, ?, ?, ?, ?)", (fact_id, day, own, taken, sealed))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _keep_only(self, table: str, text: str) -> None:
        self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES (1, ?)", (self.seal.close(text.encode(), table),))

    def _only(self, table: str) -> bytes | None:
        row = self._db.execute(f"SELECT sealed FROM {table}").fetchone()
        return self.seal.open(row[0], table) if row else None

    def pairing(self) -> Paired | None:
        """Who this machine is and which centre it belongs to."""
        text = self._only("pairing")
        return Paired.model_validate_json(text) if text else None

    def keep_pairing(self, paired: Paired) -> None:
        """Begin a new life: what an earlier centre said counts no more."""
        with self._writing():
            for table in ("pairing", "plan", "fact", "refusal", "telling"):
                self._db.execute(f"DELETE FROM {table}")
            self._keep_only("pairing", paired.model_dump_json())

    def plan(self) -> DayPlan | None:
        text = self._only("plan")
        return DayPlan.model_validate_json(text) if text else None

    def keep_plan(self, plan: DayPlan) -> bool:
        """Replace an older plan; False when *plan* is not newer."""
        known = self.plan()
        if known is not None and plan.seq <= known.seq:
            return False
        with self._writing():
            self._keep_only("plan", plan.model_dump_json())
            self._db.execute(_OVER, (plan.day.isoformat(),))
        return True

    def erase_before(self, today: date) -> None:
        """Forget the list of a day that is over, and what happened in it as far as the centre has it.

        Who may come in stays (kiosk, monitors): the room must be the same tomorrow, also without the line.
        """
        plan = self.plan()
        with self._writing():
            if plan is not None and plan.day < today:
                self._keep_only("plan", without_visits(plan).model_dump_json())
                self._db.execute("DELETE FROM telling")
            self._db.execute(_OVER, (today.isoformat(),))

    def facts(self) -> tuple[Fact, ...]:
        """All facts, own and heard, in the order in which they became known here."""
        return self._read("SELECT fact_id, sealed FROM fact ORDER BY rowid")

    def untaken(self) -> tuple[Fact, ...]:
        """Own facts that the centre has not taken."""
        return self._read("SELECT fact_id, sealed FROM fact WHERE taken = 0 ORDER BY rowid")

    def _read(self, query: str) -> tuple[Fact, ...]:
        rows = self._db.execute(query).fetchall()
        return tuple(Fact.model_validate_json(self.seal.open(sealed, f"fact {each}")) for each, sealed in rows)

    def record(self, fact: Fact, day: date) -> None:
        """Keep what happened here."""
        self._add((fact,), day, own=True)

    def hear(self, facts: Iterable[Fact], day: date) -> None:
        """Keep what the centre says has happened; a known fact stays as it is."""
        self._add(facts, day, own=False)

    def _add(self, facts: Iterable[Fact], day: date, *, own: bool) -> None:
        rows = [(fact.fact_id, day.isoformat(), own, not own, self._sealed(fact)) for fact in facts]
        with self._writing():
            self._db.executemany("INSERT OR IGNORE INTO fact VALUES (?, ?, ?, ?, ?)", rows)

    def _sealed(self, fact: Fact) -> bytes:
        return self.seal.close(fact.model_dump_json().encode(), f"fact {fact.fact_id}")

    def taken(self, fact_ids: Iterable[str]) -> None:
        """The centre has these; facts of an earlier day have no more business here."""
        plan = self.plan()
        with self._writing():
            named = [(each,) for each in fact_ids]
            self._db.executemany("UPDATE fact SET taken = 1 WHERE fact_id = ?", named)
            self._db.executemany("DELETE FROM refusal WHERE refused_id = ?", named)
            self._db.executemany("DELETE FROM help WHERE said_id = ?", named)
            if plan is not None:
                self._db.execute(_OVER, (plan.day.isoformat(),))

    def roster(self) -> SignedRoster | None:
        """The newest that was good; it outlives a day, and a new pairing."""
        text = self._only("roster")
        return SignedRoster.model_validate_json(text) if text else None

    def keep_roster(self, signed: SignedRoster) -> None:
        with self._writing():
            self._keep_only("roster", signed.model_dump_json())

    def refusals(self) -> tuple[RefusedUp, ...]:
        """Who was not trusted here, until the centre has it for its audit."""
        rows = self._db.execute("SELECT refused_id, sealed FROM refusal ORDER BY rowid").fetchall()
        return tuple(RefusedUp.model_validate_json(self.seal.open(sealed, f"refusal {each}")) for each, sealed in rows)

    def keep_refusal(self, refused: RefusedUp) -> None:
        sealed = self.seal.close(refused.model_dump_json().encode(), f"refusal {refused.refused_id}")
        with self._writing():
            self._db.execute("INSERT INTO refusal VALUES (?, ?)", (refused.refused_id, sealed))

    def helps(self) -> tuple[HelpUp, ...]:
        """What was said of calls for help, until the centre has it."""
        rows = self._db.execute("SELECT said_id, sealed FROM help ORDER BY rowid").fetchall()
        return tuple(HelpUp.model_validate_json(self.seal.open(sealed, f"help {each}")) for each, sealed in rows)

    def keep_help(self, said: HelpUp) -> None:
        sealed = self.seal.close(said.model_dump_json().encode(), f"help {said.said_id}")
        with self._writing():
            self._db.execute("INSERT INTO help VALUES (?, ?)", (said.said_id, sealed))

    def telling(self) -> str | None:
        """What the board has told so far of the starts of the day."""
        text = self._only("telling")
        return text.decode() if text else None

    def keep_telling(self, text: str) -> None:
        with self._writing():
            self._keep_only("telling", text)

    def close(self) -> None:
        self._db.close()


def without_visits(plan: DayPlan) -> DayPlan:
    """What is left of a plan when its day is over: the room, and who may come in."""
    return plan.model_copy(update={"visits": (), "assistant_code": "", "words": (), "elsewhere": ()})
