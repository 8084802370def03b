"""What a whole room finds out about itself, and what the assistant reads of it on the kiosk."""

from pathlib import Path

import pytest

from schemas.channels import ChecksUp
from schemas.checks import CheckResult
from tests.e2e.chromium import AXE
from tests.e2e.kiosk_scene import Scene
from tests.room_agent.world import KIOSK_CODE, until, visit

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(120)]
SHOTS = Path(__file__).parents[2] / "build" / "shots"


def results(room: Scene) -> dict[str, CheckResult]:
    reports = [message for message in room.centre.heard if isinstance(message, ChecksUp)]
    return {each.subject: each for each in reports[-1].report.results} if reports else {}


async def test_the_agent_has_a_tone_played_and_the_assistant_reads_what_is_not_well(room: Scene) -> None:
    """The browser's simulated microphone beeps by itself and hears no loudspeaker."""
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    await room.plan(seq=2)
    await until(
        lambda: results(room).get("microphone") and results(room)["microphone"].code == "not-heard", within_s=40
    )
    await until(lambda: not room.agent.room.tone_test)
    assert results(room)["relay"].code == "none"
    summary = room.page.locator("#room-checks summary")
    await summary.click()
    entries = room.page.locator("#room-checks-list li")
    assert {await each.get_attribute("data-subject") for each in await entries.all()} == {"microphone", "relay"}
    assert "Drehen Sie den Lautsprecher lauter." in await room.page.inner_text("#room-checks-list")
    await room.page.wait_for_function(
        "() => [...document.querySelectorAll('#room-checks img')].every((each) => each.naturalWidth > 0)"
    )
    SHOTS.mkdir(parents=True, exist_ok=True)
    await room.shoot(SHOTS, "checks")
    await room.page.evaluate(AXE.read_text())
    found = await room.page.evaluate("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })")
    assert [each["id"] for each in found["violations"]] == []
    await room.plan(visit(), seq=3)
    await room.call()
    assert await room.page.locator("#room-checks").is_hidden()
