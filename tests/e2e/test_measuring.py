"""The doctor asks for every kind of value: nonsense is told in words; the rest comes with its unit and its digits."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.introduced import introduce
from tests.e2e.stage import PATIENCE_MS, Stage, stage, wait_for
from tests.e2e.visit import DOCTOR, SERVICE, SOMMER

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PROVOKE = """async (fault) => {
  const body = new URLSearchParams({ fault });
  return (await fetch('/faults/blood-pressure', { method: 'POST', body })).ok;
}"""
WANTED = {
    "thermometer": ["Körpertemperatur", "36,4", "°C", "im Ohr"],
    "weight": ["Gewicht", "72,5", "kg"],
    "glucose": ["Blutzucker (Kapillarblut)", "98", "mg/dL"],
    "heart-rate": ["Puls", "71", "/min", "Abstände der Herzschläge", "ms"],
    "oximeter": ["Sauerstoff im Blut", "97", "%", "Stärke des Signals", "4,2"],
}


@pytest.fixture(scope="module")
def on() -> Iterator[Stage]:
    """A room in a call; one call for all tests of this module, as nothing that is spoilt leaves a value."""
    with stage(
        TELEMED_ROOM_SIMULATED_FAULTS="blood-pressure=truncated", TELEMED_ROOM_SIMULATED_MEASURING_S="1"
    ) as made:
        to_the_call(made)
        yield made


@pytest.mark.parametrize(
    ("fault", "reason"), [("truncated", "garbled"), ("garbled", "garbled"), ("failed", "no-value")], ids=str
)
def test_spoilt_bytes_of_the_cuff_are_words_and_never_a_number(on: Stage, fault: str, reason: str) -> None:
    page, log = on.page("doctor"), on.programs.log("room-agent")
    fault_by_hand(on, fault)
    known = log.read_text().count(f'"{reason}"')
    _ask(page, "blood-pressure")
    wait_for(lambda: log.read_text().count(f'"{reason}"') > known, timeout_s=60, what="the reason is logged")
    progress = page.locator("#progress [data-state=failed]")
    expect(progress).to_be_visible(timeout=PATIENCE_MS)
    assert "[" not in progress.inner_text()
    assert not re.search(r"\d", page.locator("#vitals").inner_text())
    expect(page.locator("#observations li")).to_have_count(0)


def test_every_kind_is_asked_for_measured_and_kept_with_its_digits(on: Stage, tmp_path: Path) -> None:
    page = on.page("doctor")
    fault_by_hand(on, "none")
    _cuff(on, page)
    for kind, texts in WANTED.items():
        _ask(page, kind)
        expect(on.page("kiosk").locator(f"[data-measuring={kind}]")).to_be_visible(timeout=PATIENCE_MS)
        for text in texts:
            expect(page.locator("#vitals")).to_contain_text(text, timeout=PATIENCE_MS)
        _mine(on)
    shown = page.locator("#vitals").inner_text() + str(page.locator("#observations").text_content())
    assert not [each for each in ("⟦", "36,40", "72,50") if each in shown]
    assert (shown.count("36,4"), shown.count("72,5")) == (2, 2)
    expect(_cards(page, "weight")).to_have_count(1)  # and nobody's stored height or BMI
    _digits(page, tmp_path)


def fault_by_hand(on: Stage, fault: str) -> None:
    """As the room's page for it asks."""
    assert on.page("kiosk").evaluate(PROVOKE, fault)


def _cuff(on: Stage, page: Page) -> None:
    """While the cuff pumps the doctor sees the pressure, and the resident only that it pumps."""
    _ask(page, "blood-pressure")
    expect(page.locator("#progress")).to_contain_text("Die Manschette pumpt: ", timeout=PATIENCE_MS)
    pumping = on.page("kiosk").locator("[data-inflating]")
    expect(pumping).to_be_visible(timeout=PATIENCE_MS)
    assert not any(sign.isdigit() for sign in pumping.inner_text())
    expect(_cards(page, "blood-pressure").first).to_contain_text("121/79", timeout=PATIENCE_MS)
    expect(pumping).to_be_hidden()
    _mine(on)


def _mine(on: Stage) -> None:
    """The resident says that the value is theirs."""
    on.page("kiosk").locator("#whose [data-by=patient][data-belongs=yes]").click()
    expect(on.page("kiosk").locator("#whose")).to_be_hidden(timeout=PATIENCE_MS)


def _digits(page: Page, folder: Path) -> None:
    """The file for the practice has the numbers as the devices sent them, zeros and all."""
    with page.expect_download() as coming:
        page.locator("#download").click()
    saved = folder / "bundle.json"
    coming.value.save_as(saved)
    text = saved.read_text()
    assert '"value": 36.40,' in text
    assert '"value": 72.500,' in text
    kinds = {entry["resource"]["category"][0]["coding"][0]["code"] for entry in json.loads(text)["entry"]}
    assert kinds == {"vital-signs", "laboratory"}


def _ask(page: Page, kind: str) -> None:
    page.locator(f"#kinds [data-kind={kind}]").click()


def _cards(page: Page, kind: str) -> Locator:
    return page.locator(f"#vitals [data-kind={kind}]")


def to_the_call(on: Stage) -> Page:
    """The doctor's page of a visit whose devices are all there."""
    on.open_monitor()
    on.open_kiosk()
    on.check_in(on.book(SERVICE, who=SOMMER))
    doctor = on.sign_in("doctor", DOCTOR)
    button = doctor.locator("form[action='/arzt/aufrufen'] button")
    expect(button).to_be_enabled(timeout=60_000)
    button.click()
    expect(doctor.locator("#kinds [data-kind=blood-pressure]")).to_be_visible(timeout=PATIENCE_MS)
    introduce(doctor)
    return doctor
