"""What the clock does for sign-in: forget what nobody can use any more."""

from telemed.identity import clients, granted, invitations, service
from telemed.kit.clock import Clock
from telemed.kit.db import Database


def forget_expired(db: Database, clock: Clock) -> None:
    """Delete expired links, sessions, tokens, assertions, codes, invitations, and which glass was broken a year ago."""
    with db.transaction() as tx:
        service.forget_expired(tx, now=clock.now())
        invitations.forget_expired(tx, now=clock.now())
        granted.forget_old(tx, now=clock.now())
        clients.forget_expired(tx, now=clock.now(), real=clock.now() - clock.offset)
