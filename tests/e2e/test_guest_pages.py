"""The pages of guests, of inviting and of a visit from home: they fit, and have no finding."""

from collections.abc import Iterator
from pathlib import Path

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
  for (const id of ['code', 'next', 'paused', 'poor', 'microphone', 'camera']) document.getElementById(id).hidden = false;
  for (const id of ['next']) document.querySelector('#' + id + ' span').textContent = 'Ihr neuer Termin: Dienstag';
}"""


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def address(world: World) -> Iterator[str]:
    with running(world) as served:
        yield f"http://{served.replace('127.0.0.1', 'localhost')}"


def opened(browser: Browser, size: str) -> Page:
    viewport, scale = SIZES[size]
    return browser.new_context(viewport=viewport, device_scale_factor=scale, locale="de-DE").new_page()


def sign_in(world: World, page: Page, address: str, role: Role, subject: str) -> None:
    session = world.session(role, subject)
    page.context.add_cookies(
        [{"name": SESSION_COOKIE, "value": session, "url": address.replace("http:", "https:"), "secure": True}]
    )


@pytest.mark.parametrize("size", ["desk", "phone", "200 %"])
def test_every_page_fits_and_has_no_finding(world: World, address: str, browser: Browser, size: str) -> None:
    page = opened(browser, size)
    seen = Looker(page, size)
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


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_inviting_fits_and_the_code_is_drawn_in_the_page(
    world: World, address: str, browser: Browser, size: str, tmp_path: Path
) -> None:
    page = opened(browser, size)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(world, page, address, Role.ASSISTANT, "lindner")
    page.goto(f"{address}/assistenz/besuch/{world.visits[0]}/einladen")
    page.locator("[data-invite-as=interpreter]").click()
    link = page.locator("#invite-link")
    expect(link).not_to_have_value("")
    assert "#." in link.input_value()
    page.locator("[data-invite-code]").screenshot(path=tmp_path / "code.png")
    assert not [url for url in asked if "/gast/" in url]  # neither the link nor a picture of it goes anywhere
    expect(page.locator("[data-invite-list] li")).to_have_count(1)
    seen = Looker(page, size)
    seen("invite")
    assert [one for one in seen.found.get("invite", []) if not one.startswith("too small")] == []
    page.locator("[data-invite-list] button").click()
    expect(page.locator("[data-invite-list] li")).to_have_count(0)
