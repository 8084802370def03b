"""In the room: who is there is said first, nothing is seen before a yes, a pause darkens all, and help is called."""

import time

import pytest
from playwright.async_api import Page

from schemas.day import FactKind
from tests.e2e.conftest import SHOTS
from tests.e2e.kiosk_scene import IN_TOUCH, Scene, truth
from tests.e2e.shots import shot_of
from tests.room_agent.world import KIOSK_CODE, until, visit

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

SIZES = {"1920": (1920, 1080), "360": (360, 740), "200-percent": (960, 540)}
COLOURED = """() => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 32;
  const context = canvas.getContext('2d');
  let most = 0;
  for (const video of document.querySelectorAll('video')) {
    if (video.srcObject === seen.videos.kiosk?.srcObject || !video.videoWidth) continue;
    context.drawImage(video, 0, 0, 32, 32);
    const { data } = context.getImageData(0, 0, 32, 32);
    for (let i = 0; i < data.length; i += 4) most = Math.max(most, Math.abs(data[i] - data[i + 2]));
  }
  return most > 24;
}"""
"""A camera's picture has colours; a slate has none."""
FACE_SHARE = """() => {
  const box = document.querySelector('#doctors [data-role=doctor] video').getBoundingClientRect();
  return (box.width * box.height) / (innerWidth * innerHeight);
}"""


@pytest.fixture
def measuring_s() -> float:
    """Long enough to refuse it, and to be looked at meanwhile."""
    return 30.0


async def look(room: Scene, name: str) -> None:
    """A picture in each size, and nothing beside the screen."""
    for size, (width, height) in SIZES.items():
        await room.page.set_viewport_size({"width": width, "height": height})
        await shot_of(room.page, SHOTS / f"gate-{name}-{size}.png")
        assert await room.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, size)
    await room.page.set_viewport_size({"width": 1920, "height": 1080})


async def called(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    await room.plan(visit(), seq=2)  # which names the kiosk, so that it may stay longer than one just paired
    await room.call()


async def met(room: Scene) -> Page:
    """A doctor and the room, who have not said anything yet."""
    await called(room)
    doctor = await room.doctor()
    await truth(doctor, IN_TOUCH, within_s=30)
    return doctor


def answer(state: str) -> str:
    return f"seen.ctl.filter((each) => each.stream === 'otoscope').at(-1)?.state === '{state}'"


async def test_the_room_says_who_is_there_and_what_may_be_seen(room: Scene) -> None:
    doctor = await met(room)
    await doctor.evaluate("say({ type: 'select-camera', camera: 'otoscope' })")
    await doctor.evaluate("say({ type: 'ask', kind: 'oximeter' })")
    await truth(doctor, "seen.ctl.some(({ state, reason }) => state === 'failed' && reason === 'not-introduced')")
    await truth(doctor, answer("asked"))
    await room.page.locator("[data-people=relative]").wait_for()
    assert await room.page.locator("#allow").is_hidden()
    await look(room, "near")
    await room.page.locator("[data-people=relative]").click()
    await doctor.evaluate("roll.name([{ relation: 'doctor', name: '' }, { relation: 'staff', name: 'Frau Beispiel' }])")
    await truth(room.page, "document.getElementById('rollcall-far').textContent.includes('Frau Beispiel (Praxis)')")
    await look(room, "far")
    await room.page.locator("#rollcall-yes").click()
    await doctor.evaluate("roll.confirm(talk.partners.find(({ role }) => role === 'kiosk').peer_id)")
    assert await room.page.locator("#allow").is_hidden()
    await doctor.evaluate("say({ type: 'introduced', on: true })")
    await room.page.locator("#allow").wait_for()
    assert await room.page.locator("#rollcall").is_hidden()
    assert "Kamera für das Ohr" in await room.page.locator("#allow").inner_text()
    await look(room, "allow")
    assert not await doctor.evaluate(COLOURED)
    await room.page.locator("#allow [data-by=patient][data-yes=yes]").click()
    await truth(doctor, answer("yes"))
    await truth(doctor, f"({COLOURED})()")
    await look(room, "allowed")
    await room.page.locator("#pause").click()
    await truth(doctor, "seen.ctl.filter(({ type }) => type === 'gate').at(-1).paused === 'room'")
    await truth(doctor, f"!({COLOURED})()")
    await truth(doctor, "seen.talk.some(({ type, on }) => type === 'pause' && on)")
    await truth(room.page, "document.getElementById('self').srcObject.getTracks().every(({ enabled }) => !enabled)")
    assert await room.page.locator("#lamp").inner_text() == "Die Kamera macht Pause."
    await truth(room.page, "document.getElementById('voice-words').textContent === ''")
    await look(room, "paused")
    await room.page.locator("#pause").click()
    await truth(doctor, f"({COLOURED})()")
    await room.page.locator("#allowed [data-stream=otoscope]").click()
    await truth(doctor, answer("no"))
    await truth(doctor, f"!({COLOURED})()")


async def test_the_face_is_large_and_one_sees_that_one_is_heard(room: Scene) -> None:
    await called(room)
    await room.introduced_doctor()
    await room.page.locator("#doctors [data-role=doctor]").wait_for()
    await room.page.locator("#rollcall").wait_for(state="hidden")
    await truth(room.page, f"({FACE_SHARE})() >= 0.5")
    await truth(room.page, "document.getElementById('voice').dataset.hearing === 'good'")
    await room.page.locator("#self-hide").click()
    assert await room.page.locator("#self").is_hidden()


async def test_what_was_said_aloud_needs_no_touch_and_a_measurement_can_be_refused(room: Scene) -> None:
    await called(room)
    doctor = await room.introduced_doctor("otoscope")
    await room.page.locator("#rollcall").wait_for(state="hidden")
    await doctor.evaluate("say({ type: 'ask', kind: 'blood-pressure' })")
    await room.page.locator("#decline").wait_for()
    await look(room, "decline")
    await room.page.locator("#decline").click()
    await truth(doctor, "seen.ctl.some(({ state, reason }) => state === 'failed' && reason === 'declined')")
    await room.page.locator("#decline").wait_for(state="hidden")
    await doctor.evaluate("talk.send({ type: 'send-out', on: true })")
    await room.page.locator("#send-out").wait_for()
    await look(room, "send-out")
    await doctor.context.close()


async def test_help_is_called_by_two_touches_and_the_talk_goes_on_also_without_the_centre(room: Scene) -> None:
    doctor = await met(room)
    await room.page.locator("#emergency-button").click()
    await look(room, "emergency-ask")
    await room.page.locator("#emergency-no").click()
    assert await doctor.evaluate("seen.talk.every(({ type }) => type !== 'emergency')")
    room.centre.away = True
    for socket in list(room.centre.links):
        await socket.close()
    await until(lambda: not room.centre.links)
    began = time.monotonic()
    await room.page.locator("#emergency-button").click()
    await room.page.locator("#emergency-yes").click()
    assistant = await (await room.browser.new_context()).new_page()
    await assistant.goto(room.kiosk_url.replace("/kiosk", "/assistenz"))
    await assistant.locator("[data-emergency]").wait_for()
    assert time.monotonic() - began < 10
    await truth(doctor, "seen.talk.some(({ type, on, by }) => type === 'emergency' && on && by === 'room')")
    await truth(doctor, "seen.ctl.filter(({ type }) => type === 'gate').at(-1).emergency === 'room'")
    await look(room, "emergency")
    room.centre.away = False
    await until(lambda: [each for each in room.centre.all_facts_up() if each.kind is FactKind.EMERGENCY])
    room.agent.room.comes()
    await truth(doctor, "seen.ctl.filter(({ type }) => type === 'gate').at(-1).helped")
    await room.page.locator("#emergency-helped").wait_for()
    await room.page.locator("#emergency-over").click()
    await truth(doctor, "seen.ctl.filter(({ type }) => type === 'gate').at(-1).emergency === ''")
    assert await doctor.evaluate("talk.partners.some(({ role }) => role === 'kiosk')")
