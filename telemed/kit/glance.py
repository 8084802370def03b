"""One reading statement at a time from async code, without a transaction, and without a thread where possible."""

import asyncio
from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import Engine

Row = tuple[Any, ...]


class Glance:
    """Looks up single rows for the event loop's thread: SQLite at once, from its page cache; PostgreSQL in a thread.

    A row comes as the driver gives it, without the column types; it is for text and bytes.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._texts: dict[Select[Any], tuple[str, tuple[str, ...] | None]] = {}
        self._connection: Any = None

    async def one(self, statement: Select[Any], **values: object) -> Row | None:
        """The first row of *statement*, or None. *values* fill its bindparams."""
        text, order = self._texts.get(statement) or self._compiled(statement)
        if order is None:
            return await asyncio.to_thread(self._in_thread, text, values)
        rows: list[Row] = self._raw().execute(text, [values[name] for name in order]).fetchall()
        return rows[0] if rows else None

    def _compiled(self, statement: Select[Any]) -> tuple[str, tuple[str, ...] | None]:
        compiled = statement.compile(dialect=self._engine.dialect)
        order = tuple(compiled.positiontup or ()) if compiled.positional else None
        self._texts[statement] = compiled.string, order
        return compiled.string, order

    def _raw(self) -> Any:
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        return self._connection

    def _in_thread(self, text: str, values: dict[str, object]) -> Row | None:
        with self._engine.connect() as tx:
            found = tx.exec_driver_sql(text, values).fetchone()
        return tuple(found) if found else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
