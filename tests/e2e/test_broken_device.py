"""From a device that is switched off to the plan: alarm, no offer, a booking to be moved; and back again."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.stage import PATIENCE_MS, Stage, choose_service, stage, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
SERVICE = "Allgemeinmedizin, 20 Minuten, mit Blutdruck"
PATIENCE_S = PATIENCE_MS / 1000


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage(TELEMED_ROOM_BLOCK_AFTER_S="8") as started:
        yield started


def switch(on: Stage, fault: str) -> None:
    """Choose what is wrong with the cuff, on the room's page for that."""
    page = on.page("hand")
    page.goto(f"{on.programs.url('room-agent')}/faults")
    form = page.locator("form[data-device=blood-pressure]")
    with page.expect_response(re.compile("/faults/blood-pressure")):
        form.locator(f"input[value={fault}]").check()


def offers(on: Stage) -> int:
    """How many times a resident is offered with that cuff."""
    page = on.page("resident")
    page.goto(on.programs.url("telemed") + "/termin")
    choose_service(page, SERVICE)
    page.wait_for_load_state()
    return page.locator("button[name=offer]").count()


def test_a_cuff_that_is_switched_off_is_called_for_then_planned_without_until_it_is_on_again(on: Stage) -> None:
    tablet = on.sign_in("assistant")
    on.book(SERVICE)
    assert offers(on) > 0
    cuff = tablet.locator("[data-alarm][data-subject=blood-pressure]")
    expect(tablet.locator(".check[data-subject=blood-pressure][data-severity=ok]")).to_be_visible(timeout=60_000)

    switch(on, "absent")
    expect(cuff).to_contain_text("Schalten Sie das Gerät ein.", timeout=PATIENCE_MS)
    wait_for(lambda: offers(on) == 0, timeout_s=60, what="no offer with a broken cuff")
    desk = on.page("assistant")
    desk.goto(f"{on.programs.url('telemed')}/assistenz/verlegen")
    expect(desk.locator("main")).to_contain_text("Das Gerät ist gestört")
    expect(desk.locator("[data-alarm][data-subject=blood-pressure]")).to_be_visible(timeout=PATIENCE_MS)
    operator = on.sign_in("operator")
    expect(operator.locator("[data-fresh]")).to_contain_text("Diese Geräte werden nicht mehr angeboten")

    switch(on, "none")
    expect(desk.locator("[data-alarm][data-subject=blood-pressure]")).to_have_count(0, timeout=60_000)
    wait_for(lambda: offers(on) > 0, timeout_s=60, what="the offers come back")
    desk.reload()
    expect(desk.locator("main")).not_to_contain_text("Das Gerät ist gestört")
