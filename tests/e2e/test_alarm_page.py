"""An alarm on the assistant's tablet in a real browser: without a reload, with a sound until she has heard it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from room_agent.checks.result import result
from schemas.checks import CheckResult
from telemed.identity.model import Role
from telemed.kit.db import Database
from tests.desk.world import World, make_world, running
from tests.e2e.booking_scene import FINDINGS, MISSING_WORDS
from tests.e2e.chromium import AXE
from tests.e2e.shots import shot
from tests.e2e.test_staff_pages import FRESH_MS, signed_in

pytestmark = pytest.mark.e2e
SHOTS = Path(__file__).parents[2] / "build" / "shots"
SIZES = {"1920": (1920, 1080), "360": (360, 740), "200-percent": (960, 540)}


@pytest.fixture
def world(sqlite_database: Database) -> World:
    made = make_world(sqlite_database)
    made.room_reports()
    return made


def red(world: World, subject: str, code: str, *, alarm: bool = True) -> CheckResult:
    since = world.now - timedelta(minutes=3)
    return result(subject, code, f"sim-{subject}").model_copy(update={"since": since, "alarm": alarm})


def look(page: Page, name: str) -> None:
    """In each size: nothing wrong, and a picture to be looked at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        shot(page, SHOTS / f"{name}-{size}.png")
        page.evaluate(AXE.read_text())
        assert [each for script in (FINDINGS, MISSING_WORDS) for each in page.evaluate(script)] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size


def test_an_alarm_comes_by_itself_sounds_until_it_is_heard_and_goes_by_itself(browser: Browser, world: World) -> None:
    with running(world) as address:
        page = signed_in(browser, world, address, Role.ASSISTANT, "lindner")
        page.wait_for_load_state()
        expect(page.locator("#alarms")).to_have_count(1)
        page.locator("h1").click()  # a browser is silent until it is touched
        world.room_reports(red(world, "blood-pressure", "not-found"), red(world, "relay", "none", alarm=False))
        alarm = page.locator(".alarms")
        expect(alarm).to_contain_text("Blutdruck-Gerät: Es antwortet nicht.", timeout=FRESH_MS)
        expect(alarm).to_have_attribute("role", "alert")
        expect(alarm).to_have_attribute("data-sounding", "true", timeout=FRESH_MS)
        expect(page).to_have_title(re.compile(r"^\(1\) "))
        look(page, "alarm")
        page.locator("[data-hush]").click()
        expect(alarm).to_have_attribute("data-sounding", "false")
        expect(page.locator("[data-hush]")).to_be_hidden()
        world.room_reports(red(world, "blood-pressure", "not-found"), red(world, "camera", "frozen"))
        expect(page.locator("[data-alarm]")).to_have_count(2, timeout=FRESH_MS)
        expect(alarm).to_have_attribute("data-sounding", "true", timeout=FRESH_MS)
        world.room_reports()
        expect(alarm).to_have_count(0, timeout=FRESH_MS)
        expect(page).to_have_title(re.compile(r"^[^(]"))
        page.close()


def test_the_operators_page_says_it_without_a_reload(browser: Browser, world: World, tmp_path: Path) -> None:
    world.machine(tmp_path)
    with running(world) as address:
        page = signed_in(browser, world, address, Role.OPERATOR, "operator")
        expect(page.locator("[data-fresh]")).to_contain_text("Ein Schlüssel wartet auf Ihre Unterschrift.")
        expect(page.locator("[data-fresh]")).not_to_contain_text("Assistenz")
        world.room_reports(red(world, "oximeter", "battery-empty"), red(world, "relay", "none", alarm=False))
        expect(page.locator("[data-fresh]")).to_contain_text("Assistenz ist gerufen", timeout=FRESH_MS)
        look(page, "operator-trouble")
        page.close()
