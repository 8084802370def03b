"""A centre with subscriptions, programs at its FHIR interface, and servers of programs that hear (or do not)."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from telemed.booking import service as booking
from telemed.booking.model import BookingCancelled, BookingConfirmed, BookingMoved, BookingReplanned
from telemed.directory.model import ResourceKept
from telemed.fhir.validate import validate
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor, Role
from telemed.interop.topics import DELAY, ISIK, Deed
from telemed.kit.clock import RealClock
from telemed.kit.db import Database
from telemed.kit.outbox import Relay, Subscription
from telemed.kit.outside import Inside
from telemed.queue.model import LineMoved
from telemed.subscribe import fhir, reactions
from telemed.subscribe.courier import Courier
from tests.builders import World, make_world
from tests.interop.program import app_of, auditing, bearer, token_of

UPDATED, CANCELLED = f"{ISIK}appointment-update", f"{ISIK}appointment-cancel"
ANY_APPOINTMENT = f"{ISIK}Resource/Appointment"
GENERIC = f"{ISIK}generic"
WAIT_S = 30.0
HERE = Inside.of("", "localhost,127.0.0.0/8,own.example,evil.example,hangs.example")
"""Where the receivers of the tests hear."""
LONG = 36_500
"""Days of a token: the courier goes by the clock on the wall, the world by its own."""

HEARD = (
    Subscription("subscribe.booked", BookingConfirmed, reactions.hear_booked),
    Subscription("subscribe.cancelled", BookingCancelled, reactions.hear(Deed.CANCELLED)),
    Subscription("subscribe.replanned", BookingReplanned, reactions.hear_replanned),
    Subscription("subscribe.moved", BookingMoved, reactions.hear_moved),
    Subscription("subscribe.delay", LineMoved, reactions.hear_delay),
    Subscription("subscribe.directory", ResourceKept, reactions.hear_directory),
)
"""As `telemed.subscriptions` has them, as far as these tests make it happen."""
__all__ = ["ANY_APPOINTMENT", "CANCELLED", "DELAY", "GENERIC", "UPDATED"]


def until(is_so: Callable[[], object], within_s: float = WAIT_S) -> None:
    """Wait for a condition."""
    end, resting = time.monotonic() + within_s, threading.Event()
    while not is_so():
        assert time.monotonic() < end, "it did not come to pass"
        resting.wait(0.01)


@dataclass
class Ear:
    """A program's server. *answers*: the status of each answer; *hangs*: it takes what is sent and never answers."""

    url: str = ""
    status: int = 200
    hangs: bool = False
    drops_every: int = 0
    """Each so many-th is taken and yet answered with a 500: it comes again."""
    heard: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    callers: list[int] = field(default_factory=list)
    """The port of each that spoke: who opens a connection anew has another one."""
    release: threading.Event = field(default_factory=threading.Event)

    def kinds(self) -> list[str]:
        return [_said(one, "type") for one in self.heard]

    def numbers(self) -> list[int]:
        """Of the events, in the order in which they came."""
        return [
            int(part["valueString"])
            for one in self.heard
            for parameter in one["entry"][0]["resource"]["parameter"]
            if parameter["name"] == "notification-event"
            for part in parameter["part"]
            if part["name"] == "event-number"
        ]

    def foci(self) -> list[str]:
        return [entry["fullUrl"].partition("/fhir/")[2] for one in self.heard for entry in one["entry"][1:]]


def _said(notification: dict[str, Any], name: str) -> str:
    found = next(one for one in notification["entry"][0]["resource"]["parameter"] if one["name"] == name)
    return str(found["valueCode"])


@contextmanager
def listening() -> Iterator[Ear]:
    """A real server on a port of its own."""
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # it would keep the connection for the next one

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            ear.heard.append(json.loads(validate(body).content))
            ear.callers.append(self.client_address[1])
            ear.headers.append({name.lower(): value for name, value in self.headers.items()})
            if ear.hangs:
                ear.release.wait(WAIT_S)
            lost = ear.drops_every and len(ear.heard) % ear.drops_every == 0
            self.send_response(500 if lost else ear.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the tests' screen."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        ear.url = f"http://127.0.0.1:{server.server_port}/hear?key=1"
        running = threading.Thread(target=server.serve_forever)
        running.start()
        try:
            yield ear
        finally:
            ear.release.set()
            server.shutdown()
            running.join()


class Program:
    """Signed in, working for one doctor or for all."""

    def __init__(
        self, world: World, name: str = "practice", *, works_for: str = EVERYONE, inside: Inside = HERE
    ) -> None:
        self.world, self.name = world, name
        world.centre.live[Courier] = Courier(world.db, RealClock(), world.centre.secrets, "https://c/fhir", inside)
        headers = bearer(token_of(world, name, works_for, days=LONG))
        self._http = TestClient(app_of(world), headers=headers, raise_server_exceptions=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        more: dict[str, Any] = {} if body is None else {"json": body}
        with auditing(self.world):
            answer: Response = self._http.request(method, f"/fhir/{path}", headers=named, **more)
        if answer.content:
            assert validate(answer.content)
        return answer

    def subscribe(self, to: str, url: str, **channel: Any) -> dict[str, Any]:
        answer = self.send("POST", "Subscription", wish(to, url, **channel))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def state(self, subscription_id: str) -> str:
        return str(self.send("GET", f"Subscription/{subscription_id}").json()["status"])


def wish(
    to: str,
    url: str,
    *,
    filters: tuple[str, ...] = (),
    beat_s: int | None = None,
    timeout_s: int | None = None,
    **channel: Any,
) -> dict[str, Any]:
    """A Subscription; a *channel* member of None takes it away."""
    extension = [
        {"url": url, "valueUnsignedInt": value}
        for url, value in ((fhir.HEARTBEAT, beat_s), (fhir.TIMEOUT, timeout_s))
        if value is not None
    ]
    made = {
        **({"extension": extension} if extension else {}),
        "type": "rest-hook",
        "endpoint": url,
        "payload": "application/fhir+json",
        "_payload": {"extension": [{"url": fhir.CONTENT, "valueCode": "id-only"}]},
        **channel,
    }
    narrowed = [{"url": fhir.FILTER, "valueString": one} for one in filters]
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "keep our calendar in step",
        "criteria": to,
        **({"_criteria": {"extension": narrowed}} if narrowed else {}),
        "channel": {name: value for name, value in made.items() if value is not None},
    }


@contextmanager
def carrying(world: World) -> Iterator[Courier]:
    """The courier's own thread, and the relay's, as in a running centre."""
    courier, relay = world.centre.the(Courier), world.centre.the(Relay)
    world.db.on_commit(courier.wake, marked=True)
    threads = [threading.Thread(target=courier.run), threading.Thread(target=relay.run)]
    for thread in threads:
        thread.start()
    try:
        yield courier
    finally:
        courier.stop()
        relay.stop()
        for thread in threads:
            thread.join(WAIT_S)
            assert not thread.is_alive()


def make_stage(database: Database) -> World:
    """What its directory was seeded with has been told before anybody subscribes."""
    world = make_world(database, subscriptions=HEARD)
    world.centre.the(Relay).deliver()
    return world


def cancel(world: World, booking_id: str) -> None:
    with world.db.transaction() as tx:
        booking.cancel(tx, world.centre.secrets, booking_id, actor=Actor(Role.OPERATOR), now=world.now)
