"""An ear in Chromium: the page's own modules hear the room's own stethoscope, and every sample is kept.

Agent and browser are in one network namespace. What is measured is the page's last node before the loudspeaker.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from numpy.typing import NDArray
from playwright.async_api import Page, async_playwright

from room_agent.devices.driver import Waveform
from room_agent.media.stethoscope import StethoscopeTrack
from telemed.desk import pages as desk
from telemed.web.pages import mount_static
from telemed.web.security import Protection, protect
from tests.e2e.chromium import CALL, EXECUTABLE, FLAGS
from tests.serving import served

RATE = 48_000
RECORDER = """
class Recorder extends AudioWorkletProcessor {
  process([input]) {
    if (input[0]) this.port.postMessage({ frame: currentFrame, samples: input[0].slice(), at: Date.now() });
    return true;
  }
}
registerProcessor('recorder', Recorder);
"""
ANSWER = """async (offer) => {
  const { Sound } = await import('/static/desk/js/listen.js');
  const { readPiece } = await import('/static/desk/js/wave.js');
  const pc = new RTCPeerConnection();
  const ear = { sound: new Sound(document.querySelector('audio')), pieces: [], heard: [], receiver: null };
  window.ear = ear;
  pc.ontrack = ({ track, receiver }) => {
    ear.receiver = receiver;
    ear.sound.attach(new MediaStream([track]), receiver);
  };
  pc.ondatachannel = ({ channel }) => {
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => {
      const piece = readPiece(data);
      ear.pieces.push({ ...piece, samples: [...piece.samples] });
      ear.sound.hear(piece);
    };
  };
  await pc.setRemoteDescription(offer);
  await pc.setLocalDescription();
  return { type: pc.localDescription.type, sdp: pc.localDescription.sdp };
}"""
LISTEN = """async ({ lossless, band }) => {
  const { sound } = window.ear;
  sound.path(lossless);
  sound.choose(band);
  await sound.turn(true);
  await sound.context.audioWorklet.addModule('/recorder.js');
  const recorder = new AudioWorkletNode(sound.context, 'recorder');
  recorder.port.onmessage = ({ data }) => window.ear.heard.push(data);
  sound.output.connect(recorder);
}"""
TAKE = """async () => {
  const { heard, sound, receiver } = window.ear;
  const all = new Float32Array(heard.reduce((sum, { samples }) => sum + samples.length, 0));
  let at = 0;
  for (const { samples } of heard) { all.set(samples, at); at += samples.length; }
  const stamp = sound.context?.getOutputTimestamp() ?? { contextTime: 0, performanceTime: 0 };
  const stats = [...(await receiver.getStats()).values()].find(({ type }) => type === 'inbound-rtp');
  const bytes = new Uint8Array(all.buffer);
  let text = '';
  for (let n = 0; n < bytes.length; n += 8192) text += String.fromCharCode(...bytes.subarray(n, n + 8192));
  return {
    samples: btoa(text), first: heard[0]?.frame ?? 0, last: heard.at(-1)?.frame ?? 0,
    context_s: stamp.contextTime, wall_s: (performance.timeOrigin + stamp.performanceTime) / 1000,
    stretched: stats.insertedSamplesForDeceleration + stats.removedSamplesForAcceleration,
    concealed: stats.concealedSamples, counts: sound.counts,
    pause_ms: heard.reduce((most, { at }, n) => Math.max(most, at - (heard[n - 1]?.at ?? at)), 0),
  };
}"""


@dataclass(frozen=True)
class Heard:
    """*began_s*: real time at which the first sample leaves the loudspeaker. *holes*: blocks that were not recorded.

    *pause_s*: the longest time between two blocks that the loudspeaker asked for.
    """

    samples: NDArray[np.float32]
    began_s: float
    holes: int
    stretched: int
    concealed: int
    dropouts: int
    pause_s: float


class Ear:
    """One connection from *track* to a page."""

    def __init__(self, page: Page, track: MediaStreamTrack) -> None:
        self.page = page
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peer.addTransceiver(track, direction="sendonly")
        self._wave = self._peer.createDataChannel("wave")
        if isinstance(track, StethoscopeTrack):
            track.on_piece = self._send

    def _send(self, piece: Waveform) -> None:
        if self._wave.readyState == "open":
            self._wave.send(piece.pack())

    async def connect(self) -> None:
        await self._peer.setLocalDescription(await self._peer.createOffer())
        made = self._peer.localDescription
        answer = await self.page.evaluate(ANSWER, {"type": made.type, "sdp": made.sdp})
        lines = [line for line in answer["sdp"].splitlines() if not line.startswith("a=candidate")]
        await self._peer.setRemoteDescription(RTCSessionDescription("\r\n".join(lines) + "\r\n", answer["type"]))
        async with asyncio.timeout(20):
            while self._peer.connectionState != "connected" or self._wave.readyState != "open":
                await asyncio.sleep(0.02)

    async def listen(self, *, lossless: bool, band: str = "none") -> None:
        await self.page.evaluate(LISTEN, {"lossless": lossless, "band": band})

    async def heard_since(self, before: Heard | None = None) -> Heard:
        """All that was recorded until now; counts from *before* on."""
        took: dict[str, Any] = await self.page.evaluate(TAKE)
        samples = np.frombuffer(base64.b64decode(took["samples"]), "<f4")
        began_s = took["wall_s"] + took["first"] / RATE - took["context_s"]
        holes = (took["last"] - took["first"]) // 128 + 1 - samples.size // 128
        stretched, concealed = took["stretched"], took["concealed"]
        if before is not None:
            stretched, concealed = stretched - before.stretched, concealed - before.concealed
        pause_s = took["pause_ms"] / 1000
        return Heard(samples, began_s, holes, stretched, concealed, took["counts"]["dropouts"], pause_s)

    async def close(self) -> None:
        await self._peer.close()


@asynccontextmanager
async def pages() -> AsyncIterator[Page]:
    """A page with the desk's modules under the real security policy, in a browser that plays without a click."""
    app = FastAPI()
    app.get("/ear")(lambda: HTMLResponse("<!doctype html><title>ear</title><audio></audio>"))
    app.get("/recorder.js")(lambda: Response(RECORDER, media_type="text/javascript"))
    mount_static(app, desk=desk.STATIC)
    protect(app, Protection())
    async with served(app) as url, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=[*FLAGS, *CALL])
        try:
            page = await browser.new_page()
            await page.goto(f"{url}/ear")
            yield page
        finally:
            await browser.close()


@asynccontextmanager
async def ear(track: MediaStreamTrack) -> AsyncIterator[Ear]:
    """A fresh browser, connected to *track*; nobody listens yet."""
    async with pages() as page:
        made = Ear(page, track)
        try:
            await made.connect()
            yield made
        finally:
            track.stop()
            await made.close()
