"""What people see when a part is gone, a device speaks nonsense, or a machine is shut out."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.stage import PATIENCE_MS, Stage, stage, wait_for
from tests.e2e.visit import DOCTOR, SERVICE, SOMMER, WINTER

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def test_without_the_centre_the_room_goes_on_says_how_old_it_is_and_tells_the_centre_afterwards() -> None:
    with stage() as on:
        monitor = on.open_monitor()
        on.open_kiosk()
        first = on.book(SERVICE, who=SOMMER)
        on.close("resident")
        second = on.book(SERVICE, who=WINTER)
        on.check_in(first)
        on.shows(first)
        on.programs.kill("telemed")
        on.check_in(second)
        on.shows(second)
        expect(monitor.locator("footer .note")).to_contain_text(re.compile(r"\d\d:\d\d"), timeout=45_000)
        on.programs.start("telemed")
        page = on.sign_in("assistant")
        for who in (SOMMER, WINTER):
            arrived = page.locator("[data-visit]").filter(has_text=who.name).filter(has_text="ist da")
            expect(arrived).to_be_visible(timeout=PATIENCE_MS)
        expect(monitor.locator("footer .note")).to_have_count(0, timeout=PATIENCE_MS)


def test_a_dead_agent_is_said_on_the_monitor_within_15_seconds() -> None:
    with stage() as on:
        monitor = on.open_monitor()
        expect(monitor.locator(".sign .bar-old")).to_have_count(0)
        on.programs.kill("room-agent")
        expect(monitor.locator(".sign .bar-old")).to_be_visible(timeout=15_000)
        on.programs.start("room-agent")
        expect(monitor.locator(".sign .bar-old")).to_have_count(0, timeout=PATIENCE_MS)


def test_a_revoked_monitor_shows_no_tickets_after_5_seconds() -> None:
    with stage() as on:
        monitor = on.open_monitor()
        on.open_kiosk()
        ticket = on.book(SERVICE)
        on.check_in(ticket)
        on.shows(ticket)
        operator = on.sign_in("operator")
        row = operator.locator("tbody tr").filter(has_text="Anzeige im Wartezimmer")
        row.locator("summary").click()
        row.locator("form[action$='/sperren'] button").click()
        expect(on.row(ticket)).to_have_count(0, timeout=5_000)
        assert ticket.digits not in monitor.inner_text("main")


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
