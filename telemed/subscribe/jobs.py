"""What the clock does for subscriptions."""

from telemed.kit.clock import Clock
from telemed.kit.db import Database
from telemed.subscribe import service


def forget_old(db: Database, clock: Clock) -> None:
    """What happened long ago, and subscriptions that have ended."""
    with db.transaction() as tx:
        service.forget_old(tx, now=clock.now())
