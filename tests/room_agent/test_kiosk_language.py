"""The kiosk speaks the language that its address asks for, offers others by their own names, and keeps no choice."""

from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from fastapi.testclient import TestClient
from lxml import html

from room_agent.app import create_app
from room_agent.keyboard import read
from room_agent.wiring import TEMPLATES, Agent
from telemed.kit.clock import ExerciseClock
from telemed.web.languages import OWN_NAMES
from telemed.web.pages import FrameInfo, Pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def page(address: str) -> Any:
    """The kiosk's page of a room without a plan, as it was served."""
    clock = ExerciseClock(timedelta(0))
    pages = Pages(TEMPLATES, frame=FrameInfo(True, False, lambda: clock.offset, "room_agent"))
    agent = SimpleNamespace(pages=pages, room=SimpleNamespace(plan=None), keyboard=read("yes=F14,help=Help"))

    @asynccontextmanager
    async def running() -> "AsyncIterator[Agent]":
        yield cast("Agent", agent)

    app = create_app(running)
    with TestClient(app) as client:
        answer = client.get(address, headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers, "who comes next chooses anew"
    return html.fromstring(answer.text)


@pytest.mark.parametrize(
    ("address", "language", "direction"),
    [("/kiosk", "de", "ltr"), ("/kiosk?sprache=ar", "ar", "rtl"), ("/kiosk?sprache=xx", "de", "ltr")],
)
def test_it_speaks_as_its_address_says_and_offers_each_language_by_its_own_name(
    address: str, language: str, direction: str
) -> None:
    made = page(address)
    assert (made.get("lang"), made.get("dir")) == (language, direction)
    links = made.xpath("//a[@data-language]")
    assert [each.text for each in links] == list(OWN_NAMES.values())
    assert [each.get("href") for each in links] == [f"/kiosk?sprache={each}" for each in OWN_NAMES]
    assert made.get_element_by_id("language").get("data-language") == language


def test_it_knows_the_keys_of_the_room() -> None:
    keys = page("/kiosk").get_element_by_id("keys")
    assert [keys.get(f"data-{meaning}") for meaning in ("yes", "no", "help")] == ["F14", "", "Help"]
