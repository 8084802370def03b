"""Every page of the centre once, languages and widths in turn: axe, and what axe does not look for."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from telemed.kit.i18n import available
from tests.counts import Counted
from tests.databases import SqliteFiles, opened
from tests.e2e.every_page import PAGES, SENT
from tests.e2e.looks import by_axe, by_layout, in_forced_colours
from tests.e2e.walk import PEOPLE, WIDTHS, Turn, Walker, walk
from tests.e2e.whole_centre import House, whole_centre

pytestmark = pytest.mark.e2e


PIECES = 4


@pytest.fixture(scope="module")
def house(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """In all eight languages, also those that still lack words: their letters and their direction are what counts."""
    with (
        opened(sqlite_files.fresh_url()) as database,
        whole_centre(tmp_path_factory.mktemp("centre"), database) as made,
    ):
        made.app.state.languages = available()
        yield made


@pytest.fixture(scope="module")
def walker(house: House, browser: Browser) -> Iterator[Walker]:
    """Its windows stay open from one piece to the next."""
    made = Walker(house, browser)
    yield made
    made.close()


def turns() -> list[Turn]:
    """Neighbours in the table differ in language, width or both."""
    every = available()
    return [
        Turn(look, every[n % len(every)] if look.who in PEOPLE else every[0], WIDTHS[n // 2 % len(WIDTHS)])
        for n, look in enumerate((*PAGES, *SENT))
    ]


@pytest.mark.parametrize("piece", range(PIECES))
def test_nothing_is_wrong_with_any_page(walker: Walker, counted: Counted, piece: int) -> None:
    size = -(-len(turns()) // PIECES)
    own = turns()[piece * size : (piece + 1) * size]
    found = {str(turn): wrong for turn, wrong in walker.walk(own, by_axe, by_layout) if wrong}
    counted(f"{len(own)} pages looked at by axe and for their layout")
    assert found == {}


def test_nothing_is_lost_in_forced_colours(house: House, browser: Browser) -> None:
    narrow = [Turn(look, "ar", 320) for look in PAGES if look.route in ("/", "/mein-termin")]
    assert {str(turn): wrong for turn, wrong in walk(house, browser, narrow, in_forced_colours) if wrong} == {}


def test_what_is_wrong_would_be_found(house: House, browser: Browser) -> None:
    page = house.open(browser, PAGES[0].who, {"width": 320, "height": 640}).new_page()
    page.goto(house.address)
    page.evaluate(SPOILT)
    found = "\n".join([*by_axe(page), *by_layout(page)])
    page.context.close()
    for wrong in (
        *("button-name", "clipped: p.a", "hangs out: p.b", "too small", "overlap: button.c", "⟦web.never⟧"),
        *("no font of ours has ⟦⟧漢", "no focus to be seen: button.c", "tabindex: button.e", "the page is too wide"),
        "number turned round: 030 23125 042",
    ):
        assert wrong in found, (wrong, found)


SPOILT = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`.a { width: 2em; overflow: hidden; white-space: nowrap; } .b { width: 900px; }
    .c { position: absolute; top: 300px; left: 10px; min-height: 0; height: 20px; }
    .c:focus { outline: none; box-shadow: none; } .d { position: absolute; top: 305px; left: 15px; }`);
  document.adoptedStyleSheets = [sheet];
  const main = document.querySelector('main');
  for (const [name, tag, text] of [['a', 'p', 'Das passt nicht hinein'], ['b', 'p', 'zu breit ⟦web.never⟧ 漢'],
    ['c', 'button', ''], ['d', 'button', 'darüber'], ['e', 'button', 'voraus'],
    ['f', 'p', 'هاتف 030 23125 042']]) {
    const made = document.createElement(tag);
    made.className = name;
    made.textContent = text;
    if (name === 'e') made.tabIndex = 3;
    if (name === 'f') made.dir = 'rtl';
    main.append(made);
  }
}"""
