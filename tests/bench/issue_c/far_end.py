"""A real Chromium at the far end of the agent's media: counts pictures and reads the painted time code in each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiortc import RTCPeerConnection, RTCSessionDescription
from playwright.async_api import Browser, Page, async_playwright

from room_agent.media.aiortc_peer import AiortcPeer
from tests.bench.harness import percentile
from tests.e2e.chromium import CALL, EXECUTABLE, FLAGS

RATES = "--force-device-scale-factor=1"
PAGE = """() => {
  window.ends = [];
  window.look = (end, track) => {
    const video = document.createElement('video');
    Object.assign(video, { autoplay: true, muted: true, playsInline: true, width: 480 });
    video.srcObject = new MediaStream([track]);
    document.body.append(video);
    const strip = new OffscreenCanvas(1280, 1).getContext('2d', { willReadFrequently: true });
    const seen = { frames: 0, late: [], width: 0, height: 0, before: 0 };
    end.videos.push({ track, seen });
    const each = (_now, { width, height }) => {
      const now = Date.now();
      seen.frames += 1;
      Object.assign(seen, { width, height });
      video.requestVideoFrameCallback(each);
      if (window.countsOnly) return;
      const row = height - Math.max(1, Math.floor(height * 16 / 480 / 2));
      strip.drawImage(video, 0, row, width, 1, 0, 0, 1280, 1);
      const pixels = strip.getImageData(0, 0, 1280, 1).data;
      let code = 0;
      for (let bit = 0; bit < 32; bit += 1) code = code * 2 + (pixels[Math.floor((bit + 0.5) * 40) * 4 + 1] >= 128);
      seen.late.push((now % 4294967296) - code);
    };
    video.requestVideoFrameCallback(each);
  };
  window.meet = async (offer) => {
    const connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
    const end = { connection, videos: [], messages: 0 };
    window.ends.push(end);
    connection.addEventListener('track', ({ track, transceiver }) => {
      if (track.kind === 'video') window.look(end, track);
      else {
        const audio = Object.assign(document.createElement('audio'), { autoplay: true, muted: true });
        audio.srcObject = new MediaStream([track]);
        document.body.append(audio);
      }
    });
    connection.addEventListener('datachannel', ({ channel }) => {
      channel.addEventListener('message', () => (end.messages += 1));
    });
    await connection.setRemoteDescription(offer);
    await connection.setLocalDescription();
    await new Promise((done) => {
      if (connection.iceGatheringState === 'complete') done();
      connection.addEventListener('icecandidate', ({ candidate }) => candidate === null && done());
      setTimeout(done, 500);
    });
    return connection.localDescription.toJSON();
  };
  window.decoded = async ({ connection, videos }) => {
    const counts = new Map();
    for (const report of (await connection.getStats()).values())
      if (report.type === 'inbound-rtp' && report.kind === 'video') counts.set(report.trackIdentifier, report);
    return videos.map(({ track, seen }) => {
      const { framesDecoded = 0, keyFramesDecoded = 0, bytesReceived = 0 } = counts.get(track.id) ?? {};
      const taken = { ...seen, decoded: framesDecoded - seen.before, keys: keyFramesDecoded, bytes: bytesReceived };
      Object.assign(seen, { frames: 0, late: [], before: framesDecoded });
      return taken;
    });
  };
  window.take = () => Promise.all(window.ends.map(window.decoded));
}"""


@dataclass(frozen=True)
class Seen:
    """One picture at the far end over a while. *late_ms*: from painted to shown, for each picture."""

    decoded: int
    """Pictures, by the browser's own statistics; of these the page looked at some, as the screen is drawn."""
    late_ms: list[float]
    width: int
    height: int
    keys: int
    """Key pictures since the beginning."""
    bytes: int
    """Since the beginning."""

    def late(self, share: float) -> float:
        return percentile(self.late_ms, share)


class FarEnd:
    """A page in Chromium."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def meet(self, peer: AiortcPeer) -> None:
        """Answer *peer*'s offer."""
        offered = await peer.offer()
        assert offered is not None
        await peer.answer(await self.page.evaluate("(offer) => window.meet(offer)", offered))

    async def meet_bare(self, connection: RTCPeerConnection) -> None:
        """Answer aiortc without our layer."""
        await connection.setLocalDescription(await connection.createOffer())
        made = connection.localDescription
        body = {"type": made.type, "sdp": made.sdp}
        answer = await self.page.evaluate("(offer) => window.meet(offer)", body)
        await connection.setRemoteDescription(RTCSessionDescription(**answer))

    async def take(self) -> list[list[Seen]]:
        """What was seen since the last time: of each connection each picture."""
        return [[_seen(video) for video in end] for end in await self.page.evaluate("() => window.take()")]

    async def until_seen(self, connections: int, pictures: int, *, frames: int = 10, seconds: float = 20) -> None:
        """Wait until each picture of each connection runs."""
        async with asyncio.timeout(seconds):
            while True:
                counts = await self.page.evaluate(
                    "() => ends.map(({ videos }) => videos.map(({ seen }) => seen.frames))"
                )
                if len(counts) == connections and all(len(each) == pictures and min(each) >= frames for each in counts):
                    return
                await asyncio.sleep(0.1)


def _seen(video: dict[str, Any]) -> Seen:
    counts = (video["width"], video["height"], video["keys"], video["bytes"])
    return Seen(video["decoded"], video["late"], *counts)


@asynccontextmanager
async def chromium(executable: str = EXECUTABLE) -> AsyncIterator[Browser]:
    """*executable* may be a script that starts it somewhere else."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=[*FLAGS, *CALL, RATES])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def far_end(executable: str = EXECUTABLE, *, counts_only: bool = False) -> AsyncIterator[FarEnd]:
    """*counts_only*: without reading time codes, which costs the browser as much as decoding."""
    async with chromium(executable) as browser:
        page = await browser.new_page(viewport={"width": 1920, "height": 1080})
        await page.evaluate(PAGE)
        await page.evaluate("(only) => { window.countsOnly = only; }", counts_only)
        yield FarEnd(page)
