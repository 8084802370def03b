"""A booking from the start page to the ticket by keyboard alone, counted as it is done in Chromium.

An action is one activated control or one filled field; Tab is not counted. A screen is a page that asks something. What
is pressed is found by Tab alone, from where the page puts the focus, and must show it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

from telemed.kit.db import Database
from tests.bench.harness import Figure, note
from tests.booking.residents import lobeda, served
from tests.databases import SqliteFiles, opened
from tests.e2e.chromium import chromium

MOST_SCREENS, MOST_ACTIONS = 5, 12
MOST_TABS = 80
AT = "(wanted) => document.activeElement?.matches(wanted) ?? false"
SHOWN = """() => { const style = getComputedStyle(document.activeElement);
  const ring = document.activeElement.matches('input[type=radio]')
    ? getComputedStyle(document.activeElement.closest('label')) : style;
  return ring.outlineStyle !== 'none' && parseFloat(ring.outlineWidth) >= 2; }"""


class Stuck(Exception):
    """The keyboard does not come there, or does not show where it is."""


@dataclass
class Hands:
    """Presses keys, and counts."""

    page: Page
    actions: int = 0
    tabs: int = 0
    screens: list[str] = field(default_factory=list)

    def press(self, wanted: str, key: str = "Enter") -> None:
        """Activate a control that leads to another page."""
        self._to(wanted)
        with self.page.expect_navigation():
            self.page.keyboard.press(key)
        self.actions += 1
        self.page.wait_for_load_state()
        step = self.page.locator("main .step")
        if step.count() and step.inner_text().strip():
            self.screens.append(step.inner_text())

    def choose(self, wanted: str) -> None:
        self._to(wanted)
        self.page.keyboard.press("Space")
        self.actions += 1

    def fill(self, wanted: str, text: str) -> None:
        self._to(wanted)
        self.page.keyboard.type(text)
        self.actions += 1

    def _to(self, wanted: str) -> None:
        for _ in range(MOST_TABS):
            if self.page.evaluate(AT, wanted):
                if not self.page.evaluate(SHOWN):
                    raise Stuck(f"the focus on {wanted} is not to be seen")
                return
            self.page.keyboard.press("Tab")
            self.tabs += 1
        raise Stuck(f"the keyboard does not come to {wanted}")


@contextmanager
def _database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder, opened(SqliteFiles(Path(folder)).fresh_url()) as database:
        yield database


def book(page: Page, address: str) -> Hands:
    """From the start page to the ticket, to be reached by telephone, as most will."""
    hands = Hands(page)
    page.goto(address)
    page.wait_for_load_state()
    hands.press("a[href='/termin']")
    hands.press("button[name=service]")
    hands.press("button[name=offer]")
    hands.press("form[action='/termin/kontakt'] .actions button")
    hands.fill("#name", "Hannelore Sommer")
    hands.fill("#birth_year", "1948")
    hands.choose("input[value=phone]")
    hands.fill("#phone", "030 23125 111")
    hands.press("#phone")
    hands.press("#booking .actions button")
    page.locator(".ticket-words").wait_for()
    return hands


def measure() -> Iterator[Figure]:
    with _database() as database, chromium() as browser:
        world = lobeda(database)
        with served(world) as address:
            hands = book(browser.new_page(locale="de-DE"), address)
    note(f"screens: {', '.join(hands.screens)}; Tab was pressed {hands.tabs} times")
    screens = len(dict.fromkeys(hands.screens))
    name = "booking from start page to ticket, keyboard only"
    yield Figure("F", 1, f"{name}: screens", screens, "screens", f"≤ {MOST_SCREENS}", screens <= MOST_SCREENS)
    actions = hands.actions
    yield Figure("F", 1, f"{name}: actions", actions, "actions", f"≤ {MOST_ACTIONS}", actions <= MOST_ACTIONS)
