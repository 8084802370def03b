"""A room for the kiosk page's tests: small centre, agent with simulated devices, Chromium, a doctor's bare page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import segno
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.async_api import Browser, Page, async_playwright

from room_agent.app import create_app
from room_agent.settings import Settings
from room_agent.wiring import Agent, running
from schemas.day import FactKind, PlannedVisit
from telemed.web.pages import mount_static
from tests.e2e.chromium import CALL, FLAGS, MEDIA, SHELL
from tests.e2e.shots import shot_of
from tests.room_agent.world import CODE, SmallCentre, fact, until, visit
from tests.rosters import OPERATOR_KEY
from tests.serving import served

ROOM_HOST = "raum.localhost"
CENTRE_HOST = "zentrum.localhost"
DOCTOR = """
async ({ visitId, subject }) => {
  const { SignallingSocket } = await import('/static/js/signalling.js');
  const { Conversation } = await import('/static/js/conversation.js');
  const { RollCall } = await import('/static/js/rollcall.js');
  const { ownKey, pinOperator, publicKey, roster } = await import('/static/js/keys.js');
  await pinOperator(OPERATOR);
  await fetch(`/enrol?subject=${subject}&public_key=${await publicKey()}`, { method: 'POST' });
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const seen = { kiosk: [], agent: [], ctl: [], vitals: [], bulk: [], waves: 0, codes: [], videos: {}, channels: {},
    talk: [], pulses: [], distrust: [], pictures: [], here: 0 };
  window.seen = seen;
  const watch = (name, media) => {
    const video = document.createElement('video');
    Object.assign(video, { muted: true, autoplay: true, srcObject: media });
    document.body.append(video);
    seen.videos[name] = video;
  };
  let known = await roster();
  const socket = new SignallingSocket(`/signalling/${visitId}?role=doctor`, (event) => {
    if (event.type === 'closed') seen.codes.push(event.code);
    if (event.type === 'here') seen.here += 1;
    talk.handle(event); // closes the talk at the end; the last values may still come
  });
  const talk = new Conversation(socket, {
    me: { visitId, role: 'doctor', keys: ownKey() }, roomId: 'room-1', localStream: stream,
    roster: () => known, fresher: async () => { known = await roster(); },
    onRemote: (id, media, { role }) => media && watch(role, media),
    onState: (id, state, { role }) => seen[role].push(state),
    onSilence: (id, pulse, { role }) => seen.pulses.push([role, pulse]),
    onTrack: (id, { track }, { role }) => role === 'agent' && watch(`agent-${track.kind}`, new MediaStream([track])),
    onTalk: (id, message) => seen.talk.push(message),
    onDistrust: ({ role }, reason, by) => seen.distrust.push([role, reason, by]),
    onPictures: (id, names, { role }) => role === 'kiosk' && (seen.pictures = names),
    onChannel: (id, channel) => {
      if (channel.label === 'talk') return;
      seen.channels[channel.label] = channel;
      channel.addEventListener('message', ({ data }) => {
        if (typeof data !== 'string') seen.waves += 1;
        else seen[channel.label].push(JSON.parse(data));
      });
    },
  });
  const roll = new RollCall(socket.peerId, (message, to) => talk.send(message, to), () => {});
  talk.on({
    onOpen: (id) => roll.opened(id),
    onTalk: (id, message, partner) => roll.heard(partner, message),
    onParted: (id) => roll.parted(id),
  });
  window.roll = roll;
  // as a doctor does who asks aloud and notes it; again when it was lost with a connection, on a busy machine
  let asked = -Infinity;
  window.introduce = () => {
    if (seen.ctl.some(({ type, introduced }) => type === 'gate' && introduced)) return true;
    const kiosk = talk.partners.find(({ role }) => role === 'kiosk');
    if (!kiosk || seen.channels.ctl?.readyState !== 'open' || performance.now() - asked < 2000) return false;
    asked = performance.now();
    roll.name([{ relation: 'doctor', name: 'Dr. Ada Weiß' }]);
    roll.note(kiosk.peer_id, [{ relation: 'patient', name: '' }]);
    say({ type: 'introduced', on: true });
    return false;
  };
  window.talk = talk;
  window.socket = socket;
  window.say = (message) => seen.channels.ctl.send(JSON.stringify(message));
  talk.enter();
  socket.connect();
}
""".replace("OPERATOR", repr(OPERATOR_KEY))

WHOLE_TEST_S = 3600.0
IN_TOUCH = """
seen.ctl.some(({ type }) => type === 'gate')
  && talk.partners.some(({ role, peer_id: id }) => role === 'kiosk' && talk.send({ type: 'ping', seq: 0 }, id))
"""
"""Agent and kiosk hear this doctor."""


@dataclass
class Scene:
    """What a test may touch. *page* is the kiosk's."""

    centre: SmallCentre
    centre_url: str
    agent: Agent
    kiosk_url: str
    browser: Browser
    page: Page
    errors: list[str]

    async def plan(self, *visits: PlannedVisit, seq: int, **rest: object) -> None:
        """The centre sends a plan, and the agent has it."""
        await self.centre.send_plan(*visits, seq=seq, **rest)
        await until(lambda: self.agent.room.plan and self.agent.room.plan.seq == seq)

    async def open_kiosk(self, code: str = "") -> None:
        await self.page.goto(self.kiosk_url + (f"#{code}" if code else ""))

    async def shows(self, screen: str) -> None:
        await self.page.wait_for_selector(f'body[data-screen="{screen}"]')

    async def call(self, visit_id: str = "visit-1") -> None:
        """The resident arrives, the doctor calls."""
        await self.centre.tell(fact(FactKind.ARRIVED, visit_id), fact(FactKind.CALLED, visit_id))
        await self.shows("call")

    async def doctor(self, visit_id: str = "visit-1") -> Page:
        """A doctor's bare page, in the visit."""
        context = await self.browser.new_context(permissions=MEDIA)
        page = await context.new_page()
        await page.goto(f"{self.centre_url}/doctor")
        await page.evaluate(DOCTOR, {"visitId": visit_id, "subject": "doctor-1"})
        return page

    async def introduced_doctor(self, *streams: str) -> Page:
        """As `doctor`, when everybody was introduced aloud, and the patient said yes to *streams*."""
        page = await self.doctor()
        await truth(page, IN_TOUCH, within_s=30)
        await truth(page, "introduce()", within_s=30)
        for stream in streams:
            wanted: dict[str, object] = {"type": "select-camera", "camera": stream}
            if stream == "stethoscope":
                wanted = {"type": "listen", "on": True}
            await page.evaluate("(message) => say(message)", wanted)
            await page.evaluate("(stream) => say({ type: 'allow', stream, yes: true })", stream)
            allowed = f"seen.ctl.some((each) => each.stream === '{stream}' && each.state === 'yes')"
            await truth(page, allowed)
        return page

    async def end(self, visit_id: str = "visit-1") -> None:
        """The doctor says goodbye."""
        await self.centre.tell(fact(FactKind.ENDED, visit_id, at=self.agent.room.now()))
        self.centre.hub.end(visit_id)

    async def shoot(self, folder: Path, name: str) -> None:
        await shot_of(self.page, folder / f"kiosk-{name}.png")


@asynccontextmanager
async def kiosk_browser(*more: str) -> AsyncIterator[Browser]:
    """A browser with a simulated camera and microphone; *more*: further flags."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=SHELL, args=[*FLAGS, *CALL, *more])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def scene(folder: Path, browser: Browser, *, measuring_s: float = 1.0) -> AsyncIterator[Scene]:
    """Everything started, the plan of the day in place; windows of *browser* are closed at the end.

    *measuring_s*: how long the simulated cuff takes.
    """
    centre = SmallCentre()
    agents: list[Agent] = []

    @asynccontextmanager
    async def kept(settings: Settings) -> AsyncIterator[Agent]:
        async with running(settings) as agent:
            agent.room.present.just_paired_s = WHOLE_TEST_S  # the small centre names the kiosk in its next plan only
            agents.append(agent)
            yield agent

    async with AsyncExitStack() as stack:
        centre_url = await stack.enter_async_context(served(_with_pages(centre)))
        settings = Settings(
            centre_url=centre_url,
            state_dir=folder,
            pairing_code=CODE,
            simulated=True,
            simulated_measuring_s=measuring_s,
            operator_keys=OPERATOR_KEY,
        )
        url = await stack.enter_async_context(served(create_app(lambda: kept(settings))))
        await until(lambda: centre.links)
        stack.push_async_callback(_close_windows, browser)
        page = await (await browser.new_context(viewport={"width": 1920, "height": 1080}, permissions=MEDIA)).new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        made = Scene(
            centre,
            centre_url.replace("127.0.0.1", CENTRE_HOST),
            agents[0],
            f"{url.replace('127.0.0.1', ROOM_HOST)}/kiosk",
            browser,
            page,
            errors,
        )
        await made.plan(visit(start=datetime.now(UTC)), seq=1)
        yield made
        assert not made.errors, made.errors


async def _close_windows(browser: Browser) -> None:
    for context in browser.contexts:
        await context.close()


def _with_pages(centre: SmallCentre) -> FastAPI:
    app = centre.app()

    def doctor() -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>doctor</title>")

    app.get("/doctor")(doctor)
    mount_static(app)
    return app


async def truth(page: Page, script: str, *, within_s: float = 15.0) -> None:
    """Wait until *script* says something true on *page*."""
    async with asyncio.timeout(within_s):
        while not await page.evaluate(script):
            await asyncio.sleep(0.05)


def shown_to_the_camera(text: str, file: Path) -> Path:
    """A film of one picture, as Chromium takes for a camera's: a slip's code."""
    wide, high, scale = 640, 480, 8
    grey = bytearray(b"\xeb" * (wide * high))
    rows = [bytes(row) for row in segno.make(text, error="m", micro=False).matrix]
    side = len(rows) * scale
    for y in range(side):
        for x in range(side):
            if rows[y // scale][x // scale]:
                grey[((high - side) // 2 + y) * wide + (wide - side) // 2 + x] = 0x10
    colourless = b"\x80" * (wide * high // 2)
    file.write_bytes(f"YUV4MPEG2 W{wide} H{high} F10:1 Ip A1:1 C420jpeg\nFRAME\n".encode() + bytes(grey) + colourless)
    return file
