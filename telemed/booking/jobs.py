"""What the clock does for booking: sweep holds that ran out, forget changes that everybody has read."""

from telemed.booking import holding, index, pending
from telemed.kit.clock import Clock
from telemed.kit.db import Database
from telemed.kit.secrets import Secrets


def expire(db: Database, secrets: Secrets, clock: Clock) -> int:
    """Free what was held and ran out, and keep it for the next who waits; how much that was."""
    now = clock.now()
    with db.transaction() as tx:
        return holding.expire(tx, secrets, now=now) + pending.expire(tx, secrets, now=now)


def forget_changes(db: Database, clock: Clock) -> None:
    """Delete old lines about whose time changed; other processes have read them."""
    with db.transaction() as tx:
        index.forget_changes(tx, now=clock.now())
