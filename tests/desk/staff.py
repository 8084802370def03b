"""Somebody of the staff with a browser without a script: looks at pages, fills in their forms, presses buttons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import func, select

from telemed.booking import holding, store
from telemed.booking import service as booking
from telemed.booking.model import Booking
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Role
from telemed.identity.rights import SESSION_COOKIE
from telemed.kit.clock import ExerciseClock
from telemed.people.model import Person, Way
from telemed.people.store import audit_lines
from tests.desk.world import SEED, SERVICE, World, make_app

Sent = dict[str, list[str]]
BOOK, PERSON, SERIES = "/assistenz/buchen", "/assistenz/buchen/person", "/assistenz/serie"
WALK_IN, FIND = "/assistenz/ohne-termin", "/assistenz/ohne-termin/finden"
URGENT, WAITING = "/assistenz/dringend", "/assistenz/warteliste"
ORDERED = "injektion-10"
WEDNESDAY = "2026-12-02"
MORE = {"name": "Rosa Vogel", "birth_year": "1941", "way": "phone", "phone": "03641 123456"}


@dataclass(frozen=True)
class Page:
    """One page as it came."""

    status: int
    text: str
    headers: httpx.Headers

    def found(self, path: str) -> list[Any]:
        """The elements of the main part that the XPath finds."""
        tree: Any = html.fromstring(self.text)
        elements: list[Any] = tree.get_element_by_id("main").xpath(path)
        return elements

    @property
    def words(self) -> str:
        """What the page says, in one line."""
        return " ".join(self.found(".")[0].text_content().split())

    def texts(self, path: str) -> list[str]:
        return [" ".join(one.text_content().split()) for one in self.found(path)]

    def form(self, action: str) -> Sent:
        """What the first form that is sent to *action* would send without a press on one of several buttons."""
        fields: Sent = {}
        (form, *_) = self.found(f".//form[@action='{action}']")
        for name, value in form.form_values():
            fields.setdefault(name, []).append(value)
        return fields

    def buttons(self, name: str, action: str = "") -> list[str]:
        """What the buttons called *name* send."""
        within = f".//form[@action='{action}']" if action else "."
        return [one.get("value") for one in self.found(f"{within}//button[@name='{name}']")]


class Staff:
    """A browser of somebody signed in."""

    def __init__(self, world: World, role: Role = Role.ASSISTANT, subject: str = "lindner") -> None:
        self.world = world
        headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        app = make_app(world.centre)
        self._client = TestClient(app, "https://zentrum.localhost", headers=headers, follow_redirects=False)
        self._client.cookies.set(SESSION_COOKIE, world.session(role, subject))

    def get(self, path: str, **query: str | list[str]) -> Page:
        return _page(self._client.get(path, params=query))

    def post(self, path: str, fields: Mapping[str, str | list[str]] | None = None) -> Page:
        return _page(self._client.post(path, data=dict(fields or {})))

    def send(self, path: str, body: Mapping[str, Any]) -> Page:
        """As a script of a page does."""
        return _page(self._client.post(path, json=dict(body), headers={"accept": "application/json"}))

    def offers(self, service: str, **wish: str | list[str]) -> Page:
        """The page with the free times for a wish."""
        return self.get("/assistenz/buchen", service=service, **wish)

    def chosen(self, service: str, *, nth: int = 0, **wish: str | list[str]) -> Page:
        """The page that asks for whom, after a press on the *nth* time."""
        page = self.offers(service, **wish)
        fields = page.form("/assistenz/buchen/person")
        offer = page.buttons("offer", "/assistenz/buchen/person")[nth]
        return self.get("/assistenz/buchen/person", **fields, offer=offer)

    def filled(self, page: Page, action: str, **more: str | list[str]) -> Sent:
        """What the form would send once the person is entered."""
        return {**page.form(action), **{name: [value] for name, value in MORE.items()}, **_lists(more)}


def _lists(fields: Mapping[str, str | list[str]]) -> Sent:
    return {name: value if isinstance(value, list) else [value] for name, value in fields.items()}


def _page(came: httpx.Response) -> Page:
    return Page(came.status_code, came.text, came.headers)


def booking_of(world: World, booking_id: str) -> Booking:
    with world.centre.db.reading() as tx:
        return booking.get(tx, booking_id)


def all_bookings(world: World) -> list[Booking]:
    with world.centre.db.reading() as tx:
        ids = tx.execute(select(store.bookings.c.id)).scalars().all()
        return [booking.get(tx, one) for one in ids]


def new_bookings(world: World) -> list[Booking]:
    """What was booked beside the morning of the world, by start."""
    found = [one for one in all_bookings(world) if one.id not in world.visits]
    return sorted(found, key=lambda one: one.offer.start)


def known(world: World) -> Directory:
    with world.centre.db.reading() as tx:
        return directory.load(tx)


def audited(world: World, purpose: str) -> int:
    with world.centre.db.reading() as tx:
        wanted = select(func.count()).select_from(audit_lines).where(audit_lines.c.purpose == purpose)
        return int(tx.execute(wanted).scalar_one())


def change(world: World, file: str, resource_id: str, **fields: Any) -> None:
    """Change one resource of the seed."""
    entries = orjson.loads((SEED / f"{file}.json").read_bytes())["entry"]
    found = next(one["resource"] for one in entries if one["resource"]["id"] == resource_id)
    with world.centre.db.transaction() as tx:
        directory.take(tx, {**found, **fields}, now=world.now)


def wall(world: World, moment: datetime) -> str:
    return f"{moment.astimezone(known(world).zone):%H:%M}"


def at(world: World, text: str) -> None:
    """Move the exercise clock to *text* on the wall of its day."""
    clock, zone = world.centre.clock, known(world).zone
    assert isinstance(clock, ExerciseClock)
    hour, minute = map(int, text.split(":"))
    clock.forward(world.now.astimezone(zone).replace(hour=hour, minute=minute) - world.now)


def waits(world: World, name: str = "Wanda Wartet", *, first: bool = True, way: Way = Way.PHONE) -> str:
    """Somebody who waits for the time of the first visit; the entry's id."""
    offer = booking_of(world, world.visits[0]).offer
    earliest = offer.start if first else offer.start + timedelta(days=1)
    wish = Wish(What(SERVICE), earliest, earliest + (offer.end - offer.start))
    person = Person(name, 1950, way, "03641 987654")
    with world.centre.db.transaction() as tx:
        actor = Actor(Role.ANYONE)
        entry, _ = holding.join(tx, world.centre.secrets, wish, person, actor=actor, now=world.now)
    return entry.id
