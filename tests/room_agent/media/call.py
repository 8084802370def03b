"""A real call between two aiortc ends, run inside a network namespace by `test_call`; prints what arrived as JSON."""

import asyncio
import json
import statistics
import time
from typing import Any

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from room_agent.media.aiortc_peer import AiortcPeer
from room_agent.media.live import for_visit
from room_agent.media.picture import luma_of, read_time_code
from room_agent.media.simulated import CameraFault, simulated_cameras
from room_agent.media.sound import Loop
from room_agent.media.stethoscope import SAMPLE_RATE

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
    async with asyncio.timeout(15):
        while True:
            luma = luma_of(await track.recv())
            count += 1
            late.append((int(time.time() * 1000) - read_time_code(luma)) & 0xFFFFFFFF)
            if until(luma, count):
                return {"pictures": count, "latency_ms": statistics.median(late), "mean": float(luma.mean())}


async def connected(sender: AiortcPeer, receiver: RTCPeerConnection) -> dict[str, MediaStreamTrack]:
    """Each track by its role."""
    tracks: dict[str, MediaStreamTrack] = {}
    sender.channel("ctl")
    offered = await sender.offer()
    assert offered is not None
    await receiver.setRemoteDescription(RTCSessionDescription(**offered))
    for transceiver in receiver.getTransceivers():
        tracks[sender.roles[transceiver.mid]] = transceiver.receiver.track
    await receiver.setLocalDescription(await receiver.createAnswer())
    made = receiver.localDescription
    await sender.answer({"type": made.type, "sdp": made.sdp})
    return tracks


async def main() -> dict[str, Any]:
    receiver = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    cameras = simulated_cameras(word, fps=15)
    found: dict[str, Any] = {}
    async with for_visit(cameras, tones, word=word, simulated=True) as media:
        sender = AiortcPeer(media.outlets(), lambda _state: None)
        media.listen(True)
        media.select("room")
        tracks = await connected(sender, receiver)
        heard = asyncio.create_task(hear(tracks["stethoscope"], 3.0))
        pictures = tracks["exam-0"]
        found["room"] = await see(pictures, lambda _luma, count: count >= 30)
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
