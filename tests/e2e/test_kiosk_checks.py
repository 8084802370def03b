"""The kiosk's own checks in a real browser, on streams that a test makes good or bad."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright import sync_api

from room_agent.app import KIOSK
from telemed.web.pages import mount_static
from tests.e2e.chromium import CALL, chromium
from tests.serving import served_beside

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

EXAMINE = """
async (wanted) => {
  const { examine } = await import('/static/kiosk/js/probe.js');
  const sheet = (blur) => {
    const made = new OffscreenCanvas(640, 360), context = made.getContext('2d');
    context.filter = `blur(${blur}px)`;
    for (let x = 0; x < 640; x += 20) for (let y = 0; y < 360; y += 20) {
      context.fillStyle = (x + y) / 20 % 2 ? '#334' : '#ccd';
      context.fillRect(x, y, 20, 20);
    }
    return made;
  };
  const sheets = { ok: sheet(0), frozen: sheet(0), blurred: sheet(12) };
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const context = canvas.getContext('2d');
  let now = 'ok';
  setInterval(() => {
    if (now === 'black') context.fillRect(0, 0, 640, 360);
    else context.drawImage(sheets[now], 0, 0);
    if (now === 'frozen') return;
    context.fillStyle = `rgb(${Math.random() * (now === 'black' ? 2 : 255)} 0 0)`;
    context.fillRect(300, 160, 40, 40);
    context.fillStyle = '#000';
  }, 100);
  const audio = new AudioContext(), out = audio.createMediaStreamDestination();
  const gain = new GainNode(audio), tone = new OscillatorNode(audio, { frequency: 300 });
  tone.connect(gain).connect(out);
  tone.start();
  const stream = new MediaStream([...canvas.captureStream(10).getTracks(), ...out.stream.getTracks()]);
  const found = [];
  for (const [camera, loudness] of wanted) {
    now = camera;
    gain.gain.value = loudness;
    await new Promise((resolve) => setTimeout(resolve, 400));
    found.push(await examine(stream, { learn: true }));
  }
  stream.getTracks().forEach((track) => track.stop());
  return [...found, await examine(stream), await examine(null)];
}
"""
LISTEN = """
async ({ coupling, hum }) => {
  const { listen } = await import('/static/kiosk/js/tone.js');
  const context = new AudioContext();
  const microphone = context.createMediaStreamDestination();
  const air = new GainNode(context, { gain: coupling });
  air.connect(microphone);
  const noises = [190, hum ? 1000 : 1300].map((frequency) => {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(new GainNode(context, { gain: 0.01 })).connect(microphone);
    tone.start();
    return tone;
  });
  const found = await listen(context, microphone.stream, air);
  noises.forEach((tone) => tone.stop());
  return found;
}
"""


@pytest.fixture(scope="module")
def page() -> Iterator[sync_api.Page]:
    """A bare page with the kiosk's scripts, no room behind it."""
    app = FastAPI()
    app.get("/")(lambda: HTMLResponse("<!doctype html><title>kiosk</title>"))
    mount_static(app, kiosk=KIOSK / "static")
    with served_beside(app) as server, chromium(*CALL) as browser:
        page = browser.new_page()
        page.goto(server.address)
        yield page


def test_a_picture_must_be_bright_move_and_be_as_sharp_as_it_used_to_be(page: sync_api.Page) -> None:
    wanted = [["ok", 0.1], ["black", 0.0], ["frozen", 0.1], ["blurred", 0.1], ["ok", 0.1]]
    found = page.evaluate(EXAMINE, wanted)
    assert [each["camera"] for each in found] == ["ok", "black", "frozen", "blurred", "ok", "none", "none"]
    assert [each["microphone"] for each in found] == ["ok", "silent", "ok", "ok", "ok", "none", "none"]


def test_the_tone_is_heard_or_not_and_a_hum_is_not_the_tone(page: sync_api.Page) -> None:
    found = [
        page.evaluate(LISTEN, {"coupling": coupling, "hum": hum})
        for coupling, hum in ((0.05, False), (0.0, False), (0.05, True))
    ]
    assert found == ["heard", "not-heard", "not-heard"]
