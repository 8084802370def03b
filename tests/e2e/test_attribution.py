"""Whose value it is, on the doctor's page: said, noted, corrected, kept over a crash of the room, handed over."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ops.programs import NAMES, Programs, free_port
from tests.e2e.chromium import AXE, CALL, chromium
from tests.e2e.introduced import introduce
from tests.e2e.shots import shot
from tests.e2e.test_call_page import (
    PATIENCE_MS,
    book_and_arrive,
    call,
    downloaded,
    measure,
    open_kiosk,
    sign_in,
)
from tests.warm import WarmPrograms

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
SHOTS = Path(os.environ.get("SHOTS", "build/shots"))
PRESSURE = ".vital[data-kind=blood-pressure]:not([data-held])"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Programs]:
    """Centre and room agent, with somebody waiting."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    with WarmPrograms(tmp_path, ports={name: free_port(0) for name in NAMES}) as programs:
        programs.prepare()
        book_and_arrive(programs)
        programs.start("telemed")
        programs.start("room-agent")
        yield programs


def clean_of_axe(page: Page) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })")
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


def shoot(page: Page, name: str) -> None:
    for wide, high in ((360, 740), (960, 540), (1920, 1080)):
        page.set_viewport_size({"width": wide, "height": high})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, wide
        shot(page, SHOTS / f"{name}-{wide}.png", full_page=True)


def told(bundle: Any) -> list[tuple[str, list[str]]]:
    """Status and who said what, of each Observation."""
    resources = [each["resource"] for each in bundle["entry"]]
    notes = ((each, [note for note in each.get("note", []) if "authorString" in note]) for each in resources)
    return [(each["status"], [f"{note['authorString']} {note['text']}" for note in said]) for each, said in notes]


def test_who_said_whose_value_it_is_stands_beside_it_and_in_the_bundle(room: Programs) -> None:
    with chromium(*CALL) as browser:
        kiosk, page = open_kiosk(room, browser), sign_in(room, browser)
        call(page)
        introduce(page)
        measure(page, "blood-pressure")
        card = page.locator(PRESSURE).filter(has_text="mmHg")
        expect(card).to_contain_text("noch nicht bestätigt")
        expect(card).to_contain_text("Blutdruckmessgerät")
        assert told(downloaded(page)) == [("preliminary", [])] * 2
        kiosk.locator("#whose [data-by=patient][data-belongs=yes]").click()
        expect(card).to_contain_text("bestätigt: Patientin oder Patient")
        assert told(downloaded(page)) == [("final", ["patient of-this-patient"])] * 2
        card.get_by_role("button", name="Gehört nicht dazu").click()
        expect(card).to_contain_text("gehört nicht zu dieser Person (gesagt: Ärztin oder Arzt)")
        expect(card.locator(".chip-stop")).to_be_in_viewport(ratio=1)
        expect(page.locator("#observations s").first).to_be_visible()
        assert (
            card.locator(".vital-line").first.evaluate("(line) => getComputedStyle(line).textDecorationLine")
            == "line-through"
        )
        wrong = ("entered-in-error", ["patient of-this-patient", "doctor not-of-this-patient"])
        assert told(downloaded(page)) == [wrong] * 2
        clean_of_axe(page)
        shoot(page, "doctor-whose")
        _vanish_and_return(room, browser.contexts[0].new_page(), page)
        _somebody_else_ends(page)


def _vanish_and_return(room: Programs, faults: Page, page: Page) -> None:
    chip = page.locator(".kind", has=page.locator("[data-kind=blood-pressure]")).locator(".device-is")
    expect(chip).to_have_text("Blutdruckmessgerät: bereit")
    faults.goto(room.url("room-agent") + "/faults")
    choice = "form[data-device=blood-pressure] input[value={}]"
    faults.locator(choice.format("absent")).check()
    expect(chip).to_have_text("Blutdruckmessgerät: Verbindung verloren", timeout=3_000)
    shot(page, SHOTS / "doctor-device-gone.png")
    faults.locator(choice.format("none")).check()
    expect(chip).to_have_text("Blutdruckmessgerät: bereit", timeout=10_000)


def test_after_a_crash_of_the_room_the_page_has_its_copy_and_goes_on(room: Programs) -> None:
    with chromium(*CALL) as browser:
        open_kiosk(room, browser)
        page = sign_in(room, browser)
        call(page)
        introduce(page)
        measure(page, "blood-pressure")
        room.kill("room-agent")
        expect(page.locator("#device-state")).not_to_contain_text("gut verbunden", timeout=PATIENCE_MS)
        card = page.locator(PRESSURE).filter(has_text="mmHg")
        expect(card).to_contain_text("121/79")
        shot(page, SHOTS / "doctor-room-gone.png")
        card.get_by_role("button", name="Laut gefragt").click()
        expect(card).to_contain_text("bestätigt: Ärztin oder Arzt")
        room.start("room-agent")
        expect(page.locator("#device-state")).to_contain_text("gut verbunden", timeout=PATIENCE_MS)
        expect(card).to_contain_text("121/79")
        card.get_by_role("button", name="Gehört nicht dazu").click()  # the room does not know this value any more
        expect(card).to_contain_text("gehört nicht zu dieser Person")
        expect(page.locator("#rollcall-state")).to_have_text("vorgestellt", timeout=PATIENCE_MS)  # by itself
        measure(page, "thermometer")
        bundle = downloaded(page)
        assert [status for status, _ in told(bundle)] == [
            "entered-in-error",
            "entered-in-error",
            "preliminary",
        ]  # one cuff, one answer
        kinds = [each["resource"]["code"]["coding"][0]["code"] for each in bundle["entry"]]
        assert kinds == ["85354-9", "8867-4", "8310-5"]


def _somebody_else_ends(page: Page) -> None:
    """What nobody saved is not thrown away by somebody else's end."""
    measure(page, "thermometer")
    second = page.context.new_page()
    second.goto(page.url.partition("?")[0])  # who has not joined has no values to lose
    second.locator("#end").click()
    second.locator("#end-form button.danger").click()
    second.wait_for_url("**/arzt")
    expect(page.locator("#left-dialog")).to_be_visible(timeout=PATIENCE_MS)
    clean_of_axe(page)
    shot(page, SHOTS / "doctor-left.png")
    with page.expect_download() as started:
        page.locator("#left-download").click()
    assert "8310-5" in Path(started.value.path()).read_text(encoding="utf-8")
    page.locator("#left-go").click()
    page.wait_for_url("**/arzt")
