"""The number to call for help, as every page for people says it."""

import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from telemed.directory import service
from telemed.kit.db import Database

REMEMBERED_S = 10.0


class DeskPhone:
    """Of the first room that has one; empty where nobody can be called. The directory is asked now and then only."""

    def __init__(self, db: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._monotonic = monotonic
        self._known, self._until = "", 0.0

    def __call__(self) -> str:
        """A page says the number also while the database does not answer: then above all."""
        if self._monotonic() >= self._until:
            with suppress(SQLAlchemyError):
                self._known = self._read()
            self._until = self._monotonic() + REMEMBERED_S
        return self._known

    def _read(self) -> str:
        with self._db.reading() as tx:
            rooms = service.load(tx).rooms.values()
        return next((room.phone for room in rooms if room.phone), "")
