"""The room keeps a sheet that a doctor gave along until it is done, though the farewell is over, and no longer."""

import json

import pytest
from playwright.async_api import expect

from telemed.kit.i18n import words
from tests.architecture import ROOT
from tests.e2e.kiosk_scene import Scene, truth
from tests.room_agent.world import KIOSK_CODE, visit

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]
GIVEN = json.loads((ROOT / "schemas" / "examples" / "talk-take-home.v1.json").read_bytes())
BEYOND = [
    {**GIVEN, "link": "javascript:alert(1)#" + "A" * 43},
    {**GIVEN, "sheet": {**GIVEN["sheet"], "line": "x" * 601}},
]
"""Sheets that are none."""


async def test_the_sheet_stays_through_cleaning_until_it_is_done(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    await room.plan(visit(), seq=2, exercise=True)
    await room.page.wait_for_selector("[data-clock]")
    await room.call()
    doctor = await room.introduced_doctor()
    reads = "async (all) => all.map((await import('/static/js/talk.js')).readTalk)"
    assert await room.page.evaluate(reads, [json.dumps(one) for one in BEYOND]) == [None, None]
    assert await doctor.evaluate("(given) => talk.send(given)", GIVEN)
    await expect(room.page.locator("#take-home-came")).to_be_visible()
    await room.end()
    await room.shows("farewell")
    await room.plan(visit(), seq=3, exercise=True, clock_offset_s=60.0)
    place = room.page.locator("#take-home-place")
    await expect(place).to_contain_text(words().text("aftercare.block.breath"))
    await expect(place).to_contain_text(GIVEN["sheet"]["line"])
    await expect(place).to_contain_text("8. Dezember")
    await truth(room.page, "document.querySelector('[data-clock]').dataset.offsetS === '60'")  # it has heard of it
    await room.shows("farewell")
    await room.page.click("#take-home-done")
    await room.shows("cleaning")
    assert GIVEN["sheet"]["line"] not in await room.page.content()
