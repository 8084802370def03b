"""A real call between two aiortc ends, run inside a network namespace by `test_call`; prints what arrived as JSON."""

import asyncio
import json
import statistics
import time
from typing import Any

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.mediastreams import MediaStreamTrack

from room_agent.media.camera import simulated_cameras
from room_agent.media.heart import SAMPLE_RATE
from room_agent.media.picture import luma_of, read_time_code
from room_agent.media.sound import Loop
from room_agent.media.stethoscope import StethoscopeTrack
from room_agent.media.switch import SwitchTrack

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


async def connected(sender: RTCPeerConnection, receiver: RTCPeerConnection) -> dict[str, MediaStreamTrack]:
    tracks: dict[str, MediaStreamTrack] = {}
    receiver.on("track", lambda track: tracks.__setitem__(track.kind, track))
    await sender.setLocalDescription(await sender.createOffer())
    await receiver.setRemoteDescription(sender.localDescription)
    await receiver.setLocalDescription(await receiver.createAnswer())
    await sender.setRemoteDescription(receiver.localDescription)
    return tracks


async def main() -> dict[str, Any]:
    configuration = RTCConfiguration(iceServers=[])
    sender, receiver = RTCPeerConnection(configuration), RTCPeerConnection(configuration)
    cameras = simulated_cameras(lambda key: key.partition(".")[2])
    exam = SwitchTrack(cameras, gone_text="gone", off_text="off", selected="room")
    chest = StethoscopeTrack(tones(), simulated=True)
    chest.listen(True)
    sender.addTrack(exam)
    sender.addTrack(chest)
    tracks = await connected(sender, receiver)
    heard = asyncio.create_task(hear(tracks["audio"], 3.0))
    found: dict[str, Any] = {"room": await see(tracks["video"], lambda _luma, count: count >= 30)}
    exam.select("otoscope")
    found["otoscope"] = await see(tracks["video"], lambda luma, _count: luma[:400].mean() < 130)
    for camera in cameras:
        camera.unplugged = True
    found["unplugged"] = await see(tracks["video"], lambda luma, _count: luma[20:180].std() < 8)
    for camera in cameras:
        camera.unplugged = False
    found["back"] = await see(tracks["video"], lambda luma, _count: luma[20:180].std() > 30)
    found["gains_db"] = gains_db(await heard)
    await asyncio.gather(sender.close(), receiver.close())
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))  # noqa: T201 - the answer to the test that started us
