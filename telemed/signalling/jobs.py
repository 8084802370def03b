"""What the clock does for the calls: forget what was refused long ago."""

from telemed.kit.clock import Clock
from telemed.kit.db import Database
from telemed.signalling import service


def forget_refused(db: Database, clock: Clock) -> None:
    with db.transaction() as tx:
        service.forget_old(tx, now=clock.now())
