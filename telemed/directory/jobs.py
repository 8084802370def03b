"""What the scheduler calls for the directory."""

from telemed.directory import shelf
from telemed.kit.clock import Clock
from telemed.kit.db import Database


def forget_old(db: Database, clock: Clock) -> None:
    """Versions that were replaced long ago."""
    with db.transaction() as tx:
        shelf.forget_old(tx, now=clock.now())
