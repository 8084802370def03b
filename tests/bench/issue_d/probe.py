"""What a page's connections do, seen from inside it without its knowledge: when the first picture and sound came.

`PROBE` goes into a page before its own scripts. Each connection is in ``probe.ends``; its ``firsts`` says, by kind and
number of the track, when the first picture was decoded or the first sound came that is not silence (ms since 1970).
"""

from pathlib import Path
from typing import Any

import numpy as np
from av import AudioFrame
from av import open as av_open
from playwright.sync_api import Page

from tests.bench.harness import percentile

PROBE = """
(() => {
  const now = () => performance.timeOrigin + performance.now();
  window.probe = { ends: [], clicked: 0 };
  const loud = (data) => {
    const samples = new Float32Array(data.numberOfFrames);
    data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
    return samples.some((sample) => Math.abs(sample) > 0.001);
  };
  const first = async (track, name, end) => {
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const good = track.kind === 'video' || loud(value);
      value.close();
      if (good) break;
    }
    end.firsts[name] = now();
    await reader.cancel();
  };
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...rest) {
      super(...rest);
      const end = { connection: this, channels: [], firsts: {}, made: now(), counts: { audio: 0, video: 0 } };
      window.probe.ends.push(end);
      this.addEventListener('track', ({ track }) => first(track, track.kind + end.counts[track.kind]++, end));
      this.addEventListener('datachannel', ({ channel }) => end.channels.push(channel));
    }
    createDataChannel(...rest) {
      const channel = super.createDataChannel(...rest);
      window.probe.ends.find(({ connection }) => connection === this).channels.push(channel);
      return channel;
    }
  };
  addEventListener('click', () => { window.probe.clicked = now(); }, true);
})();
"""
ONLY_RELAY = """
(() => {
  const Probed = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Probed {
    constructor(configuration) {
      super({ ...configuration, iceTransportPolicy: 'relay' });
    }
  };
})();
"""
"""After `PROBE`: this page uses no way but the relay."""
LOOK = """() => ({
  clicked: window.probe.clicked,
  ends: window.probe.ends.map(({ connection, channels, firsts, made }) => ({
    state: connection.connectionState, made, firsts, channels: channels.map(({ label }) => label),
  })),
})"""
PATHS = """async () => {
  const paths = [];
  for (const { connection } of window.probe.ends) {
    const reports = [...(await connection.getStats()).values()];
    const used = reports.find((each) => each.type === 'candidate-pair' && each.nominated && each.state === 'succeeded');
    const end = (id) => reports.find((each) => each.id === id);
    if (used) paths.push([end(used.localCandidateId), end(used.remoteCandidateId)].map((each) => each?.candidateType));
  }
  return paths;
}"""
"""Of each connection that stands: the kinds of both addresses, ``host``, ``prflx`` or ``relay``."""


def look(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(LOOK)
    return found


def first(seen: dict[str, Any], channel: str, kind: str) -> float | None:
    """When the first picture or sound of *kind* came on the newest connection that has *channel*."""
    ends = [end for end in seen["ends"] if channel in end["channels"]]
    times = [at for name, at in ends[-1]["firsts"].items() if name.startswith(kind)] if ends else []
    return min(times, default=None)


def voice(path: Path, seconds: float = 4.0) -> Path:
    """A file for a simulated microphone: 440 Hz that swells four times a second and is never silent for long."""
    at = np.arange(int(48_000 * seconds)) / 48_000
    samples = (np.sin(2 * np.pi * 440 * at) * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * at)) * 12_000).astype("<i2")
    with av_open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=48_000, layout="mono")
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 48_000
        out.mux(list(stream.encode(frame)) + list(stream.encode(None)))
    return path


def spread(times: list[float]) -> str:
    middle, late = percentile(times, 0.5), percentile(times, 0.95)
    return f"p50 {middle:.0f}, p95 {late:.0f}, most {max(times):.0f} ms, n = {len(times)}"
