"""A small centre with the Lobeda room, one doctor's morning, and whoever must be signed in, on a real port."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import orjson
from fastapi import FastAPI

from schemas.checks import CheckReport, CheckResult, Severity
from schemas.day import FactKind
from schemas.visit import PairRequest
from telemed import app as centres_app
from telemed.aftercare import pages as aftercare_pages
from telemed.booking import pages as booking_pages
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import Request
from telemed.booking.planner import What, Wish
from telemed.desk import pages as desk_pages
from telemed.desk.live import Live
from telemed.desk.practice import PracticeServers
from telemed.directory import service as directory
from telemed.directory.desk_phone import DeskPhone
from telemed.feedback import pages as feedback_pages
from telemed.identity import pages as identity_pages
from telemed.identity import service as identity
from telemed.identity.model import Actor, InvitationRevoked, MachinesChanged, Role
from telemed.identity.rights import SESSION_COOKIE
from telemed.identity.staff_model import StaffRevoked
from telemed.kit.clock import Clock, ExerciseClock
from telemed.kit.db import Database
from telemed.kit.ids import new_link_token
from telemed.kit.machine import MachineKey
from telemed.kit.outbox import Relay, Subscription
from telemed.kit.secrets import Secrets
from telemed.link.service import Lines
from telemed.notify import pages as notify_pages
from telemed.notify.carriers import Carriers
from telemed.notify.service import Desk
from telemed.operator import pages as operator_pages
from telemed.people.model import Need, Person, Way
from telemed.privacy import legal as privacy_pages
from telemed.signalling.hub import Hub
from telemed.signalling.reactions import send_out, shut_out_guest, shut_out_revoked, shut_out_staff
from telemed.visit import service as visit
from telemed.visit.model import FactKnown
from telemed.visit.reactions import give_back
from telemed.web.centre import Centre
from telemed.web.pages import FrameInfo, Pages
from tests.rosters import OPERATOR_KEY
from tests.seeding import seed
from tests.serving import served_beside

SEED = Path(__file__).parents[2] / "ops" / "seed" / "lobeda"
TUESDAY_9 = datetime(2026, 12, 1, 8, tzinfo=UTC)
"""9:00 on the wall."""
ROOM = "raum-1"
SERVICE = "allgemein-20-blutdruck"
NAMES = ("Erika Sommer", "Karl Winter", "Mia Herbst")


@dataclass
class World:
    """*visits* are one doctor's, in order."""

    centre: Centre
    visits: list[str] = field(default_factory=list)
    doctor: str = ""

    @property
    def now(self) -> datetime:
        return self.centre.clock.now()

    def book(
        self, name: str, *, doctor_id: str | None = None, needs: tuple[Need, ...] = (), language: str = "de"
    ) -> str:
        """Book the next free time; the visit's id."""
        with self.centre.db.transaction() as tx:
            known = directory.load(tx)
            wish = Wish(What(SERVICE, (doctor_id,) if doctor_id else ()), self.now, self.now + timedelta(hours=8))
            offer = booking.offers(tx, known, wish, now=self.now)[0]
            person = Person(name, 1948, Way.PAPER, language=language, needs=needs)
            request = Request(new_link_token(), offer, person)
            actor = Actor(Role.ANYONE)
            booked = booking.book(tx, self.centre.secrets, request, actor=actor, now=self.now)
        self.doctor = self.doctor or offer.doctor_id
        return booked.id

    def happen(self, visit_id: str, *kinds: FactKind) -> None:
        for kind in kinds:
            with self.centre.db.transaction() as tx:
                visit.record(tx, visit_id=visit_id, kind=kind, by="assistant", now=self.now)

    def session(self, role: Role, subject: str) -> str:
        """A session's token for somebody of the staff."""
        with self.centre.db.transaction() as tx:
            return identity.open_session(tx, Actor(role, subject), now=self.now)

    def cookie(self, role: Role, subject: str) -> dict[str, str]:
        return {"cookie": f"{SESSION_COOKIE}={self.session(role, subject)}"}

    def machine(self, folder: Path, kind: str = "agent", room_id: str = ROOM) -> tuple[MachineKey, str]:
        """A paired machine: its key and its id."""
        key = MachineKey.load_or_make(folder / f"{new_link_token()}.key")
        with self.centre.db.transaction() as tx:
            code = identity.new_pairing(tx, kind=kind, room_id=room_id, now=self.now)
            asked = PairRequest.model_validate({"code": code, "kind": kind, "public_key": key.public})
            paired = identity.pair(tx, asked, server=self.centre.server, now=self.now)
        return key, paired.machine_id

    def room_reports(self, *results: CheckResult) -> None:
        """The room is heard, and says this of itself; all well if nothing is given."""
        well = CheckResult(subject="line", code="ok", severity=Severity.OK, text_key="check.line.ok")
        lines = self.centre.the(Lines)
        lines.beat(ROOM, self.now)
        lines.checked(CheckReport(room_id=ROOM, at=self.now, simulated=True, results=results or (well,)))


@cache
def _lobeda() -> list[dict[str, Any]]:
    files = [orjson.loads(path.read_bytes()) for path in sorted(SEED.glob("*.json"))]
    return [resource for one in files for resource in [e["resource"] for e in one.get("entry", ())] or [one]]


def make_world(db: Database, *, visits: int = 2, clock: Clock | None = None, exercise: bool = True) -> World:
    """The world at 9:00 on a Tuesday with *visits* booked."""
    clock = clock or ExerciseClock(TUESDAY_9 - datetime.now(UTC))
    centre = Centre(
        db,
        clock,
        Secrets(b"k" * 32, b"p" * 32),
        "zentrum.localhost",
        "http://zentrum.localhost",
        exercise=exercise,
        operator_keys=(OPERATOR_KEY,),
    )
    with_pages = (booking_pages, identity_pages, desk_pages, notify_pages, operator_pages)
    folders = [each.TEMPLATES for each in (*with_pages, privacy_pages, feedback_pages, aftercare_pages)]
    frame = FrameInfo(True, exercise, lambda: clock.offset, "telemed", DeskPhone(db))
    hub = Hub()
    centre.live.update({Pages: Pages(*folders, frame=frame), Hub: hub, Lines: Lines(), Index: Index(db)})
    centre.live.update({PracticeServers: PracticeServers(), Live: Live(centre)})
    centre.live[Carriers] = Carriers(Desk(centre.secrets))
    told = [
        Subscription("signalling.over", FactKnown, send_out(hub)),
        Subscription("signalling.revoked", MachinesChanged, shut_out_revoked(hub)),
        Subscription("signalling.uninvited", InvitationRevoked, shut_out_guest(hub)),
        Subscription("signalling.staff", StaffRevoked, shut_out_staff(hub)),
        Subscription("visit.give_back", FactKnown, give_back(centre.secrets)),
    ]
    centre.live[Relay] = Relay(db, told, clock)
    with db.transaction() as tx:
        seed(tx, _lobeda(), now=clock.now())
    world = World(centre)
    for name in NAMES[:visits]:
        needs = (Need.HEARING,) if not world.visits else ()
        world.visits.append(world.book(name, doctor_id=world.doctor or None, needs=needs))
    return world


def make_app(centre: Centre) -> FastAPI:
    """The centre's own app, without what runs beside it."""
    return centres_app.make_app(centre, runs=False)


@contextlib.contextmanager
def running(world: World, *, host: str = "127.0.0.1") -> Iterator[str]:
    """The app on a real port, with its events delivered; ``host:port``."""
    relay = world.centre.the(Relay)
    relaying = threading.Thread(target=relay.run)
    relaying.start()
    try:
        with served_beside(make_app(world.centre), host=host, lifespan="off") as server:
            yield server.address.removeprefix("http://")
    finally:
        relay.stop()
        relaying.join(10)


@contextlib.contextmanager
def browsing(address: str, headers: dict[str, str] | None = None) -> Iterator[httpx.Client]:
    """A browser of this site that follows no redirect by itself."""
    own = {"origin": f"http://{address}", "sec-fetch-site": "same-origin", "accept": "text/html", **(headers or {})}
    with httpx.Client(base_url=f"http://{address}", headers=own, trust_env=False) as client:
        yield client
