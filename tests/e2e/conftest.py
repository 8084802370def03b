"""Fixtures of the pages' tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser as AsyncBrowser
from playwright.sync_api import Browser

from tests.e2e.chromium import chromium
from tests.e2e.kiosk_scene import Scene, kiosk_browser, scene

LONG = (
    "test_call_page",
    "test_attribution",
    "test_kiosk_whose",
    "test_outages",
    "test_visit",
    "test_trust_page",
    "test_measuring",
    "test_planning_desk",
    "test_guests",
    "test_kiosk_page",
    "test_firefox",
    "test_broken_device",
    "test_demo",
)
"""What takes longest goes first, so that no worker is left alone with it at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


SHOTS = Path(__file__).parents[2] / "build" / "shots"
"""Where pictures of pages go, to be looked at."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a module; each opens pages of its own, and closes them."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One loop for the tests of a module, as they share a browser."""
    return "asyncio"


@pytest.fixture(scope="module")
async def rooms_browser() -> AsyncIterator[AsyncBrowser]:
    """One browser for the rooms of a module, whose windows are closed after each."""
    async with kiosk_browser() as started:
        yield started


@pytest.fixture
def measuring_s() -> float:
    """How long the simulated cuff takes."""
    return 1.0


@pytest.fixture
async def room(tmp_path: Path, rooms_browser: AsyncBrowser, measuring_s: float) -> AsyncIterator[Scene]:
    """A whole room with its kiosk's page, and a small centre that does as a test says."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    async with scene(tmp_path, rooms_browser, measuring_s=measuring_s) as made:
        yield made
