"""A directory for a test: each is taken once in a process, and its rows are laid into the next database as they are.

To validate forty resources and keep them one by one took longer than most tests do.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Table, insert, select

from telemed.directory import service as directory
from telemed.directory.model import DirectoryChanged
from telemed.kit.db import Tx, metadata, tell

Rows = list[dict[str, Any]]

_kept: dict[bytes, tuple[datetime, list[tuple[Table, Rows]]]] = {}
"""By the resources: when they were taken, and the rows that came of it."""


def seed(tx: Tx, resources: Iterable[Mapping[str, Any]], *, now: datetime) -> None:
    """Keep all *resources*, as `directory.take` does one by one."""
    every = list(resources)
    key = orjson.dumps(every)
    tables = [table for table in metadata.sorted_tables if table.name.startswith("directory_")]
    if any(tx.execute(select(table).limit(1)).first() for table in tables):
        _take(tx, every, now)
    elif key in _kept:
        _lay(tx, key, now)
    else:
        _take(tx, every, now)
        found = [(table, [dict(row._mapping) for row in tx.execute(select(table))]) for table in tables]
        _kept[key] = now, found


def _take(tx: Tx, resources: list[Mapping[str, Any]], now: datetime) -> None:
    for resource in resources:
        directory.take(tx, resource, now=now)


def _lay(tx: Tx, key: bytes, now: datetime) -> None:
    before, found = _kept[key]
    for table, rows in found:
        if rows:
            tx.execute(insert(table), [{k: now if v == before else v for k, v in row.items()} for row in rows])
    tell(tx, DirectoryChanged())
