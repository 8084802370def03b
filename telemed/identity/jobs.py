"""What the clock does for sign-in: forget what nobody can use any more."""

from telemed.identity import invitations, service
from telemed.kit.clock import Clock
from telemed.kit.db import Database


def forget_expired(db: Database, clock: Clock) -> None:
    """Delete expired links, sessions, tokens, codes and invitations."""
    with db.transaction() as tx:
        service.forget_expired(tx, now=clock.now())
        invitations.forget_expired(tx, now=clock.now())
