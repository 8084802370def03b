"""What the clock does for calls for help: it passes them on while nobody answers, and forgets old ones."""

from telemed.help import service
from telemed.kit.clock import Clock
from telemed.kit.db import Database

EVERY_S = 1


def look_after(db: Database, clock: Clock) -> None:
    """Nothing is written while nothing is due."""
    with db.reading() as tx:
        due = service.needs_looking_after(tx, now=clock.now())
    if due:
        with db.transaction() as tx:
            service.look_after(tx, now=clock.now())


def forget_old(db: Database, clock: Clock) -> None:
    with db.transaction() as tx:
        service.forget_old(tx, now=clock.now())
