"""A real call between two aiortc ends, run inside a network namespace by `test_call`; prints what arrived as JSON."""

import asyncio
import hashlib
import json
import statistics
import time
from typing import Any

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from pydantic import BaseModel

from room_agent.media.aiortc_peer import AiortcPeer
from room_agent.media.live import for_visit
from room_agent.media.peer import Channel
from room_agent.media.picture import luma_of, read_time_code
from room_agent.media.simulated import CameraFault, simulated_cameras
from room_agent.media.sound import Loop
from room_agent.media.stethoscope import SAMPLE_RATE
from room_agent.media.stills import Stills, StillSender
from schemas.measurement import BULK_HEADER, StillAck, StillOffered, StillPart, TakeStill

TONES_HZ = (20, 40, 100, 400)
AMPLITUDE = 0.15


def tones() -> Loop:
    moments = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    sound = np.sum([AMPLITUDE * np.sin(2 * np.pi * hz * moments) for hz in TONES_HZ], axis=0)
    return Loop((sound * 32767).astype(np.int16))


def gains_db(heard: np.ndarray[Any, Any]) -> dict[str, float]:
    """The last second against what was sent, per tone."""
    spectrum = np.abs(np.fft.rfft(heard[-SAMPLE_RATE:] / 32767)) * 2 / SAMPLE_RATE
    return {str(hz): round(20 * float(np.log10(spectrum[hz] / AMPLITUDE)), 2) for hz in TONES_HZ}


async def hear(track: MediaStreamTrack, seconds: float) -> np.ndarray[Any, Any]:
    parts: list[np.ndarray[Any, Any]] = []
    while len(parts) * 0.02 < seconds:
        frame = await track.recv()
        parts.append(frame.to_ndarray()[0][::2].astype(np.float64))
    return np.concatenate(parts)


async def see(track: MediaStreamTrack, until: Any) -> dict[str, Any]:
    """Watch until *until* holds for a picture's luma; latency by the painted time code."""
    late, count = [], 0
    async with asyncio.timeout(60):
        while True:
            luma = luma_of(await track.recv())
            count += 1
            late.append((int(time.time() * 1000) - read_time_code(luma)) & 0xFFFFFFFF)
            if until(luma, count):
                return {"pictures": count, "latency_ms": statistics.median(late), "mean": float(luma.mean())}


async def connected(sender: AiortcPeer, receiver: RTCPeerConnection) -> dict[str, MediaStreamTrack]:
    """Each track by its role."""
    tracks: dict[str, MediaStreamTrack] = {}
    offered = await sender.offer()
    assert offered is not None
    await receiver.setRemoteDescription(RTCSessionDescription(**offered))
    for transceiver in receiver.getTransceivers():
        tracks[sender.roles[transceiver.mid]] = transceiver.receiver.track
    await receiver.setLocalDescription(await receiver.createAnswer())
    made = receiver.localDescription
    await sender.answer({"type": made.type, "sdp": made.sdp})
    return tracks


class Page:
    """The far end of ``bulk``: puts the pieces together and acknowledges them."""

    def __init__(self, receiver: RTCPeerConnection) -> None:
        self.offers: dict[int, StillOffered] = {}
        self.got: dict[int, bytearray] = {}
        self.whole = asyncio.Event()
        self.sender: StillSender | None = None
        receiver.on("datachannel", lambda channel: channel.on("message", self.heard))

    def say(self, message: BaseModel) -> None:
        if isinstance(message, StillOffered):
            self.offers[message.number] = message

    def heard(self, data: bytes) -> None:
        number, offset = BULK_HEADER.unpack_from(data)
        got, offer = self.got.setdefault(number, bytearray()), self.offers[number]
        assert offset == len(got)
        got += data[BULK_HEADER.size :]
        if self.sender is not None:
            self.sender.acknowledged(StillAck(still_id=offer.still_id, part=offer.part, offset=len(got)))
        if len(got) == offer.size and offer.part is StillPart.FULL:
            self.whole.set()

    def parts(self) -> dict[str, Any]:
        """Of each part its size, and whether its hash is right."""
        return {
            offer.part: [offer.size, hashlib.sha256(self.got[number]).hexdigest() == offer.sha256]
            for number, offer in self.offers.items()
        }


async def still(page: Page, stills: Stills, bulk: Channel) -> dict[str, Any]:
    """One picture in full resolution over the real channel."""
    page.sender = StillSender(stills, bulk, page.say)
    await page.sender.take(TakeStill(still_id="still-1", camera="document"))
    async with asyncio.timeout(60):
        await page.whole.wait()
    return page.parts()


async def main() -> dict[str, Any]:
    receiver = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    cameras = simulated_cameras(word, fps=15)
    found: dict[str, Any] = {}
    async with for_visit(cameras, tones, word=word, simulated=True) as media:
        sender, page = AiortcPeer(media.outlets(), lambda _state: None), Page(receiver)
        bulk = sender.channel("bulk")
        media.listen(True)
        media.select("room")
        tracks = await connected(sender, receiver)
        heard = asyncio.create_task(hear(tracks["stethoscope"], 3.0))
        pictures = tracks["exam-0"]
        found["room"] = await see(pictures, lambda _luma, count: count >= 30)
        media.stills.may = lambda _camera: True
        found["still"] = await still(page, media.stills, bulk)
        media.select("otoscope")
        found["otoscope"] = await see(pictures, lambda luma, _count: luma[luma.shape[0] // 2, 20] < 60)
        media.select("document", 1)
        found["beside"] = await see(tracks["exam-1"], lambda luma, _count: luma.mean() > 90)
        for camera in cameras:
            camera.set_fault(CameraFault.UNPLUGGED)
        found["unplugged"] = await see(pictures, lambda luma, _count: luma[20:140].std() < 8)
        for camera in cameras:
            camera.set_fault(None)
        found["back"] = await see(pictures, lambda luma, _count: luma[20:140].std() > 30)
        found["gains_db"] = gains_db(await heard)
        await asyncio.gather(sender.close(), receiver.close())
    return found


def word(key: str) -> str:
    return key.partition(".")[2]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))  # noqa: T201 - the answer to the test that started us
