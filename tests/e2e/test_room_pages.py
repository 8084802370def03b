"""The pages for staff on the room's own machine, in Chromium: without a line for the assistant, and for the faults."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Page, ViewportSize, expect

from room_agent.devices.driver import DeviceState
from schemas.day import FactKind
from schemas.measurement import MeasurementKind
from telemed.kit.i18n import words
from tests.e2e.booking_scene import MISSING_WORDS, TOO_WIDE
from tests.e2e.chromium import AXE
from tests.e2e.kiosk_scene import Scene
from tests.e2e.shots import shot_of
from tests.room_agent.world import KIOSK_CODE, ticket, until, visit

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]
TEXT = words().text
SHOTS = Path(os.environ.get("SHOTS", "build/shots"))
SIZES: tuple[ViewportSize, ...] = ({"width": 1920, "height": 1080}, {"width": 360, "height": 740})
CODE = "407193"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FINDINGS = """async (tags) => (await axe.run(document, {runOnly: tags})).violations.map(
  v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 120)).join(' | '))"""
SMALL = """() => [...document.querySelectorAll('main button, main a, main label, main input:not([type=radio])')]
  .filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 47.5 && !e.htmlFor)
  .map(e => e.tagName + ' ' + e.textContent.trim())"""


async def in_order(page: Page, name: str) -> None:
    """Nothing cut off, too small or without its word, and axe finds nothing, on the big screen and on a telephone."""
    for size in SIZES:
        await page.set_viewport_size(size)
        await page.wait_for_function("() => document.fonts.status === 'loaded'")
        await shot_of(page, SHOTS / f"room-{name}-{size['width']}.png", full_page=True)
        await page.evaluate(AXE.read_text(encoding="utf-8"))
        assert await page.evaluate(FINDINGS, AXE_TAGS) == [], (name, size)
        assert await page.evaluate(TOO_WIDE) == [], (name, size)
        assert await page.evaluate(SMALL) == [], (name, size)
        assert await page.evaluate(MISSING_WORDS) == [], (name, size)
    await page.set_viewport_size(SIZES[0])


async def without_line(room: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The centre is gone, and the room has noticed."""
    room.centre.away = True
    for link in list(room.centre.links):
        await link.close(1001)
    monkeypatch.setattr("room_agent.room.SILENCE_S", 0.1)
    await until(lambda: not room.agent.room.line_ok)


async def test_the_assistant_goes_from_the_kiosk_through_a_visit_without_a_line(
    room: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = visit("visit-2", code=ticket("moon", "B", "22"))
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    await room.plan(visit(), second, seq=2, assistant_code=CODE)
    page = room.page
    await without_line(room, monkeypatch)
    await page.click("#help-button")
    await expect(page.locator("#help h2:visible")).to_have_text(TEXT("kiosk.help.is.line"))
    await shot_of(page, SHOTS / "room-help.png")
    await page.click("#assistant-line a")
    await expect(page.locator("[data-help-call]")).to_contain_text(TEXT("help.what.help"))
    await in_order(page, "assistant-code")
    await page.fill("#code", "111111")
    await page.keyboard.press("Enter")
    await expect(page.locator("#code-error")).to_be_visible()
    await in_order(page, "assistant-code-wrong")
    await page.fill("#code", f"{CODE[:3]} {CODE[3:]}")
    await page.keyboard.press("Enter")
    await page.locator("[data-help-call] button").click()
    await expect(page.locator("[data-help-call]")).to_have_count(0)
    assert room.agent.room.help.state == "coming"
    first = page.locator("[data-visit=visit-1]")
    for kind in ("arrived", "called", "ended"):
        step = first.get_by_role("button", name=TEXT(f"room.assist.do.{kind}"))
        await expect(step).to_be_visible()
        await in_order(page, f"assistant-before-{kind}")
        await step.click()
    await expect(first).to_have_attribute("data-state", "ended")
    await in_order(page, "assistant-uncleaned")
    await first.get_by_role("button", name=TEXT("room.assist.do.cleaned")).click()
    await expect(first.get_by_role("button")).to_have_count(0)
    await page.get_by_role("button", name=TEXT("room.assist.done")).click()
    await room.shows("welcome")
    assert [each.kind for each in room.agent.room.journal.untaken()] == [
        FactKind.ARRIVED,
        FactKind.CALLED,
        FactKind.ENDED,
        FactKind.CLEANED,
    ]


async def test_the_page_leaves_by_itself_when_nobody_touches_it(room: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("room_agent.assistant.IDLE_S", 0.5)
    answer = await room.page.goto(room.kiosk_url.replace("/kiosk", "/assistenz"))
    assert answer is not None
    assert answer.ok
    assert answer.url.endswith("/assistenz")
    await room.page.wait_for_url("**/kiosk")


async def test_a_fault_is_provoked_by_hand_and_there_at_once(room: Scene) -> None:
    page = room.page
    cuff = room.agent.devices.drivers[MeasurementKind.BLOOD_PRESSURE]
    await page.goto(room.kiosk_url.replace("/kiosk", "/faults"))
    await in_order(page, "faults")
    await until(lambda: cuff.state is DeviceState.READY)
    form = page.locator("[data-device=blood-pressure]")
    await form.get_by_label(TEXT("fault.absent")).check()
    await expect(form.locator("[data-said]")).to_have_text(TEXT("faults.done"))
    await until(lambda: cuff.state is not DeviceState.READY)
    await page.reload()
    await expect(form.get_by_label(TEXT("fault.absent"))).to_be_checked()
    camera = page.locator("[data-device=camera-room]")
    await camera.locator("input[value=none]").focus()
    await page.keyboard.press("ArrowDown")
    await expect(camera.locator("[data-said]")).to_have_text(TEXT("faults.done"))
    assert {each.device for each in room.agent.faulty if each.fault != "none"} == {"blood-pressure", "camera-room"}
    await page.get_by_role("button", name=TEXT("faults.mend_all")).click()
    await expect(form.get_by_label(TEXT("fault.none"))).to_be_checked()
    assert {each.fault for each in room.agent.faulty} == {"none"}
    await until(lambda: cuff.state is DeviceState.READY)
