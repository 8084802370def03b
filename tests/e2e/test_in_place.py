"""A part of a page is exchanged in place by htmx, held to the page's policy; without a script it comes as a page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.databases import SqliteFiles, opened
from tests.e2e.whole_centre import House, Who, whole_centre

pytestmark = pytest.mark.e2e
DAYS = "/assistenz/termine"
FOREIGN = """() => {
  const made = document.createElement('a');
  made.id = 'foreign';
  made.href = '#';
  made.setAttribute('hx-get', '/assistenz/termine');
  made.setAttribute('hx-target', '#main');
  document.querySelector('main').append(made);
  window.htmx.process(made);
  return made.hasAttribute('hx-get');
}"""


@pytest.fixture(scope="module")
def house(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with (
        opened(sqlite_files.fresh_url()) as database,
        whole_centre(tmp_path_factory.mktemp("centre"), database) as made,
    ):
        yield made


def days(house: House, browser: Browser, **more: bool) -> Page:
    page = house.open(browser, Who.ASSISTANT, {"width": 1280, "height": 900}, **more).new_page()
    page.goto(house.address + DAYS)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dienstag, 1. Dezember")
    return page


def test_another_day_comes_without_the_page_and_the_focus_stays(house: House, browser: Browser) -> None:
    page = days(house, browser)
    refused: list[str] = []
    page.on("console", lambda one: refused.append(one.text) if one.type == "error" else None)
    page.wait_for_function("() => Boolean(window.htmx)")
    page.evaluate("() => { window.same = true; }")
    page.locator("#after").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mittwoch, 2. Dezember")
    expect(page.locator("#after")).to_be_focused()
    page.get_by_label("Tag").fill("2026-12-03")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Donnerstag, 3. Dezember")
    assert page.evaluate("() => window.same")
    assert page.url.endswith("tag=2026-12-03")
    assert refused == []
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mittwoch, 2. Dezember")
    page.context.close()


def test_what_has_no_nonce_of_ours_does_nothing(house: House, browser: Browser) -> None:
    page = days(house, browser)
    page.wait_for_function("() => Boolean(window.htmx)")
    assert page.evaluate(FOREIGN) is False
    page.context.close()


def test_without_a_script_the_same_day_comes_as_a_page(house: House, browser: Browser) -> None:
    page = days(house, browser, java_script_enabled=False)
    page.locator("#after").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mittwoch, 2. Dezember")
    page.context.close()
