"""Opens pages of the centre in turn, in a language and a width, and says what is wrong with each."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, ViewportSize

from tests.e2e.every_page import Look
from tests.e2e.looks import at_rest, by_axe, by_layout
from tests.e2e.shots import shot
from tests.e2e.whole_centre import House, Who

WIDTHS = (320, 1280)
PEOPLE = frozenset({Who.ANYONE, Who.RESIDENT, Who.WAITING, Who.AT_HOME, Who.RELATIVE, Who.GUEST})
"""Who chooses a language; staff's pages are German."""

SEND = """([address, fields]) => {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = address;
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement('input');
    Object.assign(field, { type: 'hidden', name, value });
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}"""

Check = Callable[[Page], Sequence[str]]


@dataclass(frozen=True)
class Turn:
    """One page as it is looked at."""

    look: Look
    language: str
    width: int

    def __str__(self) -> str:
        return f"{self.look.name} in {self.language} at {self.width}"


class Walker:
    """Keeps one window for each kind of person: the files that all pages share come once."""

    def __init__(self, house: House, browser: Browser) -> None:
        self._house = house
        self._browser = browser
        self._windows: dict[Who, Page] = {}

    def page(self, turn: Turn) -> Page:
        """The page of *turn*, at rest."""
        size = ViewportSize(width=turn.width, height=900)
        page = self._windows.get(turn.look.who)
        if page is None:
            page = self._windows[turn.look.who] = self._house.open(self._browser, turn.look.who, size).new_page()
        elif page.viewport_size != size:
            page.goto("about:blank")
            page.set_viewport_size(size)
        self._open(page, turn)
        at_rest(page)
        return page

    def walk(self, turns: Iterable[Turn], *checks: Check) -> Iterator[tuple[Turn, list[str]]]:
        """What the *checks* find on each page."""
        for turn in turns:
            page = self.page(turn)
            keep(page, str(turn))
            yield turn, [each for check in checks or (by_axe, by_layout) for each in check(page)]

    def _open(self, page: Page, turn: Turn) -> None:
        url = self._house.address.replace("http:", "https:")
        page.context.add_cookies([{"name": "sprache", "value": turn.language, "url": url, "secure": True}])
        address = self._house.address + turn.look.at(self._house)
        if turn.look.sent:
            page.goto(f"{self._house.address}/nutzungsbedingungen")
            with page.expect_navigation() as coming:
                page.evaluate(SEND, [address, turn.look.fields(self._house)])
            status = coming.value.status
        else:
            answer = page.goto(address)
            status = answer.status if answer else 0
        assert status == turn.look.status, (str(turn), status)

    def close(self) -> None:
        for page in self._windows.values():
            page.context.close()


def walk(house: House, browser: Browser, turns: Iterable[Turn], *checks: Check) -> Iterator[tuple[Turn, list[str]]]:
    """What the *checks* find on each page."""
    walker = Walker(house, browser)
    try:
        yield from walker.walk(turns, *checks)
    finally:
        walker.close()


def keep(page: Page, name: str) -> None:
    """Keep a picture for people to look at, where SHOTS names a folder."""
    if folder := os.environ.get("SHOTS"):
        plain = "".join(char if char.isalnum() else "-" for char in name)
        shot(page, f"{folder}/{plain}.png", full_page=True)
