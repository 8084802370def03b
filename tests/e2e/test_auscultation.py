"""While any doctor listens to the stethoscope, the kiosk is mute and says so; its own check says nothing meanwhile."""

import pytest

from tests.e2e.kiosk_scene import Scene, truth
from tests.room_agent.world import KIOSK_CODE

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

HUSHED = """
[...document.querySelectorAll('#doctors video')].every(({ muted }) => muted)
  && document.getElementById('self').srcObject?.getAudioTracks().every(({ enabled }) => !enabled)
  && !document.getElementById('auscultation').hidden
"""
HEARD = """
[...document.querySelectorAll('#doctors video')].every(({ muted }) => !muted)
  && document.getElementById('self').srcObject?.getAudioTracks().every(({ enabled }) => enabled)
  && document.getElementById('auscultation').hidden
"""


async def test_the_room_is_mute_until_the_last_doctor_has_stopped_listening(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    await room.call()
    first, second = await room.introduced_doctor(), await room.introduced_doctor()
    for doctor in (first, second):
        await truth(doctor, "seen.ctl.length > 0 && seen.channels.wave.readyState === 'open'", within_s=30)
    await truth(room.page, "document.querySelectorAll('#doctors video').length === 2", within_s=30)
    await truth(room.page, HEARD)
    await first.evaluate("say({ type: 'listen', on: true })")
    await first.evaluate("say({ type: 'allow', stream: 'stethoscope', yes: true })")
    await truth(room.page, HUSHED)
    await truth(first, "seen.waves > 2")
    assert await second.evaluate("seen.waves") == 0
    await second.evaluate("say({ type: 'listen', on: true })")
    await truth(second, "seen.waves > 2")
    await first.evaluate("say({ type: 'listen', on: false })")
    before = await second.evaluate("seen.waves")
    await truth(second, f"seen.waves > {before} + 5")
    assert await room.page.evaluate(HUSHED)
    await second.context.close()
    await truth(room.page, HEARD, within_s=30)
