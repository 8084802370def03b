"""What the clock does for sign-in: forget what nobody can use any more."""

from telemed.identity import service
from telemed.web.centre import Centre


def forget_expired(centre: Centre) -> None:
    """Delete expired links, sessions, tokens and codes."""
    with centre.db.transaction() as tx:
        service.forget_expired(tx, now=centre.clock.now())
