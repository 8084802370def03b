"""What the clock does for residents: forget mandates that ended long ago, and what programs did long ago."""

from telemed.kit.clock import Clock
from telemed.kit.db import Database
from telemed.people import mandates, service


def forget_old(db: Database, clock: Clock) -> None:
    with db.transaction() as tx:
        mandates.forget_old(tx, now=clock.now())
        service.forget_acts(tx, now=clock.now())
