"""What the clock does: forget sheets that have run out."""

from telemed.aftercare import service
from telemed.kit.clock import Clock
from telemed.kit.db import Database


def forget_expired(db: Database, clock: Clock) -> None:
    with db.transaction() as tx:
        service.forget_expired(tx, now=clock.now())
