"""The own appointment while one waits, in Chromium: told at once, honest about its age, also without a script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.day import FactKind
from telemed.booking.model import Booked
from telemed.kit.db import Database
from telemed.visit import service as visit
from tests.builders import make_booking, moment
from tests.e2e.booking_scene import SERVICE, Looker, Scene, open_scene

pytestmark = pytest.mark.e2e


@pytest.fixture
def scene(sqlite_database: Database, browser: Browser) -> Iterator[Scene]:
    with open_scene(sqlite_database, browser) as opened:
        yield opened


def book(scene: Scene, at: str) -> Booked:
    return make_booking(scene.world, at=at, service=SERVICE, room="raum-1")


def open_own(scene: Scene, page: Page, booked: Booked) -> None:
    page.goto(f"{scene.address}/t/{booked.link_token}")
    page.get_by_role("button", name="Meinen Termin öffnen").click()


def happen(scene: Scene, booked: Booked, *kinds: FactKind) -> None:
    for kind in kinds:
        with scene.world.db.transaction() as tx:
            visit.record(tx, visit_id=booked.id, kind=kind, by="assistant", now=scene.world.now)


@pytest.mark.parametrize("size", ["desk", "phone", "200 %"])
def test_while_one_waits_every_page_fits_and_has_no_finding(scene: Scene, size: str) -> None:
    first, second = book(scene, "10:00"), book(scene, "10:40")
    page = scene.page(size)
    seen = Looker(page, size)
    open_own(scene, page, second)
    seen("60 today")
    page.locator("details:has(form[action='/mein-termin/weg']) summary").click()
    page.get_by_role("button", name="15 Minuten", exact=True).click()
    page.locator("details:has(form[action='/mein-termin/spaeter']) summary").click()
    page.locator("form[action='/mein-termin/spaeter']").get_by_role("button", name="10 Minuten").click()
    seen("61 way and late are said")
    happen(scene, first, FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED)
    scene.world.clock.set(moment(scene.world, "10:52"))
    happen(scene, second, FactKind.ARRIVED)
    page.reload()
    expect(page.get_by_text("Es dauert etwa")).to_be_visible()
    seen("62 here, later")
    happen(scene, first, FactKind.ENDED, FactKind.CLEANED)
    happen(scene, second, FactKind.CALLED)
    expect(page.get_by_text("Bitte kommen Sie jetzt: Raum 1")).to_be_visible()
    seen("63 called")
    page.goto(f"{scene.address}/viertel")
    seen("64 quarter")
    assert seen.found == {}


def test_an_open_page_is_told_at_once_and_never_loads_anew(scene: Scene) -> None:
    own = book(scene, "10:00")
    page = scene.page("phone")
    open_own(scene, page, own)
    page.wait_for_load_state()
    page.evaluate("() => { window.notReloaded = true; }")
    expect(page.get_by_text("Ich komme später")).to_be_visible()
    happen(scene, own, FactKind.ARRIVED)
    expect(page.get_by_text("Sie sind als Nächstes dran.")).to_be_visible()
    expect(page.get_by_text("Ich komme später")).to_be_hidden()
    happen(scene, own, FactKind.CALLED)
    expect(page.get_by_text("Bitte kommen Sie jetzt: Raum 1")).to_be_visible()
    assert page.evaluate("() => window.notReloaded") is True


def test_a_page_that_hears_nothing_is_marked_and_then_says_no_start(scene: Scene) -> None:
    page = scene.page("phone")
    page.clock.install()
    page.route("**/mein-termin/strom", lambda route: route.abort())
    open_own(scene, page, book(scene, "10:00"))
    start = page.get_by_text("Etwa 10:00 bis")
    expect(start).to_be_visible()
    page.wait_for_load_state()
    page.context.set_offline(True)
    page.clock.run_for(16_000)
    expect(page.locator("#stale")).to_be_visible()
    expect(start).to_be_visible()
    page.clock.run_for(110_000)
    expect(start).to_be_hidden()
    expect(page.locator("#lost")).to_contain_text("Ihr Platz bleibt erhalten.")
    expect(page.locator("#stale")).to_be_hidden()


def test_without_a_script_one_chooses_and_reads_the_same(scene: Scene) -> None:
    page = scene.page("phone", script=False)
    scene.world.clock.set(moment(scene.world, "09:30"))
    open_own(scene, page, book(scene, "10:40"))
    page.locator("details:has(form[action='/mein-termin/weg']) summary").click()
    page.get_by_role("button", name="15 Minuten", exact=True).click()
    expect(page.get_by_text("Sie können noch 45 Minuten zu Hause bleiben.")).to_be_visible()
    page.locator("details:has(form[action='/mein-termin/spaeter']) summary").click()
    page.locator("form[action='/mein-termin/spaeter']").get_by_role("button", name="20 Minuten").click()
    expect(page.get_by_text("Sie kommen 20 Minuten später. Wir wissen Bescheid.")).to_be_visible()
