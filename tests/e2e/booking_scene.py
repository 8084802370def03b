"""The resident's pages of the Lobeda room, open to a browser, and what is looked for on each."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from telemed.booking import service as booking
from telemed.directory import service as directory
from telemed.kit.db import Database
from tests.booking.residents import LOBEDA, lobeda, served
from tests.builders import OPERATOR, World, make_booking
from tests.e2e.chromium import AXE
from tests.e2e.shots import shot

SERVICE = "allgemein-20-blutdruck"
COMMON = "allgemein-20"
"""What the first tile leads to: as long, with the same doctor in the same room."""
SIZES: dict[str, tuple[ViewportSize, float]] = {
    "desk": ({"width": 1920, "height": 1080}, 1),
    "phone": ({"width": 360, "height": 740}, 2),
    "200 %": ({"width": 960, "height": 540}, 2),
    "400 %": ({"width": 320, "height": 256}, 4),
}
WALKED = ("phone", "400 %")
"""The sizes at which a whole walk is looked at; what has an address is seen at others in `test_every_page`."""
BY_AXE = "phone"
"""The size at which axe looks at what is reached by a form: once is enough."""
TARGET_PX = 64

SMALL_TARGETS = """(least) => [...document.querySelectorAll(
    'main button, main a, main summary, main select, main label.tile, '
    + 'main input:not([type=hidden], [type=radio], [type=checkbox])')]
  .filter(e => e.getClientRects().length && e.getBoundingClientRect().height < least - 0.5)
  .map(e => e.tagName + ' ' + (e.textContent.trim() || e.name) + ' ' + e.getBoundingClientRect().height)"""
TOO_WIDE = """() => [...document.querySelectorAll('body *')].filter(e => e.getClientRects().length && !e.closest('svg')
  && !e.closest('.visually-hidden, .skip-link') && e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.tagName + '.' + e.className)"""
MISSING_WORDS = "() => document.documentElement.outerHTML.match(/⟦[^⟧]*⟧/g) ?? []"
FINDINGS = """async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag2aaa', 'wcag21a', 'wcag21aa',
  'wcag22aa', 'best-practice'], resultTypes: ['violations'], preload: false})).violations.map(
  v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 120)).join(' | '))"""

Seen = Callable[[str], None]


@dataclass(frozen=True)
class Scene:
    """The pages, open to a browser."""

    world: World
    address: str
    browser: Browser

    def page(self, size: str = "desk", *, script: bool = True) -> Page:
        viewport, scale = SIZES[size]
        return self.context(viewport, scale, script=script).new_page()

    def context(self, viewport: ViewportSize, scale: float, *, script: bool) -> BrowserContext:
        return self.browser.new_context(
            viewport=viewport, device_scale_factor=scale, java_script_enabled=script, locale="de-DE"
        )

    def own(self, page: Page, at: str = "15:00") -> None:
        """The own page of an appointment."""
        booked = make_booking(self.world, at=at, service=SERVICE, room="raum-1")
        page.goto(f"{self.address}/t/{booked.link_token}")
        page.get_by_role("button", name="Meinen Termin öffnen").click()

    def free_up(self, at: str = "12:00") -> None:
        """Somebody had *at*, and says no: it goes to whoever waits."""
        gone = make_booking(self.world, at=at, service=SERVICE, room="raum-1")
        with self.world.db.transaction() as tx:
            booking.cancel(tx, self.world.secrets, gone.id, actor=OPERATOR, now=self.world.now)

    def send_away(self, role_id: str) -> None:
        """This doctor is away for longer than one may book ahead."""
        resources = (entry["resource"] for entry in json.loads((LOBEDA / "doctors.json").read_text())["entry"])
        role = next(one for one in resources if one["id"] == role_id)
        away = [{"description": "Elternzeit", "during": {"start": "2026-11-01", "end": "2027-03-01"}}]
        with self.world.db.transaction() as tx:
            directory.take(tx, {**role, "notAvailable": away}, now=self.world.now)


@contextmanager
def open_scene(database: Database, browser: Browser) -> Iterator[Scene]:
    world = lobeda(database)
    with served(world) as address:
        yield Scene(world, address, browser)
    for context in browser.contexts:
        context.close()


def to_contact(page: Page, address: str, seen: Seen = lambda _name: None, *, pick: int = 0) -> None:
    """From the start to the contact page, with the *pick*-th of the suggested times."""
    page.goto(address)
    seen("1 start")
    page.get_by_role("link", name="Termin ausmachen").click()
    seen("2 what")
    page.locator(f"button[value={COMMON}]").click()
    seen("3 when")
    page.locator("button[name=offer]").nth(pick).click()
    seen("4 needs")
    page.get_by_role("button", name="Weiter").click()
    seen("5 contact")


def fill_contact(page: Page) -> None:
    page.get_by_label("Vorname und Nachname").fill("Hannelore Sommer")
    page.get_by_label("Geburtsjahr").fill("1948")
    page.get_by_text("Nur Papier").click()


def faults(page: Page, *, by_axe: bool = True) -> list[str]:
    """What is wrong with the page as it is shown. Every page is looked at by axe in `test_every_page`, too."""
    page.wait_for_load_state("load")  # a page without its stylesheet has small targets
    found: list[str] = page.evaluate(MISSING_WORDS)
    if by_axe:
        page.evaluate(AXE.read_text())
        found += page.evaluate(FINDINGS)
    found += [f"too small: {one}" for one in page.evaluate(SMALL_TARGETS, TARGET_PX)]
    return found + [f"too wide: {one}" for one in page.evaluate(TOO_WIDE)]


class Looker:
    """Looks at pages in turn: keeps what is wrong with each, and its picture, if ``SHOTS`` names a folder."""

    def __init__(self, page: Page, size: str) -> None:
        self.found: dict[str, list[str]] = {}
        self._page = page
        self._size = size

    def __call__(self, name: str) -> None:
        if wrong := faults(self._page, by_axe=self._size == BY_AXE):
            self.found[name] = wrong
        folder = os.environ.get("SHOTS")
        if folder:
            place = Path(folder) / f"{re.sub('[^a-z0-9]+', '-', f'{name} {self._size}'.lower())}.png"
            shot(self._page, place, full_page=True)
