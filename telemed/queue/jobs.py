"""What the clock does for those who wait: time passes, and what was told of a start is not true any more."""

from telemed.kit.clock import Clock
from telemed.kit.db import Database
from telemed.queue import service

EVERY_S = 20


def look_again(db: Database, clock: Clock) -> None:
    """Each room that has visits today; every `EVERY_S` seconds."""
    with db.reading() as tx:
        rooms = service.rooms_today(tx, now=clock.now())
    for room_id in sorted(rooms):
        with db.transaction() as tx:
            service.reforecast(tx, [room_id], now=clock.now(), clock=clock)


def forget_old(db: Database, clock: Clock) -> None:
    with db.transaction() as tx:
        service.forget_old(tx, now=clock.now())
