"""The planning desk in Chromium: every page fits and has no finding; a booking needs no script and few presses."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from telemed.booking import holding
from telemed.booking import service as booking
from telemed.identity import service as identity
from telemed.identity.model import Actor, Role
from telemed.kit.clock import ExerciseClock
from telemed.kit.db import Database
from tests.desk.staff import ORDERED, booking_of, change, waits
from tests.desk.world import NAMES, SERVICE, World, make_world, running
from tests.e2e.booking_scene import BY_AXE, FINDINGS, MISSING_WORDS, SIZES, SMALL_TARGETS, TOO_WIDE
from tests.e2e.chromium import AXE

pytestmark = pytest.mark.e2e
TARGET_PX = 56
Seen = Callable[[str], None]


@dataclass
class Desk:
    """The planning desk, open to a browser."""

    world: World
    address: str
    browser: Browser

    def page(self, size: str = "desk", *, script: bool = True) -> Page:
        """The assistant's browser, signed in."""
        viewport, scale = SIZES[size]
        context = self.browser.new_context(
            viewport=viewport, device_scale_factor=scale, java_script_enabled=script, locale="de-DE"
        )
        with self.world.centre.db.transaction() as tx:
            token = identity.invite(tx, Actor(Role.ASSISTANT, "lindner"), now=self.world.now)
        page = context.new_page()
        page.goto(f"{self.address}/anmelden/{token}")
        page.locator("main form button").click()
        page.wait_for_url(lambda url: "/anmelden/" not in url)
        return page


@pytest.fixture
def desk(sqlite_database: Database, browser: Browser) -> Iterator[Desk]:
    world = make_world(sqlite_database)
    with running(world) as address:
        yield Desk(world, f"http://zentrum.localhost:{address.rpartition(':')[2]}", browser)
    for context in browser.contexts:
        context.close()


def fill_person(page: Page, name: str = "Rosa Vogel") -> None:
    page.get_by_label("Vorname und Nachname").fill(name)
    page.get_by_label("Geburtsjahr").fill("1941")
    page.get_by_text("Nur Papier", exact=True).click()


def book(page: Page, address: str, seen: Seen) -> None:
    """For somebody, and a series."""
    page.goto(f"{address}/assistenz/buchen")
    seen("look")
    page.get_by_label("Wofür").select_option(SERVICE)
    page.get_by_role("button", name="Freie Zeiten zeigen").click()
    seen("times")
    page.locator("button[name=offer]").first.click()
    seen("who")
    page.get_by_role("button", name="Termin buchen").click()
    seen("who wrong")
    fill_person(page)
    page.get_by_role("button", name="Termin buchen").click()
    seen("booked")
    page.goto(f"{address}/assistenz/buchen?service={ORDERED}")
    seen("order")
    page.goto(f"{address}/assistenz/buchen?service=haut-15&doctor=weiss")
    seen("nothing")
    page.goto(f"{address}/assistenz/buchen?service={SERVICE}&first=2026-12-11&count=6&weeks=2")
    page.locator("button[name=offer]").first.click()
    seen("series")
    fill_person(page)
    page.get_by_role("button", name="Alle buchen").click()
    seen("series refused")
    for box in page.locator("li:has(.chip-stop) input[name=without]").all():
        box.check()
    page.get_by_role("button", name="Alle buchen").click()
    seen("series booked")


def others(page: Page, desk: Desk, seen: Seen) -> None:
    """Who came without an appointment, and over others."""
    page.goto(f"{desk.address}/assistenz/ohne-termin")
    seen("walk-in")
    page.get_by_label("Wofür").select_option(SERVICE)
    page.get_by_label("Vorname und Nachname").fill("Otto Ohnesorg")
    page.get_by_label("Geburtsjahr").fill("1950")
    page.get_by_role("button", name="Lücke für heute suchen").click()
    seen("walk-in gap")
    page.get_by_role("button", name="Buchen: Die Person ist da").click()
    seen("walk-in booked")
    offer = booking_of(desk.world, desk.world.visits[0]).offer
    wall = offer.start + timedelta(hours=1)
    page.goto(
        f"{desk.address}/assistenz/dringend?service={SERVICE}&doctor={offer.doctor_id}&place={offer.room_id}"
        f"&first={wall:%Y-%m-%d}&time={wall:%H:%M}"
    )
    seen("urgent")
    fill_person(page, "Emil Eilig")
    page.get_by_role("button", name=re.compile("absagen")).click()
    seen("urgent without reason")
    page.get_by_text("Notfall").click()
    page.get_by_role("button", name=re.compile("absagen")).click()
    seen("urgent booked")
    page.goto(
        f"{desk.address}/assistenz/dringend?service={SERVICE}&doctor={offer.doctor_id}&place={offer.room_id}&first=2026-12-08&time=10:00"
    )
    seen("urgent free")


def line(page: Page, desk: Desk, seen: Seen) -> None:
    """The waiting list, and what must be moved."""
    page.goto(f"{desk.address}/assistenz/warteliste")
    page.locator("details summary").first.click()
    seen("waiting")
    page.goto(f"{desk.address}/assistenz/warteliste/eintragen?service={SERVICE}")
    seen("wait")
    fill_person(page)
    page.get_by_role("button", name="Eintragen").click()
    seen("waits")
    page.goto(f"{desk.address}/assistenz/verlegen")
    seen("must move")
    page.locator("button[name=offer]").first.click()
    seen("moved")
    page.goto(f"{desk.address}/assistenz/termine?tag=2026-12-01")
    seen("of a day")
    page.get_by_role("link", name=re.compile("Ändern")).first.click()
    page.locator("details summary").click()
    seen("one")
    page.locator("input[name=reason]").first.check()
    page.get_by_role("button", name="Jetzt absagen").click()
    seen("cancelled")
    page.goto(f"{desk.address}/assistenz")
    seen("tablet")


def cafe_and_defect(page: Page, address: str, seen: Seen) -> None:
    """Two people in a row, and a device that is taken out of use."""
    page.goto(f"{address}/assistenz/cafe")
    page.get_by_label("Wofür").select_option(SERVICE)
    page.get_by_role("button", name="Zeiten zeigen").click()
    for name in ("Rosa Vogel", "Otto Ohnesorg"):
        page.get_by_label("Vorname und Nachname").fill(name)
        page.get_by_label("Geburtsjahr").fill("1941")
        page.get_by_role("button", name="Buchen, dann die nächste Person").click()
        expect(page.locator("[data-booked]")).to_contain_text(name)
    page.locator("details.more summary").click()
    seen("several in a row")
    page.goto(f"{address}/assistenz/maengel")
    page.get_by_role("button", name="Melden", exact=True).click()
    seen("defect without a place")
    page.get_by_label("Wo?").select_option("raum-1/raum")
    page.get_by_text("Ist verschmutzt").click()
    page.get_by_role("button", name="Melden", exact=True).click()
    seen("defect")


def walk(page: Page, desk: Desk, seen: Seen) -> None:
    """Past every page of the planning desk."""
    book(page, desk.address, seen)
    cafe_and_defect(page, desk.address, seen)
    others(page, desk, seen)
    offered(desk.world)
    away_in_the_afternoon(desk.world)
    line(page, desk, seen)


def later(world: World, wait: timedelta, name: str, doctor: str) -> str:
    clock = world.centre.clock
    assert isinstance(clock, ExerciseClock)
    clock.forward(wait)
    made = world.book(name, doctor_id=doctor)
    clock.follow(clock.offset - wait)
    return made


def offered(world: World) -> None:
    """Somebody is to be called, for the time of the second visit."""
    world.visits[0] = later(world, timedelta(hours=2), "Frieda Freigeber", "weiss")
    waits(world)
    waits(world, "Zoe Zweite", first=False)
    with world.centre.db.transaction() as tx:
        booking.cancel(tx, world.centre.secrets, world.visits[0], actor=Actor(Role.ANYONE), now=world.now)
        assert holding.everyone_waiting(tx, now=world.now)


def away_in_the_afternoon(world: World) -> None:
    later(world, timedelta(hours=6), "Paula Planer", "weiss")
    away = {
        "description": "krank",
        "during": {"start": "2026-12-01T14:00:00+01:00", "end": "2026-12-01T18:00:00+01:00"},
    }
    change(world, "doctors", "rolle-weiss", notAvailable=[away])


def faults(page: Page) -> list[str]:
    """What is wrong with the page as it is shown, at each size."""
    page.wait_for_load_state("load")  # a page without its stylesheet has small targets
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(MISSING_WORDS)
    for size in ("phone", "200 %"):
        page.set_viewport_size(SIZES[size][0])
        wrong: list[str] = page.evaluate(FINDINGS) if size == BY_AXE else []
        wrong += [f"too small: {one}" for one in page.evaluate(SMALL_TARGETS, TARGET_PX)]
        wrong += [f"too wide: {one}" for one in page.evaluate(TOO_WIDE)]
        found += [f"{size}: {one}" for one in wrong]
    return found


def test_every_page_fits_each_size_and_has_no_finding(desk: Desk) -> None:
    page = desk.page()
    found: dict[str, list[str]] = {}

    def seen(name: str) -> None:
        if wrong := faults(page):
            found[name] = wrong

    walk(page, desk, seen)
    assert found == {}


def test_a_booking_by_telephone_needs_no_script_and_the_next_form_is_empty(desk: Desk) -> None:
    page = desk.page("phone", script=False)
    page.goto(f"{desk.address}/assistenz/buchen")
    page.get_by_label("Wofür").select_option(SERVICE)
    page.get_by_role("button", name="Freie Zeiten zeigen").click()
    page.locator("button[name=offer]").first.click()
    fill_person(page)
    page.get_by_role("button", name="Termin buchen").click()
    expect(page.locator(".ticket-words")).to_be_visible()
    page.get_by_role("link", name="Nächste Person").click()
    expect(page.get_by_label("Wofür")).to_have_value(SERVICE)
    page.locator("button[name=offer]").first.click()
    expect(page.get_by_label("Vorname und Nachname")).to_have_value("")


def test_the_slip_that_staff_print_names_nobody_else(desk: Desk) -> None:
    page = desk.page()
    shown: dict[str, list[str]] = {}

    def seen(name: str) -> None:
        for media in ("screen", "print") if name == "urgent booked" else ():
            page.emulate_media(media=media)
            shown[media] = page.get_by_text(NAMES[0]).filter(visible=True).all_inner_texts()
        page.emulate_media(media="screen")

    others(page, desk, seen)
    assert shown == {"screen": [NAMES[0]], "print": []}
