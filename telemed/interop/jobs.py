"""What the clock does for programs: forget answers that nobody fetches any more."""

from telemed.interop import isik_later
from telemed.kit.clock import Clock
from telemed.kit.db import Database


def forget_answers(db: Database, clock: Clock) -> None:
    with db.transaction() as tx:
        isik_later.forget_old(tx, now=clock.now())
