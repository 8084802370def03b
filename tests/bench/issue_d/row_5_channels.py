"""The data channels on one veth pair: a ping and its answer while pictures run, and a still of 6 MB."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

from aiortc import RTCConfiguration, RTCPeerConnection

from room_agent.media.aiortc_peer import AiortcPeer
from room_agent.media.peer import Channel, Outlet
from room_agent.media.slot import VideoSlot
from room_agent.media.source import Still
from room_agent.media.stills import Stills, StillSender
from room_agent.media.switch import SwitchTrack
from schemas.measurement import Ping, Pong, StillAck, TakeStill, ctl_from_doctor
from tests.bench.harness import Figure, note, percentile
from tests.bench.issue_c.far_end import FarEnd, far_end
from tests.bench.issue_c.scene import NoisyCamera
from tests.bench.issue_c.senders import CameraTrack, h264_only
from tests.bench.issue_d.probe import spread
from tests.bench.plot import Plot, distribution, save

PINGS = int(os.environ.get("PINGS", "500"))
STILLS = int(os.environ.get("STILLS", "5"))
STILL_BYTES, SIZE = 6_000_000, (4000, 3000)
P50_MS, P99_MS, LEAST_MBIT = 2.0, 15.0, 150.0

CHANNELS = """() => {
  window.channels = {};
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...rest) {
      super(...rest);
      this.addEventListener('datachannel', ({ channel }) => {
        channel.binaryType = 'arraybuffer';
        window.channels[channel.label] = channel;
      });
    }
  };
}"""
"""Keeps the channels of the page's connections."""
RTT = """async (count) => {
  const { ctl } = window.channels;
  const took = [];
  for (let seq = 1; seq <= count; seq += 1) {
    const began = performance.now();
    ctl.send(JSON.stringify({ type: 'ping', seq }));
    await new Promise((done) => ctl.addEventListener('message', done, { once: true }));
    took.push(performance.now() - began);
    await new Promise((done) => setTimeout(done, 20));
  }
  return took;
}"""
STILL = """async ([id, size]) => {
  const { ctl, bulk } = window.channels;
  const bytes = new Uint8Array(size);
  let offer = null, got = 0, told = 0;
  const say = (message) => ctl.send(JSON.stringify(message));
  const offered = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === 'still-offered' && message.part === 'full') offer = message;
  };
  ctl.addEventListener('message', offered);
  const whole = new Promise((done) => {
    bulk.onmessage = ({ data }) => {
      const header = new DataView(data, 0, 12);
      if (header.getUint32(0, true) !== offer?.number) return;
      bytes.set(new Uint8Array(data, 12), Number(header.getBigUint64(4, true)));
      got += data.byteLength - 12;
      if (got - told >= 256 * 1024 && got < size) {
        told = got;
        say({ type: 'still-ack', still_id: id, part: 'full', offset: got });
      }
      if (got === size) done();
    };
  });
  const began = performance.now();
  say({ type: 'take-still', still_id: id, camera: 'room' });
  await whole;
  say({ type: 'still-ack', still_id: id, part: 'full', offset: got });
  const took = performance.now() - began;
  ctl.removeEventListener('message', offered);
  return [bytes.reduce((sum, byte, at) => (sum * 31 + byte + at) % 1000003, 7), took];
}"""


ALL = """async (size) => {
  const { ctl, bulk } = window.channels;
  let got = 0;
  const whole = new Promise((done) => {
    bulk.onmessage = ({ data }) => (got += data.byteLength) >= size && done();
  });
  const began = performance.now();
  ctl.send('all');
  await whole;
  return performance.now() - began;
}"""


class Photographer(NoisyCamera):
    """A camera whose stills have 6 MB."""

    def __init__(self) -> None:
        super().__init__()
        self._full, self._small = os.urandom(STILL_BYTES), os.urandom(20_000)
        self.check = 7
        for at, byte in enumerate(self._full):
            self.check = (self.check * 31 + byte + at) % 1_000_003

    async def still(self) -> Still:
        return Still(self._full, "image/jpeg", *SIZE, self._small, (640, 480), datetime.now(UTC), {})


@dataclass
class Found:
    """Round trips with pictures running, and stills: how fast, and how many were spoilt."""

    rtt_ms: list[float] = field(default_factory=list)
    mbit: list[float] = field(default_factory=list)
    spoilt: int = 0


def hear(data: str | bytes, sender: StillSender, ctl: Channel, tasks: asyncio.TaskGroup) -> None:
    """As a room does (`room_agent.peers`)."""
    match ctl_from_doctor.validate_json(data):
        case Ping(seq=seq):
            ctl.send(Pong(seq=seq).to_wire())
        case TakeStill() as wanted:
            tasks.create_task(sender.take(wanted))
        case StillAck() as heard:
            sender.acknowledged(heard)


async def ours(far: FarEnd) -> Found:
    camera = Photographer()
    slot = VideoSlot(SwitchTrack([camera], gone_text="", off_text="", selected=camera.camera))
    peer = AiortcPeer([Outlet("exam-0", slot.watch())], lambda _state: None)
    ctl, bulk = peer.channel("ctl"), peer.channel("bulk")
    stills = Stills([camera])
    stills.may = lambda _camera: True
    sender = StillSender(stills, bulk, lambda message: ctl.send(message.to_wire()))
    try:
        async with asyncio.TaskGroup() as tasks:
            ctl.on_message(lambda data: hear(data, sender, ctl, tasks))
            await far.meet(peer)
            await far.until_seen(1, 1)
            found = Found(rtt_ms=await far.page.evaluate(RTT, PINGS))
            for number in range(STILLS):
                check, took_ms = await far.page.evaluate(STILL, [f"still-{number}", STILL_BYTES])
                found.mbit.append(STILL_BYTES * 8 / took_ms / 1000)
                found.spoilt += check != camera.check
            return found
    finally:
        await peer.close()
        await slot.close()


async def bare(far: FarEnd) -> Found:
    """aiortc alone: an echo beside its own encoder, and 6 MB in pieces as fast as it takes them."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver(CameraTrack(NoisyCamera()), direction="sendonly")
    ctl, bulk = connection.createDataChannel("ctl"), connection.createDataChannel("bulk")
    pieces = [os.urandom(60 * 1024)] * (STILL_BYTES // (60 * 1024))

    def heard(data: str) -> None:
        if data == "all":
            for piece in pieces:
                bulk.send(piece)
        else:
            ctl.send(data)

    ctl.on("message", heard)
    h264_only(connection)
    try:
        await far.meet_bare(connection)
        await far.until_seen(1, 1)
        found = Found(rtt_ms=await far.page.evaluate(RTT, PINGS))
        for _ in range(STILLS):
            size = sum(map(len, pieces))
            found.mbit.append(size * 8 / await far.page.evaluate(ALL, size) / 1000)
        return found
    finally:
        await connection.close()


async def both() -> tuple[Found, Found]:
    found = []
    for side in (ours, bare):
        async with far_end(counts_only=True) as far:
            await far.page.evaluate(CHANNELS)
            found.append(await side(far))
    return found[0], found[1]


def measure() -> Iterator[Figure]:
    mine, alone = asyncio.run(both())
    note(f"row 5: round trips ours {spread(mine.rtt_ms)}; aiortc alone {spread(alone.rtt_ms)}")
    note(f"row 5: Mbit/s ours {[round(each) for each in mine.mbit]}; alone {[round(each) for each in alone.mbit]}")
    curves = [distribution("ours", mine.rtt_ms), distribution("aiortc alone", alone.rtt_ms)]
    save(Plot("Round trip on ctl with pictures running", "ms", "share", curves, []), "issue_d_row_5_rtt")
    for share, limit in ((0.5, P50_MS), (0.99, P99_MS)):
        value, other = percentile(mine.rtt_ms, share), percentile(alone.rtt_ms, share)
        name = f"ctl with 720p running, p{share * 100:.0f} of {PINGS} round trips; baseline: an echo of aiortc alone"
        good = value <= limit
        yield Figure(
            "D", 5, name, round(value, 2), "ms", f"≤ {limit:.0f}", good, round(other, 2), round(value / other, 3)
        )
    value, other = median(mine.mbit), median(alone.mbit)
    name = f"a still of 6 MB with 720p running, from asked to whole, median of {STILLS}; {mine.spoilt} spoilt"
    good = value >= LEAST_MBIT and not mine.spoilt
    yield Figure(
        "D", 5, name, round(value), "Mbit/s", f"≥ {LEAST_MBIT:.0f}", good, round(other), round(value / other, 3)
    )
