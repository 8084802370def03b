"""What the clock does for those who wait: time passes, and what was told of a start is not true any more."""

from telemed.kit.clock import Clock
from telemed.kit.db import Database
from telemed.queue import learning, service

EVERY_S = 20


def look_again(db: Database, clock: Clock) -> None:
    """Each room that has visits today; every `EVERY_S` seconds. While it is worked out others may write."""
    with db.reading() as tx:
        rooms = service.rooms_today(tx, now=clock.now())
    for room_id in sorted(rooms):
        with db.reading() as tx:
            moved = service.moved(tx, [room_id], now=clock.now(), clock=clock)
        if moved:
            with db.transaction() as tx:
                service.tell(tx, moved, now=clock.now())


def forget_old(db: Database, clock: Clock) -> None:
    with db.transaction() as tx:
        service.forget_old(tx, now=clock.now())


def learn(db: Database, clock: Clock) -> int:
    """Learn the days that are over, one after the other; how many days that were. At each start, and every hour."""
    days = 0
    while True:
        now = clock.now()
        with db.reading() as tx:
            lesson = learning.next_lesson(tx, now=now, clock=clock)
        if lesson is None:
            return days
        tally = learning.learn(lesson, now=now)
        with db.transaction() as tx:
            if not learning.keep(tx, lesson, tally, now=now):
                return days
        days += 1
