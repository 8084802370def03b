"""What people see when a part is gone, or a machine is shut out."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.chromium import SHELL
from tests.e2e.stage import PATIENCE_MS, Stage, stage
from tests.e2e.visit import SERVICE, SOMMER, WINTER

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def on() -> Iterator[Stage]:
    """One room for all: each test leaves the three programs running, and the last shuts the monitor out."""
    with stage(executable=SHELL) as made:
        yield made


def test_without_the_centre_the_room_goes_on_says_how_old_it_is_and_tells_the_centre_afterwards(on: Stage) -> None:
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


def test_a_dead_agent_is_said_on_the_monitor_within_15_seconds(on: Stage) -> None:
    monitor = on.open_monitor()
    expect(monitor.locator(".sign .bar-old")).to_have_count(0)
    on.programs.kill("room-agent")
    expect(monitor.locator(".sign .bar-old")).to_be_visible(timeout=15_000)
    on.programs.start("room-agent")
    expect(monitor.locator(".sign .bar-old")).to_have_count(0, timeout=PATIENCE_MS)


def test_a_revoked_monitor_shows_no_tickets_after_5_seconds(on: Stage) -> None:
    monitor = on.open_monitor()
    on.open_kiosk()
    on.close("resident")
    ticket = on.book(SERVICE)
    on.check_in(ticket)
    on.shows(ticket)
    operator = on.sign_in("operator")
    row = operator.locator("tbody tr").filter(has_text="Anzeige im Wartezimmer")
    row.locator("summary").click()
    row.locator("form[action$='/sperren'] button").click()
    expect(on.row(ticket)).to_have_count(0, timeout=5_000)
    assert not re.search(rf"{ticket.letter}\s*{ticket.digits}", monitor.inner_text("main"))
