"""The lists of the day in a real browser: fresh by themselves, honest when the centre is silent, fit for a phone."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.day import FactKind
from telemed.identity import roster
from telemed.identity import service as identity
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.kit.ids import to_base64
from telemed.kit.trust import key_pictures
from tests.desk.world import NAMES, World, make_world, running
from tests.e2e.booking_scene import FINDINGS, SIZES, TOO_WIDE
from tests.e2e.chromium import AXE
from tests.rosters import OPERATOR_KEY, publish_all

pytestmark = pytest.mark.e2e
FRESH_MS = 8_000
"""A round every 2 s, on a machine that does other things too."""


@pytest.fixture
def world(sqlite_database: Database) -> World:
    made = make_world(sqlite_database)
    made.room_reports()
    return made


def link(world: World, address: str, role: Role, subject: str) -> str:
    with world.centre.db.transaction() as tx:
        token = identity.invite(tx, Actor(role, subject), now=world.now)
    return f"http://zentrum.localhost:{address.rpartition(':')[2]}/anmelden/{token}"


def signed_in(browser: Browser, world: World, address: str, role: Role, subject: str, *, width: int = 1280) -> Page:
    """Through the link and its button, as people do."""
    context = browser.new_context(viewport={"width": width, "height": 740})
    page = context.new_page()
    page.goto(link(world, address, role, subject))
    page.locator("main form button").click()
    return page


def test_the_tablet_shows_what_happened_elsewhere_and_keeps_the_names(browser: Browser, world: World) -> None:
    with running(world) as address:
        page = signed_in(browser, world, address, Role.ASSISTANT, "lindner")
        first = page.locator(f"[data-visit='{world.visits[0]}']")
        expect(first).to_contain_text("noch nicht da")
        page.locator(f"#more-{world.visits[1]} summary").click()
        world.happen(world.visits[0], FactKind.ARRIVED)
        expect(first).to_contain_text("ist da", timeout=FRESH_MS)
        expect(first).to_contain_text(NAMES[0])
        expect(page.locator(f"#more-{world.visits[1]} button").first).to_be_visible()  # what was opened stays open
        page.close()


def test_the_doctors_button_wakes_up_when_somebody_arrives(browser: Browser, world: World) -> None:
    with running(world) as address:
        page = signed_in(browser, world, address, Role.DOCTOR, world.doctor)
        button = page.locator("form[action='/arzt/aufrufen'] button")
        expect(button).to_be_disabled()
        world.happen(world.visits[0], FactKind.ARRIVED)
        expect(button).to_be_enabled(timeout=FRESH_MS)
        page.close()


def test_a_whole_morning_is_one_page_with_the_next_three_in_sight(browser: Browser, world: World) -> None:
    for name in ("Rosa Vogel", "Otto Ohnesorg", "Ludwig Lang-Meier-Schulze"):
        world.book(name, doctor_id=world.doctor)
    for each in world.visits:
        world.happen(each, FactKind.ARRIVED)
    with running(world) as address:
        page = signed_in(browser, world, address, Role.DOCTOR, world.doctor)
        page.set_viewport_size({"width": 1280, "height": 800})
        page.locator("#unreleased").evaluate("(box) => box.remove()")  # as soon as the operator has signed
        expect(page.locator("form[action='/arzt/aufrufen'] button")).to_be_in_viewport(ratio=1)
        for row in page.locator(".day-row").all()[:3]:
            expect(row).to_be_in_viewport(ratio=1)
        for each in world.visits:
            world.happen(each, FactKind.CALLED, FactKind.ENTERED, FactKind.ENDED, FactKind.CLEANED)
            page.reload()
            expect(page.locator(f"[data-closing='{each}']")).to_be_visible()
            assert page.url.endswith("/arzt")
        page.locator("[data-closing] button[name=offer]").first.click()
        expect(page.locator("[data-next]")).to_contain_text("Der Folgetermin ist gebucht")
        nothing_is_wrong(page)
        page.get_by_role("button", name="Fertig").click()
        expect(page.locator("[data-closing]")).to_have_count(0)
        page.get_by_role("link", name="Abwesend oder krank").first.click()
        page.get_by_role("link", name="Morgen den ganzen Tag").click()
        expect(page.locator("#preview")).to_be_visible()
        nothing_is_wrong(page)
        page.close()


def nothing_is_wrong(page: Page) -> None:
    page.wait_for_load_state("load")
    page.evaluate(AXE.read_text())
    for size in ("phone", "200 %", "desk"):
        page.set_viewport_size(SIZES[size][0])
        assert page.evaluate(FINDINGS) == [], size
        assert page.evaluate(TOO_WIDE) == [], size


def test_a_button_on_the_tablet_works_with_a_finger(browser: Browser, world: World) -> None:
    with running(world) as address:
        page = signed_in(browser, world, address, Role.ASSISTANT, "lindner", width=360)
        button = page.locator("form[action$='/ist-da'] button").first
        page.wait_for_url(re.compile("/assistenz$"))
        page.wait_for_load_state()  # what is measured has its style
        assert button.evaluate("(one) => one.getBoundingClientRect().height") >= 56
        button.click()
        page.wait_for_url(re.compile("/assistenz/raum/"))
        expect(page.locator(f"[data-visit='{world.visits[0]}']")).to_contain_text("ist da")
        page.close()


def test_a_list_that_cannot_be_checked_says_so(browser: Browser, world: World) -> None:
    with running(world) as address:
        page = signed_in(browser, world, address, Role.ASSISTANT, "lindner")
        expect(page.locator("#stale")).to_have_count(1)  # the script that notices is there
        expect(page.locator("#checks")).to_be_visible()
    expect(page.locator("#stale")).to_be_visible(timeout=2 * FRESH_MS)
    expect(page.locator("[data-fresh]")).to_have_class(re.compile("stale"))
    page.close()


def test_nothing_is_cut_off_and_no_word_is_missing(browser: Browser, world: World) -> None:
    world.happen(world.visits[0], FactKind.ARRIVED, FactKind.CALLED)
    with running(world) as address:
        for role, subject in ((Role.DOCTOR, world.doctor), (Role.ASSISTANT, "lindner"), (Role.OPERATOR, "operator")):
            page = signed_in(browser, world, address, role, subject)
            page.wait_for_url(re.compile("/(arzt|assistenz|betrieb)$"))
            nothing_is_cut_off(page)
            if role is Role.OPERATOR:
                page.goto(f"http://{address}/betrieb/vorlagen?doctor=weiss")
                nothing_is_cut_off(page)
            page.close()


def nothing_is_cut_off(page: Page) -> None:
    for width in (320, 360, 1920):
        page.set_viewport_size({"width": width, "height": 740})
        page.reload()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (page.url, width)
        assert "⟦" not in page.content()


OWN = "async () => { const keys = await import('/static/js/keys.js'); return [await keys.publicKey()]; }"
BELIEVED = "async () => (await import('/static/js/keys.js')).operatorKeys()"
OTHER_OPERATOR = to_base64(b"9" * 32)
SHOWN = "(list) => Array.from(list.children, (item) => item.dataset.picture)"


def enrolled(world: World) -> list[str]:
    with world.centre.db.reading() as tx:
        return [each.public_key for each in roster.browser_keys(tx) if each.doctor_id == world.doctor]


def test_a_doctors_browser_is_enrolled_by_its_link_and_shows_its_pictures_until_the_operator_has_signed(
    browser: Browser, world: World
) -> None:
    with running(world) as address:
        page = browser.new_context().new_page()
        page.goto(f"{link(world, address, Role.DOCTOR, world.doctor)}#{OPERATOR_KEY}")
        page.locator("#sign-in button").click()
        expect(page.locator("#unreleased")).to_be_visible()
        assert enrolled(world) == (own := page.evaluate(OWN))
        assert tuple(page.locator("#own-pictures").evaluate(SHOWN)) == key_pictures(own[0])
        assert page.evaluate(BELIEVED) == [OPERATOR_KEY]
        publish_all(world.centre)
        expect(page.locator("#unreleased")).to_be_hidden(timeout=FRESH_MS)
        for believes, operator in ((False, OPERATOR_KEY), (True, OTHER_OPERATOR)):
            page.goto(f"{link(world, address, Role.DOCTOR, world.doctor)}#{OTHER_OPERATOR}")
            expect(page.locator("#other-operator")).to_be_visible()
            assert tuple(page.locator("[data-pictures]").evaluate(SHOWN)) == key_pictures(OTHER_OPERATOR)
            if believes:
                page.locator("[data-believe]").click()
                expect(page.locator("#believed")).to_be_visible()
            page.locator("#sign-in button").click()
            page.wait_for_url("**/arzt")
            assert page.evaluate(BELIEVED) == [operator]
            assert enrolled(world) == own
        page.close()


def test_a_browser_without_scripts_signs_in_and_has_no_key(browser: Browser, world: World) -> None:
    with running(world) as address:
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(f"{link(world, address, Role.DOCTOR, world.doctor)}#{OPERATOR_KEY}")
        page.locator("#sign-in button").click()
        page.wait_for_url("**/arzt")
        assert enrolled(world) == []
        page.close()
