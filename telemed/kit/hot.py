"""Statements at the driver, for the few places where SQLAlchemy would cost more than the database does."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DBAPIError

from telemed.kit.db import Tx, utc_text

_NAMED = re.compile(r"(?<!:):([a-z_]+)")


class Hot:
    """One statement with ``:name`` parameters; *postgresql* where that database says it otherwise.

    Values are bound, never pasted in. A list is one parameter: JSON on SQLite, an array on PostgreSQL.
    """

    def __init__(self, sqlite: str, postgresql: str = "") -> None:
        self._sqlite = sqlite
        self._postgresql = _NAMED.sub(r"%(\1)s", postgresql or sqlite)

    def run(self, tx: Tx, **values: object) -> Any:
        """The driver's cursor, after the statement ran in *tx*; moments are bound as `Utc` columns keep them.

        Raises:
            DBAPIError: as SQLAlchemy's own statements do, without the values.
        """
        if tx.dialect.name != "sqlite":
            return at_driver(tx, self._postgresql, values)
        kept = {name: utc_text(v) if isinstance(v, datetime) else v for name, v in values.items()}
        return at_driver(tx, self._sqlite, kept)


def at_driver(tx: Tx, statement: str, values: object) -> Any:
    """The driver's cursor, after *statement* ran in *tx*; both as this driver wants them.

    Raises:
        DBAPIError: as SQLAlchemy's own statements do, without the values.
    """
    raw: Any = tx.connection.driver_connection
    try:
        return raw.execute(statement, values)
    except tx.dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(
            statement, None, error, tx.dialect.loaded_dbapi.Error, hide_parameters=True, dialect=tx.dialect
        ) from error
