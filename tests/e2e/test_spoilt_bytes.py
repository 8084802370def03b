"""What people see when a device speaks nonsense."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.introduced import introduce
from tests.e2e.stage import PATIENCE_MS, Stage, stage, wait_for
from tests.e2e.visit import DOCTOR, SERVICE, SOMMER

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.mark.parametrize("fault", ["truncated", "garbled", "failed"])
def test_spoilt_bytes_of_the_cuff_are_words_and_never_a_number(fault: str) -> None:
    with stage(TELEMED_ROOM_SIMULATED_FAULTS=f"blood-pressure={fault}", TELEMED_ROOM_SIMULATED_MEASURING_S="0.5") as on:
        _to_the_call(on)
        page = on.page("doctor")
        page.locator("#kinds [data-kind=blood-pressure]").click()
        progress = page.locator("#progress [data-state=failed]")
        expect(progress).to_be_visible(timeout=60_000)
        assert "[" not in progress.inner_text()
        assert not re.search(r"\d", page.locator("#vitals").inner_text())
        expect(page.locator("#observations li")).to_have_count(0)
        reason = "no-value" if fault == "failed" else "garbled"
        wait_for(
            lambda: f'"{reason}"' in on.programs.log("room-agent").read_text(), timeout_s=5, what="the reason is logged"
        )


def _to_the_call(on: Stage) -> None:
    on.open_monitor()
    on.open_kiosk()
    on.check_in(on.book(SERVICE, who=SOMMER))
    doctor = on.sign_in("doctor", DOCTOR)
    button = doctor.locator("form[action='/arzt/aufrufen'] button")
    expect(button).to_be_enabled(timeout=60_000)
    button.click()
    expect(doctor.locator("#kinds [data-kind=blood-pressure]")).to_be_visible(timeout=PATIENCE_MS)
    introduce(doctor)
