"""The pages of guests, of inviting and of a visit from home: they fit, and have no finding."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.day import FactKind
from telemed.identity.model import Role
from telemed.identity.rights import SESSION_COOKIE
from telemed.kit.db import Database
from telemed.visit import service as visit
from tests.desk.test_home import book_at_home
from tests.desk.world import World, make_world, running
from tests.e2e.booking_scene import SIZES, Looker

pytestmark = pytest.mark.e2e

THE_CALL = """async () => {
  const { Faces } = await import('/static/desk/js/faces.js');
  const { showPictures } = await import('/static/js/distrust.js');
  const words = JSON.parse(document.getElementById('words').textContent);
  for (const one of document.querySelectorAll('[data-step]')) one.hidden = one.dataset.step !== 'call';
  const faces = new Faces(document.getElementById('faces'), () => {});
  const people = [['doctor', 'Dr. med. Miriam Weiß'], ['kiosk', 'Raum 1'], ['interpreter', 'Ines Petrova']];
  people.forEach(([role, name]) => faces.show(role, new MediaStream(), { peer_id: role, role, name }));
  showPictures(document.getElementById('code-pictures'), ['fish', 'key', 'sun'], (key) => words[key], 72);
  const shown = ['code', 'next', 'paused', 'poor', 'microphone', 'camera'];
  for (const id of shown) document.getElementById(id).hidden = false;
  document.querySelector('#next span').textContent = 'Ihr neuer Termin: Dienstag';
}"""
DARK = """() => {
  const { width, height } = document.querySelector('[data-invite-code]');
  const dots = document.querySelector('[data-invite-code]').getContext('2d').getImageData(0, 0, width, height).data;
  return dots.filter((value, place) => place % 4 === 0 && value === 0).length;
}"""

ASKS = """async () => {
  const { PoorLine } = await import('/static/js/poor-line.js');
  window.said = [];
  const talk = {
    partners: [{ peer_id: 'd', role: 'doctor' }], on: () => {}, connection: () => undefined,
    send: (message) => { window.said.push(message); return true; },
  };
  const poor = new PoorLine(talk, document.getElementById('poor'), ({ role }) => role === 'doctor');
  poor.adaptation.hooks.onAsk('d', true);
}"""
"""As after six seconds of a poor line."""


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def address(world: World) -> Iterator[str]:
    with running(world) as served:
        yield f"http://{served.replace('127.0.0.1', 'localhost')}"


class Eyes:
    """Looks at each page as it is on a desk, on a telephone and enlarged to 200 %."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._lookers = {size: Looker(page, size) for size in ("desk", "phone", "200 %")}

    def __call__(self, name: str) -> None:
        for size, looker in self._lookers.items():
            self._page.set_viewport_size(SIZES[size][0])
            looker(name)

    @property
    def found(self) -> dict[str, list[str]]:
        return {f"{name}, {size}": one for size, seen in self._lookers.items() for name, one in seen.found.items()}


def sign_in(world: World, page: Page, address: str, role: Role, subject: str) -> None:
    session = world.session(role, subject)
    page.context.add_cookies(
        [{"name": SESSION_COOKIE, "value": session, "url": address.replace("http:", "https:"), "secure": True}]
    )


def asked_how_to_go_on(page: Page, seen: Eyes) -> None:
    """The line is poor: the person reads the number, goes on without pictures, and has them again."""
    page.evaluate(ASKS)
    seen("guest is asked how to go on")
    page.locator("[data-poor=telephone]").click()
    expect(page.locator("[data-told=telephone]")).to_be_visible()
    page.locator("[data-poor=no-picture]").click()
    expect(page.locator("[data-poor-asks]")).to_be_hidden()
    seen("guest speaks without pictures")
    page.locator("[data-poor=picture]").click()
    expect(page.locator("#poor")).to_be_hidden()
    assert page.evaluate("() => window.said.map(({ picture }) => picture)") == ["off", "full"]


def test_every_page_fits_and_has_no_finding(world: World, address: str, browser: Browser) -> None:
    page = browser.new_context(locale="de-DE").new_page()
    seen = Eyes(page)
    with world.centre.db.transaction() as tx:
        _, token = visit.invite(tx, world.visits[0], "relative", now=world.now)
    page.goto(f"{address}/gast/{token}#{'s' * 22}.{'k' * 43}")
    seen("guest link")
    page.locator("main form button").click()
    page.wait_for_url("**/gast")
    expect(page.locator("#enter-form button")).to_be_enabled()
    assert page.evaluate("() => sessionStorage.getItem('telemed.guest')") == f"#{'s' * 22}.{'k' * 43}"
    seen("guest before")
    page.locator("#guest-name").fill("Anna Sommer")
    page.locator("#consent").check()
    page.locator("#enter-form button").click()
    expect(page.locator("#wait-text")).to_contain_text("noch nicht begonnen")
    seen("guest waits")
    page.evaluate(THE_CALL)
    seen("guest in the call")
    asked_how_to_go_on(page, seen)
    page.locator("[data-step=call] [data-leave]").click()
    seen("guest has left")
    page.locator("#forget").click()
    expect(page.locator("#forgotten")).to_have_text("Der Zugang ist gelöscht.")
    page.goto(f"{address}/gast")
    expect(page.locator("#guest")).to_have_count(0)

    home = book_at_home(world)
    sign_in(world, page, address, Role.RESIDENT, home.id)
    page.goto(f"{address}/mein-termin")
    seen("home today")
    page.get_by_role("button", name="Ich bin bereit").click()
    seen("home ready")
    world.happen(home.id, FactKind.CALLED)
    page.goto(f"{address}/mein-termin")
    seen("home called")
    assert seen.found == {}


def test_inviting_fits_and_the_code_is_drawn_in_the_page(world: World, address: str, browser: Browser) -> None:
    page = browser.new_context(locale="de-DE").new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(world, page, address, Role.ASSISTANT, "lindner")
    page.goto(f"{address}/assistenz/besuch/{world.visits[0]}/einladen")
    page.locator("[data-invite-as=interpreter]").click()
    link = page.locator("#invite-link")
    expect(link).not_to_have_value("")
    assert "#." in link.input_value()
    assert page.evaluate(DARK) > 1000
    assert not [url for url in asked if "/gast/" in url]  # neither the link nor a picture of it goes anywhere
    expect(page.locator("[data-invite-list] li")).to_have_count(1)
    seen = Eyes(page)
    seen("invite")
    found = [one for each in seen.found.values() for one in each]
    assert [one for one in found if not one.startswith("too small")] == []  # staff's targets are smaller than 64 px
    page.locator("[data-invite-list] button").click()
    expect(page.locator("[data-invite-list] li")).to_have_count(0)
