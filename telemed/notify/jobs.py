"""What the clock does for notices: spread what is due, wake the channels, have staff say what no channel delivered."""

from telemed.kit.clock import Clock
from telemed.kit.db import Database
from telemed.notify import calls, codes, delivery, service
from telemed.notify.carriers import Carriers


def tick(db: Database, carriers: Carriers, clock: Clock) -> None:
    """Each second. It writes only where something is due."""
    now = clock.now()
    with db.reading() as tx:
        is_due = service.has_due(tx, now=now)
    if is_due:
        with db.transaction() as tx:
            service.spread_due(tx, carriers.desk, now=now)
    carriers.wake()


def look_after(db: Database, carriers: Carriers, clock: Clock) -> None:
    """Each quarter of a minute: what waited too long on a channel is said by staff; what nobody needs any more ends."""
    now = clock.now()
    with db.transaction() as tx:
        delivery.escalate_silent(tx, carriers.desk, now=now)
        calls.end_over(tx, now=now)


def tell_delays(db: Database, carriers: Carriers, clock: Clock) -> None:
    """Each minute: visits come near enough to be told of a delay that was there before."""
    now = clock.now()
    with db.reading() as tx:
        near = service.on_the_way(tx, now=now)
    if near:
        with db.transaction() as tx:
            for one in near:
                service.tell_delay(tx, carriers.desk, one.id, now=now)


def forget_old(db: Database, clock: Clock) -> None:
    with db.transaction() as tx:
        service.forget_old(tx, now=clock.now())
        codes.forget_old(tx, now=clock.now())
