"""Practice on a page, and the test of camera and sound at home, in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from telemed.kit.db import Database
from telemed.kit.i18n import words
from telemed.training.model import STEPS, Step
from tests.e2e.booking_scene import Looker, Scene, open_scene
from tests.e2e.chromium import CALL, CALL_REFUSED, chromium, chromium_beside

pytestmark = pytest.mark.e2e
TEXT = words().text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """With a simulated camera and microphone."""
    with chromium(*CALL) as started:
        yield started


@pytest.fixture
def scene(sqlite_database: Database, browser: Browser) -> Iterator[Scene]:
    with open_scene(sqlite_database, browser) as opened:
        yield opened


def test_a_practice_leads_from_the_start_page_to_its_end(scene: Scene) -> None:
    page = scene.page("phone")
    look = Looker(page, "phone")
    page.goto(scene.address)
    page.get_by_role("link", name=TEXT("practice.title")).click()
    page.get_by_role("link", name=TEXT("practice.begin")).click()
    for step in STEPS:
        expect(page.get_by_role("heading", level=1)).to_have_text(TEXT(f"practice.step.{step}"))
        if step in (Step.ARRIVE, Step.CALL):
            look(f"practice {step}")
        match step:
            case Step.ARRIVE:
                page.get_by_role("link", name=TEXT("ticket.fish")).click()
            case Step.GOODBYE:
                page.get_by_role("button", name=TEXT("practice.end")).click()
            case _:
                page.locator("main .choices a, main a.full").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TEXT("practice.done"))
    assert look.found == {}


def result(page: Page, part: str) -> str:
    place = page.locator(f'[data-part="{part}"]')
    expect(place).not_to_have_attribute("data-is", "")
    expect(place).not_to_have_attribute("data-is", "wait")
    return place.locator("[data-result]").inner_text()


def test_the_test_at_home_says_in_words_what_goes_and_is_never_in_the_way(scene: Scene) -> None:
    page = scene.page("phone")
    page.goto(f"{scene.address}/kamera-test")
    look = Looker(page, "phone")
    page.get_by_role("button", name=TEXT("try.open")).click()
    page.get_by_role("button", name=TEXT("try.play")).click()
    page.get_by_role("button", name=TEXT("try.heard.yes"), exact=True).click()
    assert {part: result(page, part) for part in ("camera", "microphone", "speaker")} == {
        part: TEXT(f"try.js.{part}.ok") for part in ("camera", "microphone", "speaker")
    }
    expect(page.locator("#all")).to_have_text(TEXT("try.js.all.ok"))
    look("test at home")
    page.get_by_role("button", name=TEXT("try.heard.no"), exact=True).click()
    expect(page.locator("#all")).to_have_text(TEXT("try.js.all.not"))
    page.get_by_role("link", name=TEXT("try.skip")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TEXT("booking.start.title"))
    assert look.found == {}


def test_who_refuses_camera_and_microphone_is_told_what_to_do(scene: Scene) -> None:
    with chromium_beside(scene.browser, *CALL_REFUSED) as other:
        page = other.new_page(locale="de-DE")
        page.goto(f"{scene.address}/kamera-test")
        page.get_by_role("button", name=TEXT("try.open")).click()
        for part in ("camera", "microphone"):
            assert result(page, part) == TEXT(f"try.js.{part}.none")
        expect(page.get_by_role("link", name=TEXT("try.skip"))).to_be_visible()
