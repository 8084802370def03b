"""The page is read out and shows which sentence; it stops when asked to, and when the page is left."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from telemed.kit.db import Database
from tests.e2e.booking_scene import Looker, Scene, open_scene

pytestmark = pytest.mark.e2e

MARKED = "() => [...(CSS.highlights.get('aloud') ?? [])].map(range => range.toString().replace(/\\s+/g, ' ').trim())"


@pytest.fixture
def scene(sqlite_database: Database, browser: Browser) -> Iterator[Scene]:
    with open_scene(sqlite_database, browser) as opened:
        yield opened


def press(page: Page) -> None:
    page.get_by_role("button", name="Vorlesen").press("Space")


def test_each_sentence_is_shown_while_it_is_spoken_and_the_ticket_is_called(scene: Scene) -> None:
    page = scene.page("phone")
    heard: list[str] = []
    page.on("response", lambda answer: heard.append(answer.url) if answer.url.endswith(".mp3") else None)
    scene.own(page)
    looked = Looker(page, "phone")
    with page.expect_response("**/saetze") as told:
        press(page)
    said = [one["say"] for one in told.value.json()]
    expect(page.get_by_role("button", name="Anhalten")).to_be_visible()
    page.wait_for_function(f"() => ({MARKED})().length === 1")
    first = page.evaluate(MARKED)[0]
    assert first == said[0]
    looked("90 read out")
    page.wait_for_function(f"() => ({MARKED})()[0] === {said[1]!r}")
    page.get_by_role("button", name="Anhalten").click()
    assert page.evaluate(MARKED) == []
    assert any(one.count(",") >= 3 and one.endswith(".") for one in said), said
    assert len(heard) >= 2
    assert looked.found == {}


def test_without_a_script_the_link_leads_to_one_sound(scene: Scene) -> None:
    page = scene.page(script=False)
    page.goto(scene.address)
    link = page.get_by_role("link", name="Vorlesen")
    sound = page.request.get(f"{scene.address}{link.get_attribute('href')}")
    assert sound.headers["content-type"] == "audio/mpeg"
    assert len(sound.body()) > 50_000
