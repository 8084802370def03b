"""The time that is held, moving the own appointment and the waiting list, in Chromium; the clock is moved by hand."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from telemed.kit.db import Database
from tests.builders import make_booking
from tests.e2e.booking_scene import SERVICE, SIZES, WALKED, Looker, Scene, Seen, fill_contact, open_scene, to_contact

pytestmark = pytest.mark.e2e

MORE = "Ich brauche mehr Zeit"
MINUTE_MS = 60_000


@pytest.fixture
def scene(sqlite_database: Database, browser: Browser) -> Iterator[Scene]:
    with open_scene(sqlite_database, browser) as opened:
        yield opened


def pass_minutes(scene: Scene, page: Page, minutes: float) -> None:
    """On the centre's clock and on the page's."""
    scene.world.clock.forward(timedelta(minutes=minutes))
    page.clock.run_for(int(minutes * MINUTE_MS))


def hold(scene: Scene, page: Page, seen: Seen) -> None:
    """Past the warning and the end of a held time."""
    page.clock.install()
    to_contact(page, scene.address, pick=1)
    page.wait_for_load_state()
    pass_minutes(scene, page, 8.5)
    seen("30 time runs out")
    pass_minutes(scene, page, 2)
    seen("31 time ran out")


def move(scene: Scene, page: Page, seen: Seen) -> None:
    """Past every page of moving."""
    scene.own(page)
    page.get_by_role("link", name="Termin verschieben").click()
    seen("32 move")
    page.locator("button[name=day]").nth(1).click()
    seen("33 move times")
    page.locator("button[name=offer]").first.click()
    seen("34 move check")
    page.get_by_role("button", name="Ja, Termin verschieben").click()
    seen("35 moved")
    page.get_by_role("link", name="Mein Termin").click()
    page.get_by_role("link", name="Termin verschieben").click()
    make_booking(scene.world, at="09:10", service=SERVICE, room="raum-1")
    page.locator("button[name=offer]").first.click()
    seen("36 move lost")


def earlier(scene: Scene, page: Page, seen: Seen) -> None:
    """Past waiting for an earlier time, to the yes."""
    scene.own(page, "15:30")
    page.get_by_role("link", name="Gibt es einen früheren Termin?").click()
    seen("37 earlier")
    page.get_by_role("button", name="Ja, ich möchte warten").click()
    seen("38 waits for an earlier one")
    page.get_by_role("link", name="Nicht mehr warten").click()
    seen("39 leave")
    page.goto(f"{scene.address}/mein-termin")
    seen("40 own, waiting")
    scene.free_up()
    page.goto(f"{scene.address}/mein-termin")
    seen("41 own, asked")
    page.get_by_role("link", name="Frühere Zeit ansehen").click()
    seen("42 asked")
    page.get_by_role("button", name="Ja, ich nehme diese Zeit").click()
    seen("43 taken")


def wait_in_line(scene: Scene, page: Page, seen: Seen) -> None:
    """Past nothing being free, to the own place in line."""
    scene.send_away("rolle-novak")
    page.goto(f"{scene.address}/termin/zeit?service=hno-20")
    seen("44 nothing free")
    page.get_by_role("button", name="Auf die Warteliste").click()
    page.locator("input[value=email]").check()
    page.get_by_role("button", name="Ja, ich möchte warten").click()
    seen("45 join, wrong")
    fill_contact(page)
    page.get_by_role("button", name="Ja, ich möchte warten").click()
    seen("46 joined")
    page.get_by_role("link", name="Meine Warteliste ansehen").click()
    seen("47 link")
    page.get_by_role("button", name="Meine Warteliste öffnen").click()
    seen("48 waiting")
    page.get_by_role("link", name="Nicht mehr warten").click()
    page.get_by_role("button", name="Ja, nicht mehr warten").click()
    seen("49 left")


@pytest.mark.parametrize("size", WALKED)
@pytest.mark.parametrize("walk", [hold, move, earlier, wait_in_line])
def test_every_page_fits_and_has_no_finding(scene: Scene, size: str, walk: object) -> None:
    page = scene.page(size)
    seen = Looker(page, size)
    assert callable(walk)
    walk(scene, page, seen)
    assert seen.found == {}


def test_the_page_counts_down_in_minutes_and_warns_once_two_minutes_before_the_end(scene: Scene) -> None:
    page = scene.page("phone")
    page.clock.install()
    to_contact(page, scene.address, pick=1)
    page.wait_for_load_state()
    left, more, said = page.locator("#held-left"), page.get_by_role("button", name=MORE), page.locator("#held-said")
    expect(left).to_have_text("Noch 10 Minuten.")
    expect(more).to_be_hidden()
    expect(said).to_be_empty()
    pass_minutes(scene, page, 7)
    expect(left).to_have_text("Noch 3 Minuten.")
    expect(said).to_be_empty()
    pass_minutes(scene, page, 1)
    expect(left).to_have_text("Noch 2 Minuten.")
    expect(more).to_be_in_viewport()
    expect(said).to_contain_text("Die Zeit läuft bald ab.")
    page.evaluate("""() => { window.said = 0;
      new MutationObserver(all => { window.said += all.length; }).observe(
        document.getElementById('held-said'), { childList: true, characterData: true, subtree: true }); }""")
    pass_minutes(scene, page, 1)
    expect(left).to_have_text("Noch 1 Minute.")
    assert page.evaluate("() => window.said") == 0
    pass_minutes(scene, page, 1)
    expect(page.locator("#held-until")).to_be_hidden()
    expect(said).to_contain_text("Wir halten die Zeit nicht mehr frei.")


@pytest.mark.parametrize("size", SIZES)
def test_the_warning_is_seen_however_much_the_page_is_enlarged(scene: Scene, size: str) -> None:
    page = scene.page(size)
    page.clock.install()
    to_contact(page, scene.address, pick=1)
    page.wait_for_load_state()
    pass_minutes(scene, page, 8.5)
    expect(page.get_by_role("button", name=MORE)).to_be_in_viewport(ratio=0.9)
    page.get_by_label("Vorname und Nachname").focus()
    covered = """() => { const field = document.activeElement.getBoundingClientRect();
      return field.bottom > document.getElementById('held-more').getBoundingClientRect().top; }"""
    assert not page.evaluate(covered)


def test_more_time_comes_without_a_reload_and_leaves_everything_as_it_was(scene: Scene) -> None:
    page = scene.page("phone")
    page.clock.install()
    to_contact(page, scene.address, pick=1)
    page.wait_for_load_state()
    page.get_by_label("Geburtsjahr").fill("19")
    pass_minutes(scene, page, 9)
    page.evaluate("() => { window.notReloaded = true; }")
    page.get_by_role("button", name=MORE).click()
    expect(page.locator("#held-until")).to_contain_text("bis 09:19 Uhr")
    expect(page.locator("#held-left")).to_have_text("Noch 10 Minuten.")
    expect(page.get_by_role("button", name=MORE)).to_be_hidden()
    expect(page.get_by_label("Geburtsjahr")).to_have_value("19")
    expect(page.get_by_label("Geburtsjahr")).to_be_focused()
    expect(page.locator("#held-said")).to_contain_text("bis 09:19 Uhr")
    assert page.evaluate("() => window.notReloaded") is True


def test_more_time_for_what_somebody_took_leads_to_other_times(scene: Scene) -> None:
    page = scene.page("phone")
    page.clock.install()
    to_contact(page, scene.address, pick=1)
    page.wait_for_load_state()
    page.get_by_label("Vorname und Nachname").fill("Hannelore Sommer")
    pass_minutes(scene, page, 10)
    make_booking(scene.world, at="12:00", service=SERVICE, room="raum-1")
    page.get_by_role("button", name=MORE).click()
    expect(page.get_by_role("alert")).to_contain_text("nicht mehr frei")
    expect(page.get_by_text("Hannelore Sommer")).to_be_visible()


def test_without_a_line_more_time_says_so_and_nothing_is_lost(scene: Scene) -> None:
    page = scene.page("phone")
    page.clock.install()
    to_contact(page, scene.address, pick=1)
    page.wait_for_load_state()
    page.get_by_label("Geburtsjahr").fill("1948")
    pass_minutes(scene, page, 9)
    page.context.set_offline(True)
    page.get_by_role("button", name=MORE).click()
    expect(page.locator("#held-words")).to_contain_text("Das hat nicht geklappt.")
    expect(page.get_by_label("Geburtsjahr")).to_have_value("1948")


def test_without_a_script_the_button_is_there_and_keeps_what_was_typed(scene: Scene) -> None:
    page = scene.page("phone", script=False)
    to_contact(page, scene.address, pick=1)
    page.get_by_label("Vorname und Nachname").fill("Hanne")
    page.get_by_role("button", name=MORE).click()
    expect(page.get_by_label("Vorname und Nachname")).to_have_value("Hanne")
    expect(page.locator(".held-until")).to_contain_text("Wir halten die Zeit bis 09:10 Uhr für Sie frei.")


def test_enter_in_a_field_goes_on_and_never_asks_for_time(scene: Scene) -> None:
    page = scene.page()
    to_contact(page, scene.address, pick=1)
    page.get_by_label("Vorname und Nachname").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


def test_moving_is_two_presses_and_one_to_confirm(scene: Scene) -> None:
    page = scene.page("phone", script=False)
    scene.own(page)
    page.get_by_role("link", name="Termin verschieben").click()
    page.locator("button[name=offer]").first.click()
    page.get_by_role("button", name="Ja, Termin verschieben").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihr Termin ist verschoben")
    expect(page.locator(".slip-time")).to_contain_text("09:10")


def test_freed_time_appears_on_the_own_page_without_a_reload(scene: Scene) -> None:
    page = scene.page("phone")
    page.clock.install()
    scene.own(page)
    page.get_by_role("link", name="Gibt es einen früheren Termin?").click()
    page.get_by_role("button", name="Ja, ich möchte warten").click()
    page.get_by_role("link", name="Mein Termin").click()
    page.wait_for_load_state()
    expect(page.get_by_text("Sie stehen auf der Warteliste für einen früheren Termin.")).to_be_visible()
    page.evaluate("() => { window.notReloaded = true; }")
    scene.free_up()
    page.clock.fast_forward(21_000)
    expect(page.get_by_role("link", name="Frühere Zeit ansehen")).to_be_visible()
    assert page.evaluate("() => window.notReloaded") is True


@pytest.mark.parametrize("walk", ["moved", "joined"])
def test_what_is_given_out_is_one_sheet(scene: Scene, walk: str) -> None:
    page = scene.page()
    if walk == "moved":
        scene.own(page)
        page.get_by_role("link", name="Termin verschieben").click()
        page.locator("button[name=offer]").first.click()
        page.get_by_role("button", name="Ja, Termin verschieben").click()
    else:
        scene.send_away("rolle-novak")
        page.goto(f"{scene.address}/termin/zeit?service=hno-20")
        page.get_by_role("button", name="Auf die Warteliste").click()
        fill_contact(page)
        page.get_by_role("button", name="Ja, ich möchte warten").click()
    expect(page.get_by_role("button", name="Zettel drucken")).to_be_visible()
    page.emulate_media(media="print")
    assert re.findall(rb"/Count (\d+)", page.pdf(prefer_css_page_size=True)) == [b"1"]
