"""Fixtures of the pages' tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.chromium import chromium
from tests.e2e.kiosk_scene import Scene, scene

SHOTS = Path(__file__).parents[2] / "build" / "shots"
"""Where pictures of pages go, to be looked at."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a module; each opens pages of its own, and closes them."""
    with chromium() as started:
        yield started


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Scene]:
    """A whole room with its kiosk's page, and a small centre that does as a test says."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    async with scene(tmp_path) as made:
        yield made
