"""What the clock does: forget reports and counts that are too old."""

from telemed.feedback import service
from telemed.kit.clock import Clock
from telemed.kit.db import Database


def forget_old(db: Database, clock: Clock) -> None:
    with db.transaction() as tx:
        service.forget_old(tx, now=clock.now())
