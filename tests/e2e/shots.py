"""Pictures of pages without the people in them: pictures of cameras are hidden while one is taken.

Every test takes its pictures here; `tests/test_intended_purpose.py` finds one that does not.
"""

from pathlib import Path

from playwright.async_api import Page as AsyncPage
from playwright.sync_api import Page

MEDIA = "video, .still canvas, #frozen canvas"
"""What shows a camera's picture. Curves are drawn from simulated devices, and are what such a picture is taken for."""
HIDE = f"() => document.querySelectorAll('{MEDIA}').forEach((each) => each.style.setProperty('visibility', 'hidden'))"
SHOW = f"() => document.querySelectorAll('{MEDIA}').forEach((each) => each.style.removeProperty('visibility'))"


def shot(page: Page, path: Path | str, *, full_page: bool = False) -> None:
    """Write a picture of *page* to *path*, without media."""
    page.evaluate(HIDE)
    page.screenshot(path=path, full_page=full_page)
    page.evaluate(SHOW)


def part_of(page: Page, selector: str) -> bytes:
    """A picture of one part of *page*, as PNG, without media."""
    page.evaluate(HIDE)
    taken = page.locator(selector).screenshot()
    page.evaluate(SHOW)
    return taken


def picture_of(page: Page) -> bytes:
    """The same as a PNG in memory, for whoever measures it."""
    page.evaluate(HIDE)
    picture = page.screenshot()
    page.evaluate(SHOW)
    return picture


async def shot_of(page: AsyncPage, path: Path | str, *, full_page: bool = False) -> None:
    """The same, for tests with a loop."""
    await page.evaluate(HIDE)
    await page.screenshot(path=path, full_page=full_page)
    await page.evaluate(SHOW)
