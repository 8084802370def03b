"""A room's agent, a doctor's page in Chromium, and `Middle` between them: what of their media gets through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Page, Route

import telemed.web
from schemas.day import FactKind
from tests.e2e.chromium import MEDIA
from tests.e2e.kiosk_scene import DOCTOR, Scene, kiosk_browser, scene
from tests.malice.middle import UNCHECKED_PAGE, Attack, Between, Middle, unchecked
from tests.room_agent.world import fact, until

RECEIVED = """async () => {
  let packets = 0;
  for (const connection of window.connections) {
    for (const report of (await connection.getStats()).values()) {
      if (report.type === 'inbound-rtp') packets += report.packetsReceived;
    }
  }
  return packets;
}"""
KEEPS_CONNECTIONS = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...rest) {
    super(...rest);
    window.connections.push(this);
  }
};
"""
LONGEST_S = 40.0
PAGES = Path(telemed.web.__file__).parent / "static" / "js"


@dataclass(frozen=True)
class Passed:
    """RTP packets that came to the middle and to the doctor's page; which ends the middle was connected with; whether
    both ends have refused it."""

    attack: str
    to_middle: int
    to_doctor: int
    connected: tuple[str, ...]
    refused: bool

    @property
    def is_nothing(self) -> bool:
        return self.refused and not (self.to_middle or self.to_doctor or self.connected)


@asynccontextmanager
async def between() -> AsyncIterator[tuple[Scene, Middle]]:
    """A visit whose centre stands in between."""
    with TemporaryDirectory(prefix="telemed-middle-") as folder:
        async with kiosk_browser() as browser, scene(Path(folder), browser) as room:
            hub = Middle(Attack.SWAPPED)
            room.centre.hub = hub
            await room.centre.tell(fact(FactKind.ARRIVED), fact(FactKind.CALLED))
            await until(lambda: hub.visits)
            try:
                yield room, hub
            finally:
                await hub.close()


@asynccontextmanager
async def _doctor(room: Scene, hub: Middle, *, checks: bool) -> AsyncIterator[tuple[Page, Between]]:
    """A page of a fresh browser context, and what stands between it and the room."""
    before = len(hub.pairs)
    context = await room.browser.new_context(permissions=MEDIA)
    try:
        page = await context.new_page()
        await page.add_init_script(KEEPS_CONNECTIONS)
        if not checks:
            await page.route("**/static/js/*.js", _cut)
        await page.goto(f"{room.centre_url}/doctor")
        await page.evaluate(DOCTOR, {"visitId": "visit-1", "subject": "doctor-1"})
        await until(lambda: len(hub.pairs) > before)
        yield page, list(hub.pairs.values())[-1]
    finally:
        await context.close()


async def _cut(route: Route) -> None:
    text = (PAGES / route.request.url.rpartition("/static/js/")[2]).read_text()
    await route.fulfill(body=text.replace(*UNCHECKED_PAGE), content_type="text/javascript")


async def attacked(room: Scene, hub: Middle, attack: Attack) -> Passed:
    """One doctor comes; until both ends have refused what the middle says."""
    hub.attack = attack
    async with _doctor(room, hub, checks=True) as (page, pair):
        await until(lambda: pair.is_refused, within_s=LONGEST_S)
        return await _passed(attack, page, pair)


async def control(room: Scene, hub: Middle) -> Passed:
    """The same with ends that do not check: until media has come through."""
    hub.attack = Attack.SWAPPED
    with unchecked():
        async with _doctor(room, hub, checks=False) as (page, pair), asyncio.timeout(LONGEST_S):
            while True:
                seen = await _passed(hub.attack, page, pair)
                if seen.to_middle and seen.to_doctor:
                    return seen
                await asyncio.sleep(0.05)


async def _passed(attack: Attack, page: Page, pair: Between) -> Passed:
    packets = await pair.to_agent.packets()
    return Passed(attack.value, packets, await page.evaluate(RECEIVED), tuple(pair.connected), pair.is_refused)
