"""The centre as it is put together for people, in one process: every page is filled, and somebody may see it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, BrowserContext, ViewportSize

from schemas.day import FactKind
from telemed import wiring
from telemed.app import make_app
from telemed.booking import pending
from telemed.booking import service as booking
from telemed.booking.form import encode
from telemed.booking.model import Booked, Request
from telemed.booking.pending_model import Confirms, Proposal
from telemed.booking.planner import Offer, What, Wish
from telemed.directory import service as directory
from telemed.identity import clients
from telemed.identity import service as identity
from telemed.identity.allowed import EVERYONE
from telemed.identity.clients import Wanted
from telemed.identity.model import ANYONE, Actor, Role
from telemed.identity.rights import GUEST_COOKIE, SESSION_COOKIE
from telemed.interop import service as interop
from telemed.kit.clock import real_now
from telemed.kit.db import Database
from telemed.kit.ids import new_link_token, new_token
from telemed.people.acts import Act, Did
from telemed.people.model import Need, Person, Way
from telemed.people.service import audit_act
from telemed.visit import service as visit
from telemed.web.centre import Centre
from tests.booking.residents import LOBEDA, SOMMER, Answer
from tests.desk.world import ROOM, SERVICE, World
from tests.identity.programs import ec_key, key_set
from tests.rosters import OPERATOR_KEY
from tests.serving import served_beside
from tests.sheets import make_sheet, put_sheet

HOST = "zentrum.localhost"
ASSISTANT, OPERATOR = "lindner", "betrieb"


class Who(StrEnum):
    """Whose browser looks at a page."""

    ANYONE = "anyone"
    RESIDENT = "resident"
    WAITING = "waiting"
    AT_HOME = "at home"
    RELATIVE = "relative"
    GUEST = "guest"
    DOCTOR = "doctor"
    ASSISTANT = "assistant"
    OPERATOR = "operator"


@dataclass
class House:
    """*facts* fill the addresses of pages; *cookies* are whom each browser stands for, by name."""

    app: FastAPI
    world: World
    address: str
    facts: dict[str, str] = field(default_factory=dict)
    cookies: dict[Who, dict[str, str]] = field(default_factory=dict)

    def open(self, browser: Browser, who: Who, viewport: ViewportSize, **more: Any) -> BrowserContext:
        """A browser of *who*."""
        context = browser.new_context(viewport=viewport, locale="de-DE", timezone_id="Europe/Berlin", **more)
        url = self.address.replace("http:", "https:")
        for name, value in self.cookies[who].items():
            context.add_cookies([{"name": name, "value": value, "url": url, "secure": True}])
        return context

    def client(self, who: Who = Who.ANYONE) -> TestClient:
        """The same without pictures: it follows nothing by itself."""
        headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        client = TestClient(self.app, f"https://{HOST}", headers=headers, follow_redirects=False)
        for name, value in self.cookies.get(who, {}).items():
            client.cookies.set(name, value)
        return client


@contextmanager
def whole_centre(folder: Path, database: Database) -> Iterator[House]:
    """It runs from a Tuesday at nine on, and each kind of person has come by."""
    wiring.make_secrets(folder)
    interop.seed(database, LOBEDA, now=real_now())
    settings = wiring.Settings(folder, exercise=True, simulated=True, operator_keys=OPERATOR_KEY)
    centre = wiring.build(settings, database)
    app = make_app(centre)
    with served_beside(app) as server:
        house = House(app, World(centre), f"http://{HOST}:{server.port}")
        people(house)
        yield house


def people(house: House) -> None:
    """Who has booked, waits, helps and works, and what has happened by now."""
    world, centre = house.world, house.world.centre
    booked = [_book(centre, name) for name in ("Erika Sommer", "Karl Winter", "Mia Herbst")]
    world.visits, world.doctor = [one.id for one, _ in booked], booked[0][1].doctor_id
    world.room_reports()
    world.happen(world.visits[0], FactKind.ARRIVED, FactKind.CALLED)
    at_home, _ = _book(centre, "Jona Winter", What("sprechstunde-15", room_ids=("zu-hause",)))
    later, _ = _book(centre, "Lena Fern", in_days=3)
    session = world.session
    house.cookies = {
        Who.ANYONE: {},
        Who.RESIDENT: {SESSION_COOKIE: session(Role.RESIDENT, world.visits[1])},
        Who.AT_HOME: {SESSION_COOKIE: session(Role.RESIDENT, at_home.id)},
        Who.DOCTOR: {SESSION_COOKIE: session(Role.DOCTOR, world.doctor)},
        Who.ASSISTANT: {SESSION_COOKIE: session(Role.ASSISTANT, ASSISTANT)},
        Who.OPERATOR: {SESSION_COOKIE: session(Role.OPERATOR, OPERATOR)},
        Who.WAITING: _waiting(house),
        Who.RELATIVE: _relative(house),
        Who.GUEST: _guest(house),
    }
    offer = _offer(centre)
    with centre.db.transaction() as tx:
        sign_in = identity.invite(tx, Actor(Role.ASSISTANT, ASSISTANT), now=world.now)
        wanted = Wanted("Praxis am Markt", ("system/Appointment.rs",), (EVERYONE,), key_set=key_set(ec_key()))
        client = clients.register(tx, wanted, by=OPERATOR, now=world.now)
        audit_act(tx, Act(client.id, Did.SEARCH, "Slot", world.now, "status=free", 4))
    _ask(centre)
    sheet, sheet_key = put_sheet(centre, world.visits[0], world.doctor, make_sheet(world.now, line="Bis bald."))
    house.facts |= {
        "sheet": sheet,
        "sheet_key": sheet_key,
        "link": booked[2][0].link_token,
        "visit": world.visits[0],
        "booking": world.visits[1],
        "later": later.id,
        "room": ROOM,
        "service": SERVICE,
        "doctor": world.doctor,
        "offer": encode(offer),
        "sign_in": sign_in,
        "client": client.id,
        "any": new_link_token(),
        "request": new_token(),
    }


def _offer(centre: Centre, what: What = What(SERVICE), *, in_days: int = 0) -> Offer:
    now = centre.clock.now()
    start = now + timedelta(days=in_days)
    with centre.db.reading() as tx:
        known = directory.load(tx)
        return booking.offers(tx, known, Wish(what, start, start + timedelta(hours=9)), now=now)[0]


def _book(centre: Centre, name: str, what: What = What(SERVICE), *, in_days: int = 0) -> tuple[Booked, Offer]:
    offer, now = _offer(centre, what, in_days=in_days), centre.clock.now()
    person = Person(name, 1948, Way.PHONE, "030 23125 111", needs=(Need.HEARING,))
    with centre.db.transaction() as tx:
        return booking.book(tx, centre.secrets, Request(new_link_token(), offer, person), actor=ANYONE, now=now), offer


def _ask(centre: Centre) -> None:
    """Another system asks for a time, and staff have not answered yet."""
    person = Person("Adelheid von Hohenstein-Waldburg", 1951, Way.PHONE, "030 23125 112")
    asked = Proposal(new_link_token(), _offer(centre, in_days=2), Confirms.STAFF, person)
    with centre.db.transaction() as tx:
        pending.pend(tx, centre.secrets, asked, actor=Actor(Role.CLIENT, "practice"), now=centre.clock.now())


def _page(client: TestClient, path: str, **fields: str | list[str]) -> Answer:
    came = client.post(path, data=fields) if fields else client.get(path)
    assert came.status_code == 200, (path, came.status_code)
    return Answer(came.status_code, came.text, came.headers, came.content)


def _waiting(house: House) -> dict[str, str]:
    client = house.client()
    entered = _page(client, "/warteliste/eintragen", service=SERVICE)
    joined = _page(client, "/warteliste/aufnehmen", **{**entered.fields(), **SOMMER})
    house.facts["waiting"] = _found(r"/w/([\w\-]{22})\"", joined.text)
    client.post(f"/w/{house.facts['waiting']}")
    return {SESSION_COOKIE: client.cookies[SESSION_COOKIE]}


def _relative(house: House) -> dict[str, str]:
    house.cookies = {Who.RESIDENT: {SESSION_COOKIE: house.world.session(Role.RESIDENT, house.world.visits[1])}}
    own = house.client(Who.RESIDENT)
    asked = {"name": "Anna Sommer", "contact": "anna@beispiel.example", "lasts": "month"}
    scopes = _page(own, "/mein-termin/angehoerige").values("scopes")
    given = _page(own, "/mein-termin/angehoerige", **asked, scopes=scopes)
    token = house.facts["mandate"] = _found(r"/vertretung/([\w\-]+)", given.text)
    client = house.client()
    client.post(f"/vertretung/{token}")
    return dict(client.cookies)


def _guest(house: House) -> dict[str, str]:
    with house.world.centre.db.transaction() as tx:
        _, first = visit.invite(tx, house.world.visits[0], "relative", now=house.world.now)
        _, house.facts["invitation"] = visit.invite(tx, house.world.visits[0], "relative", now=house.world.now)
    client = house.client()
    client.post(f"/gast/{first}")
    return {GUEST_COOKIE: client.cookies[GUEST_COOKIE]}


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, pattern
    return found[1]
