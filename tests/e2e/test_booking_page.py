"""The resident's pages in Chromium: without a script, by keyboard, on a phone, enlarged, on paper."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.kit.db import Database
from telemed.visit import service as visit
from tests.bench.issue_f import row_1_keyboard as keyboard
from tests.builders import World, make_booking
from tests.e2e.booking_scene import SERVICE, WALKED, Looker, Scene, Seen, fill_contact, open_scene, to_contact

pytestmark = pytest.mark.e2e

SIXTEEN_PT = 16 * 96 / 72
SMALL_PRINT = """(least) => [...document.querySelectorAll('main *')].filter(e => e.getClientRects().length
  && !e.closest('svg, .visually-hidden') && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
  && parseFloat(getComputedStyle(e).fontSize) < least - 0.1).map(e => e.className + ': ' + e.textContent.trim())"""


@pytest.fixture
def scene(sqlite_database: Database, browser: Browser) -> Iterator[Scene]:
    with open_scene(sqlite_database, browser) as opened:
        yield opened


def walk(page: Page, address: str, seen: Seen) -> None:
    """Past every page that a resident can meet on her way to an appointment."""
    to_contact(page, address, seen)
    page.locator("input[value=phone]").check()
    page.get_by_role("button", name="Weiter").click()
    seen("6 contact wrong")
    fill_contact(page)
    page.get_by_role("button", name="Weiter").click()
    seen("7 check")
    page.get_by_role("button", name="Ändern Wann").click()
    seen("7b kept time")
    page.locator("button[name=offer]").first.click()
    page.get_by_role("button", name="Termin jetzt ausmachen").click()
    seen("8 booked")
    page.get_by_role("link", name="Meinen Termin ansehen").click()
    seen("9 link")
    page.get_by_role("button", name="Meinen Termin öffnen").click()
    seen("10 own")
    page.get_by_role("link", name="Ich komme").click()
    seen("10b kept")
    page.get_by_role("link", name="Zurück").click()
    page.get_by_role("link", name="Termin absagen").click()
    seen("11 cancel")
    page.get_by_role("button", name="Ja, Termin absagen").click()
    seen("12 cancelled")
    page.goto(f"{address}/mein-termin/finden")
    seen("13 find")
    page.get_by_role("button", name="Termin zeigen").click()
    seen("14 find wrong")
    page.goto(f"{address}/termin/zeit?service={SERVICE}")
    page.locator("button[name=day]").nth(2).click()
    seen("15 times of a day")
    page.goto(f"{address}/mein-termin/nirgends")
    seen("16 refused")
    help_and_arrive(page, address, seen)


def help_and_arrive(page: Page, address: str, seen: Seen) -> None:
    """Past the list of doctors, the help at each question, the code that is sent, and the door."""
    page.goto(f"{address}/aerzte")
    seen("50 doctors")
    for name, words in (("51 found", "Hautartzt"), ("52 nothing", "Zahnarzt"), ("53 emergency", "Brustschmerz")):
        page.get_by_label("Was tut weh?").fill(words)
        page.get_by_role("button", name="Suchen").click()
        seen(name)
    page.goto(f"{address}/termin/zeit?service={SERVICE}")
    page.get_by_role("button", name="Ich weiß es nicht. Bitte helfen Sie mir.").click()
    seen("54 help")
    page.get_by_role("button", name="Bitte rufen Sie mich an").click()
    seen("55 help, wrong")
    page.get_by_label("Vorname und Nachname").fill("Hannelore Sommer")
    page.get_by_label("Ihre Telefon-Nummer").fill("030 23125 111")
    page.get_by_role("button", name="Bitte rufen Sie mich an").click()
    seen("56 called back")
    page.goto(f"{address}/mein-termin/zahl")
    page.get_by_role("button", name="Zahl schicken").click()
    seen("57 code, wrong contact")
    page.get_by_label("Ihre Handy-Nummer").fill("0171 0000000")
    page.get_by_role("button", name="Zahl schicken").click()
    seen("58 code")
    page.get_by_label("Die Zahl aus der Nachricht").fill("1")
    page.get_by_role("button", name="Weiter").click()
    seen("59 code, wrong")
    page.goto(f"{address}/ankommen")
    page.get_by_label("Die sechs Ziffern").fill("1")
    page.get_by_role("button", name="Ich bin da").click()
    seen("60 door, wrong")


def wish(page: Page, address: str, seen: Seen) -> None:
    """Past what is folded away, and past a place that does not fit."""
    page.goto(f"{address}/termin/zeit?service=sprechstunde-15")
    page.get_by_text("Besondere Wünsche?").click()
    seen("18 wishes")
    page.get_by_label("Sprache im Gespräch").select_option("ar")
    page.get_by_text("Jemand kommt mit").click()
    page.get_by_role("button", name="Passende Zeiten zeigen").click()
    seen("19 wished")
    page.locator("button[name=day]").first.click()
    seen("20 times of two places")
    page.locator("button[name=offer]", has_text="Gästewohnung").first.click()
    page.get_by_text("Rollstuhl").click()
    page.get_by_role("button", name="Weiter").click()
    seen("21 does not fit")
    page.goto(f"{address}/termin/zeit?service=sprechstunde-15&language=vi")
    seen("22 nobody speaks it")


def lose_the_slot(scene: Scene, page: Page) -> None:
    """Get as far as the check page, dawdle until the time is not held any more, and have somebody else take it."""
    to_contact(page, scene.address, pick=1)
    fill_contact(page)
    page.get_by_role("button", name="Weiter").click()
    scene.world.clock.forward(timedelta(minutes=10))
    make_booking(scene.world, at="12:00", service=SERVICE, room="raum-1")
    page.get_by_role("button", name="Termin jetzt ausmachen").click()


@pytest.mark.parametrize("size", WALKED)
def test_every_page_fits_and_has_no_finding(scene: Scene, size: str) -> None:
    page = scene.page(size)
    seen = Looker(page, size)
    walk(page, scene.address, seen)
    wish(page, scene.address, seen)
    lose_the_slot(scene, page)
    seen("17 lost")
    assert seen.found == {}


def test_the_booking_needs_no_script_five_screens_and_at_most_twelve_actions(scene: Scene) -> None:
    page = scene.page("phone", script=False)
    screens: list[str] = []
    to_contact(page, scene.address, screens.append)
    actions = 4
    page.get_by_label("Vorname und Nachname").fill("Hannelore Sommer")
    page.get_by_label("Geburtsjahr").fill("1948")
    page.locator("label", has_text="Telefon").first.click()
    page.get_by_label("Ihre Telefon-Nummer").fill("030 23125 111")
    page.get_by_role("button", name="Weiter").click()
    screens.append("check")
    page.get_by_role("button", name="Termin jetzt ausmachen").click()
    actions += 6
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihr Termin steht fest")
    page.get_by_role("link", name="Meinen Termin ansehen").click()
    page.get_by_role("button", name="Meinen Termin öffnen").click()
    expect(page.locator(".state")).to_contain_text("Ihr Termin ist heute.")
    assert page.locator("meta[http-equiv=refresh]").count() == 1
    assert len(screens) - 1 <= 5
    assert actions <= 12


def test_the_booking_works_by_keyboard_alone_in_five_screens_and_at_most_twelve_actions(scene: Scene) -> None:
    page = scene.page()
    hands = keyboard.book(page, scene.address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihr Termin steht fest")
    assert len(dict.fromkeys(hands.screens)) <= keyboard.MOST_SCREENS
    assert hands.actions <= keyboard.MOST_ACTIONS


def test_after_a_fault_the_summary_has_the_focus_and_its_links_lead_to_the_fields(scene: Scene) -> None:
    page = scene.page()
    to_contact(page, scene.address)
    page.get_by_role("button", name="Weiter").click()
    expect(page.locator(".look-here")).to_be_focused()
    page.get_by_role("link", name="Schreiben Sie Ihr Geburtsjahr").click()
    expect(page.get_by_label("Geburtsjahr")).to_be_focused()


def test_a_lost_time_is_one_press_away_from_the_next(scene: Scene) -> None:
    page = scene.page("phone", script=False)
    lose_the_slot(scene, page)
    expect(page.get_by_role("alert")).to_contain_text("nicht mehr frei")
    page.locator("button[name=offer]").first.click()
    expect(page.locator(".slip-time")).to_contain_text("11:10")


def test_the_own_page_follows_what_happens_without_a_reload(scene: Scene) -> None:
    page = scene.page("phone")
    booked = make_booking(scene.world, at="09:10", service=SERVICE, room="raum-1")
    page.clock.install()
    page.goto(f"{scene.address}/t/{booked.link_token}")
    page.get_by_role("button", name="Meinen Termin öffnen").click()
    expect(page.locator(".state h2")).to_have_text("Ihr Termin ist heute.")
    page.wait_for_load_state()
    page.evaluate("() => { window.notReloaded = true; }")
    for kind, said in (
        (FactKind.ARRIVED, "Sie sind als Nächstes dran."),
        (FactKind.CALLED, "Bitte kommen Sie jetzt: Raum 1"),
        (FactKind.ENTERED, "Ihr Termin läuft."),
    ):
        happen(scene.world, booked.id, kind)
        page.clock.fast_forward(21_000)
        expect(page.locator(".state h2")).to_have_text(said)
    assert page.evaluate("() => window.notReloaded") is True


def happen(world: World, visit_id: str, kind: FactKind) -> None:
    with world.db.transaction() as tx:
        visit.record(tx, visit_id=visit_id, kind=kind, by="assistant", now=world.now)


def test_the_own_page_says_when_it_is_old(scene: Scene) -> None:
    page = scene.page("phone")
    booked = make_booking(scene.world, at="09:10", service=SERVICE, room="raum-1")
    page.clock.install()
    page.goto(f"{scene.address}/t/{booked.link_token}")
    page.get_by_role("button", name="Meinen Termin öffnen").click()
    page.wait_for_load_state()  # the script that notices is there
    expect(page.locator("#stale")).to_be_hidden()
    page.context.set_offline(True)
    page.clock.run_for(90_000)
    expect(page.locator("#stale")).to_be_visible()
    page.context.set_offline(False)  # now the page asks by itself
    page.wait_for_function("() => document.getElementById('stale').hidden")


def test_the_slip_is_one_sheet_in_large_print(scene: Scene) -> None:
    page = scene.page()
    to_contact(page, scene.address)
    fill_contact(page)
    page.get_by_role("button", name="Weiter").click()
    page.get_by_role("button", name="Termin jetzt ausmachen").click()
    expect(page.get_by_role("button", name="Zettel drucken")).to_be_visible()
    page.emulate_media(media="print")
    assert page.evaluate(SMALL_PRINT, SIXTEEN_PT) == []
    assert re.findall(rb"/Count (\d+)", page.pdf(prefer_css_page_size=True)) == [b"1"]


def test_the_link_on_the_slip_opens_the_booking_that_was_made(scene: Scene) -> None:
    page = scene.page(script=False)
    to_contact(page, scene.address)
    fill_contact(page)
    page.get_by_role("button", name="Weiter").click()
    page.get_by_role("button", name="Termin jetzt ausmachen").click()
    link = page.get_by_role("link", name="Meinen Termin ansehen").get_attribute("href") or ""
    with scene.world.db.reading() as tx:
        found = booking.by_link(tx, link.rpartition("/")[2])
    assert found.ticket.letter in page.locator(".ticket-words").inner_text()


def test_who_arrives_is_in_within_seconds_and_the_door_is_clear_again_in_a_quarter_of_a_minute(scene: Scene) -> None:
    page = scene.page()
    booked = make_booking(scene.world, at="09:10", service=SERVICE, room="raum-1")
    page.clock.install()
    page.goto(f"{scene.address}/ankommen")
    page.wait_for_load_state()
    expect(page.get_by_label("Die sechs Ziffern")).to_be_focused()
    page.keyboard.insert_text(f"{scene.address}/t/{booked.link_token}")  # as a reader of QR codes types
    page.keyboard.press("Enter")
    expect(page.locator(".ticket-words")).to_contain_text(booked.ticket.letter)
    page.wait_for_load_state()
    page.clock.run_for(16_000)
    expect(page.get_by_label("Die sechs Ziffern")).to_be_visible()
    expect(page.locator(".ticket-words")).to_have_count(0)
    page.wait_for_load_state()
    page.get_by_label("Die sechs Ziffern").fill("12")
    page.clock.run_for(16_000)
    expect(page.get_by_label("Die sechs Ziffern")).to_have_value("")
