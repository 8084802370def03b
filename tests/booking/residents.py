"""The resident's pages on a small quarter, for tests: asked directly, or served to a browser."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import html

from ops.programs import free_port
from telemed.app import PROTECTION
from telemed.booking import form
from telemed.booking import pages as booking_pages
from telemed.booking.index import Index
from telemed.booking.planner import Offer
from telemed.city import pages as city_pages
from telemed.desk import moving, status, tryout
from telemed.desk import pages as desk_pages
from telemed.desk.live import Live
from telemed.directory import service as directory
from telemed.directory.desk_phone import DeskPhone
from telemed.feedback import pages as feedback_pages
from telemed.identity import pages as identity_pages
from telemed.identity.rights import FORM_TOKEN_HEADER, SESSION_COOKIE
from telemed.identity.signed_in import form_token
from telemed.interop import service as interop
from telemed.kit.clock import Clock
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from telemed.kit.secrets import Secrets
from telemed.kit.voice import Voice
from telemed.notify import pages as notify_pages
from telemed.notify.carriers import Carriers
from telemed.notify.service import Desk
from telemed.paper import pages as paper_pages
from telemed.privacy import legal as privacy_pages
from telemed.training import pages as training_pages
from telemed.web import refusals, security
from telemed.web.aloud import Aloud
from telemed.web.centre import Centre
from telemed.web.pages import FrameInfo, Pages, mount_static
from telemed.web.reading import mount_reading
from tests.builders import SERVER, HandClock, World
from tests.serving import served_beside

LOBEDA = Path(__file__).parents[2] / "ops" / "seed" / "lobeda"
SOUNDS = Path(__file__).parents[2] / "build" / "sounds"
HOST = "https://centre.test"
Fields = Mapping[str, str | list[str]]
SOMMER: Fields = {"name": "Hannelore Sommer", "birth_year": "1948", "way": "phone", "phone": "030 23125 111"}


def make_app(centre: Centre) -> FastAPI:
    """The centre's app, as far as residents see it."""
    frame = FrameInfo(True, False, lambda: centre.clock.offset, "telemed", DeskPhone(centre.db))
    folders = (
        booking_pages.TEMPLATES,
        identity_pages.TEMPLATES,
        desk_pages.TEMPLATES,
        notify_pages.TEMPLATES,
        city_pages.TEMPLATES,
        paper_pages.TEMPLATES,
        privacy_pages.TEMPLATES,
        feedback_pages.TEMPLATES,
        training_pages.TEMPLATES,
    )
    aloud = centre.live.setdefault(Aloud, Aloud(os.urandom(32), Voice(SOUNDS / "voices", SOUNDS / "speech")))
    pages = centre.live.setdefault(Pages, Pages(*folders, frame=frame, aloud=aloud))
    centre.live.setdefault(Carriers, Carriers(Desk(centre.secrets)))
    if Live not in centre.live:
        centre.live[Live] = Live(centre)
    app = FastAPI()
    app.state.centre = centre
    security.protect(app, PROTECTION)
    refusals.install(app, pages)
    mount_reading(app, lambda: aloud)
    app.include_router(booking_pages.routes)
    app.include_router(status.routes)
    app.include_router(moving.routes)
    app.include_router(city_pages.routes)
    app.include_router(paper_pages.routes)
    app.include_router(notify_pages.routes)
    for more in (
        privacy_pages.routes,
        feedback_pages.routes,
        training_pages.routes,
        tryout.routes,
    ):
        app.include_router(more)
    static = {"desk": desk_pages.STATIC, "booking": booking_pages.STATIC, "notify": notify_pages.STATIC}
    mount_static(app, **static, privacy=privacy_pages.STATIC, training=training_pages.STATIC)
    return app


def lobeda(database: Database) -> World:
    """A world with the seed of the Lobeda room in place of the small quarter."""
    clock = HandClock()
    interop.seed(database, LOBEDA, now=clock.now())
    with database.reading() as tx:
        known = directory.load(tx)
    secrets = Secrets(key_of_keys=b"k" * 32, pepper=b"p" * 32)
    centre = Centre(database, clock, secrets, SERVER, HOST, live={Index: Index(database)})
    return World(centre, clock, known)


@dataclass(frozen=True)
class Answer:
    """One page as it came."""

    status: int
    text: str
    headers: httpx.Headers
    content: bytes = b""

    def found(self, path: str) -> list[Any]:
        """The elements of the page's main part that the XPath finds."""
        tree: Any = html.fromstring(self.text)
        elements: list[Any] = tree.get_element_by_id("main").xpath(path)
        return elements

    @property
    def words(self) -> str:
        """What the page says, in one line."""
        return " ".join(self.texts(".")[0].split())

    @property
    def plain(self) -> str:
        """The page without what is random in each: tokens, and what the voice is to read, which is sealed."""
        return re.sub(r'(nonce|value|content)="[\w-]{22,}"|/vorlesen/[^"]*', "", self.text)

    def texts(self, path: str) -> list[str]:
        """The texts of what the XPath finds."""
        return [" ".join(each.text_content().split()) for each in self.found(path)]

    def values(self, name: str) -> list[str]:
        """What the buttons, boxes and fields called *name* send."""
        return [each.get("value") for each in self.found(f".//*[@name='{name}']")]

    def fields(self) -> Fields:
        """The hidden fields that the page carries on, without those of what is folded away; needs as a list."""
        carried = self.found(".//input[@type='hidden'][not(ancestor::details)]")
        hidden = [(each.get("name"), each.get("value")) for each in carried]
        needs = [value for name, value in hidden if name == "needs"]
        return {**{name: value for name, value in hidden if name != "needs"}, **({"needs": needs} if needs else {})}


class Resident:
    """A browser without a script, at home."""

    def __init__(self, app: FastAPI, address: str = "192.0.2.7") -> None:
        self._client = TestClient(app, base_url=HOST, follow_redirects=False, client=(address, 4711))

    def get(self, path: str, **query: str) -> Answer:
        return _answer(self._client.get(path, params=query))

    def post(self, path: str, fields: Fields) -> Answer:
        return _answer(self._client.post(path, data=fields, headers={"origin": HOST, **self._form_token()}))

    def _form_token(self) -> dict[str, str]:
        """What every form carries that a page showed to who is signed in."""
        session = self._client.cookies.get(SESSION_COOKIE)
        return {FORM_TOKEN_HEADER: form_token(session)} if session else {}


def _answer(came: httpx.Response) -> Answer:
    return Answer(came.status_code, came.text, came.headers, came.content)


def complete(offer: Offer, **changes: str | list[str]) -> Fields:
    """All that the check page sends for *offer*."""
    code = {"service": offer.service_id, "offer": form.encode(offer), "request_id": new_token()}
    return {**code, **SOMMER, **changes}


@contextmanager
def served(world: World, clock: Clock | None = None) -> Iterator[str]:
    """The pages on a port of their own; their address."""
    port = free_port(0)
    address = f"http://127.0.0.1:{port}"
    centre = replace(world.centre, public_url=address, clock=clock or world.clock)
    with served_beside(make_app(centre), port=port):
        yield address
