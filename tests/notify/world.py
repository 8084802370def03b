"""A centre whose notices come to trays, and real servers on this machine for the channels: SMTP, a gateway, push."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from schemas.day import FactKind
from telemed.booking.model import BookingCancelled, BookingConfirmed, BookingMoved, CallWished, TimeOffered
from telemed.kit.db import Database
from telemed.kit.outbox import Relay, Subscription
from telemed.notify import jobs, reactions, store
from telemed.notify.carriers import Carrier, Carriers
from telemed.notify.channels import NotDelivered, Sender
from telemed.notify.delivery import Parcel
from telemed.notify.model import Channel, CodeAsked, Notice, Rules
from telemed.notify.service import Desk
from telemed.people.model import Person, Way
from telemed.queue import jobs as queue_jobs
from telemed.queue.model import LineMoved
from telemed.visit import service as visit
from telemed.visit.model import FactKnown
from tests.builders import SERVER, World, make_world

MAIL = Person("Erika Sommer", 1948, Way.EMAIL, "erika@example.org")
MOBILE = Person("Karl Winter", 1950, Way.PHONE, "0171 2345678")
LANDLINE = Person("Mia Herbst", 1944, Way.PHONE, "03641 498211")
PAPER = Person("Otto Lenz", 1939, Way.PAPER)
WAIT_S = 20.0


@dataclass
class Tray:
    """A channel that keeps what it gets; *fails* says what it does instead."""

    channel: Channel
    parcels: list[Parcel] = field(default_factory=list)
    fails: NotDelivered | None = None

    async def send(self, parcel: Parcel) -> tuple[str, ...]:
        if self.fails is not None:
            raise self.fails
        self.parcels.append(parcel)
        return ()

    @property
    def texts(self) -> list[str]:
        return [parcel.text for parcel in self.parcels]


@dataclass(frozen=True)
class Notices:
    """A world in which people are told."""

    world: World
    carriers: Carriers

    @property
    def desk(self) -> Desk:
        return self.carriers.desk

    @property
    def db(self) -> Database:
        return self.world.db

    def go_on(self) -> None:
        """Deliver events, spread what is due, and send it."""
        self.world.centre.the(Relay).deliver()
        jobs.tick(self.db, self.carriers, self.world.clock)
        for one in self.carriers.each:
            one.carry()

    def happen(self, visit_id: str, *kinds: FactKind) -> None:
        for kind in kinds:
            with self.db.transaction() as tx:
                visit.record(tx, visit_id=visit_id, kind=kind, by="assistant", now=self.world.now)

    def look_after(self) -> None:
        jobs.look_after(self.db, self.carriers, self.world.clock)

    def tell_delays(self) -> None:
        queue_jobs.look_again(self.db, self.world.clock)
        jobs.tell_delays(self.db, self.carriers, self.world.clock)

    def calls(self) -> list[Notice]:
        with self.db.reading() as tx:
            return store.open_calls(tx, now=self.world.now)

    def give(self, *told: Notice) -> None:
        """Put notices on their channels at once."""
        with self.db.transaction() as tx:
            store.add(tx, told)


def make_notices(database: Database, *senders: Sender, rooms: int = 1, rules: Rules | None = None) -> Notices:
    """A small quarter whose events reach the notices, with these channels."""
    world = make_world(database, rooms=rooms)
    there = frozenset({Channel.CALL, *(one.channel for one in senders)})
    desk = Desk(world.secrets, rules or Rules(), there, SERVER)
    each = tuple(Carrier(database, world.clock, desk, one, world.centre.public_url) for one in senders)
    carriers = Carriers(desk, each)
    world.centre.live[Carriers] = carriers
    subscriptions = (
        Subscription("booked", BookingConfirmed, reactions.tell_booked),
        Subscription("moved", BookingMoved, reactions.tell_moved),
        Subscription("cancelled", BookingCancelled, reactions.tell_cancelled),
        Subscription("offered", TimeOffered, reactions.tell_offered),
        Subscription("wished", CallWished, reactions.tell_call_wished),
        Subscription("code", CodeAsked, reactions.send_code(desk)),
        Subscription("fact", FactKnown, reactions.tell_fact),
        Subscription("delay", LineMoved, reactions.tell_those_waiting(desk)),
    )
    world.centre.live[Relay] = Relay(database, subscriptions, world.clock)
    return Notices(world, carriers)


def parcel(**changes: Any) -> Parcel:
    """Something to send."""
    made = Parcel(
        id="01a2162c-7c1b-755c-9ce6-37e5d3eb2513",
        to="erika@example.org",
        title="Ihr Termin",
        text="Bitte kommen Sie jetzt: Raum 1. https://centre.test/n/abc",
        link="https://centre.test/n/abc",
        footer="Bitte antworten Sie nicht.",
        urgent=True,
    )
    return replace(made, **changes)


@dataclass
class MailTray:
    """What an SMTP server got. *holds*: not set, it lets RCPT wait; *refuses*: what it says to RCPT."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refuses: str = ""
    holds: asyncio.Event = field(default_factory=asyncio.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    release: Callable[[], None] = lambda: None

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.asked.set()
        await self.holds.wait()
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@contextmanager
def smtp_server(*, holding: bool = False) -> Iterator[MailTray]:
    """A real SMTP server in a thread of its own. *holding*: until `MailTray.release`."""
    loop, tray, up = asyncio.new_event_loop(), MailTray(), threading.Event()

    async def serve() -> None:
        server = await loop.create_server(lambda: SMTP(tray, loop=loop), "127.0.0.1", 0)
        tray.port = server.sockets[0].getsockname()[1]
        up.set()
        await asyncio.to_thread(over.wait)
        server.close()

    def release() -> None:
        loop.call_soon_threadsafe(tray.holds.set)

    over = threading.Event()
    tray.release = release
    if not holding:
        tray.holds.set()
    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    assert up.wait(WAIT_S)
    try:
        yield tray
    finally:
        release()
        over.set()
        thread.join(WAIT_S)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@dataclass
class Asked:
    """One request that an HTTP server got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Gateway:
    """What an HTTP server got. It answers *status*, hangs before that, or trickles, as long as *held* is not set."""

    url: str = ""
    status: int = 202
    mode: str = "answers"
    asked: list[Asked] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    held: threading.Event = field(default_factory=threading.Event)


@contextmanager
def gateway() -> Iterator[Gateway]:
    state = Gateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.asked.append(Asked(self.path, {name.lower(): text for name, text in self.headers.items()}, body))
            state.came.set()
            with contextlib.suppress(OSError):  # whoever asked has gone
                self._answer()

        def _answer(self) -> None:
            if state.mode == "hangs":
                state.held.wait(WAIT_S)
            elif state.mode == "trickles":
                for byte in b"HTTP/1.1 200 ":
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    if state.held.wait(0.05):
                        break
                while not state.held.wait(0.05):
                    self.wfile.write(b"O")
                    self.wfile.flush()
            self.send_response(state.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.held.set()
        server.shutdown()
        thread.join(WAIT_S)
        server.server_close()


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
