"""A centre in a process of its own for row 5: one room's morning, and sessions of those who wait.

Prints one line of JSON: the port, the sessions of those who wait behind the first one, her visit, and her doctor's
session. When the doctor notes that the first one has not come, or has come after all, every other page changes. Then,
for each line that it reads, it prints when the transactions since the last one were on disk that made an event true, in
seconds (CLOCK_MONOTONIC).
"""

import json
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import uvicorn

from ops.programs import SEED, free_port
from schemas.day import FactKind, Learnt, Spread
from telemed import migrations, wiring
from telemed.app import make_app
from telemed.booking import service as booking
from telemed.booking.model import Request
from telemed.booking.planner import What, Wish
from telemed.desk import stream
from telemed.desk.live import Live
from telemed.directory import service as directory
from telemed.identity import service as identity
from telemed.identity.model import Actor, Role
from telemed.identity.rights import SESSION_COOKIE
from telemed.interop import service as interop
from telemed.kit import pace
from telemed.kit.clock import real_now
from telemed.kit.db import Database
from telemed.kit.ids import new_link_token
from telemed.kit.outbox import Event
from telemed.people.model import Person, Way
from telemed.queue import learnt_store
from telemed.visit import service as visit
from telemed.web.centre import Centre
from telemed.web.stream import Beside

SERVICE = "allgemein-20-blutdruck"
VISITS = 14
AT_ONCE = 10_000
"""Pages of one appointment: a room's day has fewer appointments than we want pages."""


def main(folder: Path) -> None:
    """Serve until the end of the process."""
    settings = wiring.Settings(state_dir=folder, port=free_port(0), exercise=True)
    wiring.make_secrets(folder)
    db = Database(settings.url)
    migrations.upgrade(db)
    interop.seed(db, SEED, now=real_now())
    centre = wiring.build(settings, db)
    centre.live[Live] = Live(centre, at_once=AT_ONCE)
    _has_learnt(centre)
    (first, *others), doctor = _book(centre)
    for one in (first, *others):
        _happens(centre, one, FactKind.ARRIVED)
    cookies = [_session(centre, Actor(Role.RESIDENT, one)) for one in others]
    doctors = _session(centre, Actor(Role.DOCTOR, doctor))
    told = {"port": settings.port, "cookies": cookies, "doctor": doctors, "first": first}
    print(json.dumps(told), flush=True)
    threading.Thread(target=_say_when, args=[db], daemon=True).start()
    pace.settle()
    uvicorn.run(
        Beside(make_app(centre), {stream.PATH: stream.STREAM}),
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=8192,
    )


def _book(centre: Centre) -> tuple[list[str], str]:
    """One doctor's visits of the morning, first to last."""
    made: list[str] = []
    doctors: tuple[str, ...] = ()
    for _ in range(VISITS):
        now = centre.clock.now()
        with centre.db.transaction() as tx:
            wish = Wish(What(SERVICE, doctors), now, now + timedelta(hours=9))
            offer = booking.offers(tx, directory.load(tx), wish, now=now)[0]
            asked = Request(new_link_token(), offer, Person("Erika Sommer", 1948, Way.PAPER))
            made.append(booking.book(tx, centre.secrets, asked, actor=Actor(Role.ANYONE), now=now).id)
        doctors = (offer.doctor_id,)
    return made, doctors[0]


def _say_when(db: Database) -> None:
    made: list[float] = []
    db.hear(Event, lambda _: made.append(time.monotonic()))
    for _ in sys.stdin:
        print(json.dumps(made), flush=True)
        made.clear()


def _has_learnt(centre: Centre) -> None:
    """Something was learnt of earlier days: so the day is played as it is in a centre that has run for a while."""
    now = centre.clock.now()
    some = Learnt(as_of=now, days=1, spreads=(Spread(key="no-show", values=(0.1,), count=10),))
    with centre.db.transaction() as tx:
        learnt_store.keep(tx, now.date() - timedelta(days=1), "{}", some, now=now)


def _happens(centre: Centre, visit_id: str, kind: FactKind) -> None:
    with centre.db.transaction() as tx:
        visit.record(tx, visit_id=visit_id, kind=kind, by="assistant", now=centre.clock.now())


def _session(centre: Centre, actor: Actor) -> str:
    with centre.db.transaction() as tx:
        return f"{SESSION_COOKIE}={identity.open_session(tx, actor, now=centre.clock.now())}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
