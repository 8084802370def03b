"""Three ways to send the same camera: aiortc as it is, aiortc with our encoder put in, and our own layer."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from fractions import Fraction

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack
from av import VideoFrame

from room_agent.media.aiortc_peer import AiortcPeer
from room_agent.media.h264 import CLOCK_RATE, Encoder, cut
from room_agent.media.ladder import LADDER
from room_agent.media.peer import Outlet
from room_agent.media.slot import VideoSlot
from room_agent.media.source import ExamCamera
from room_agent.media.switch import SwitchTrack
from tests.bench.issue_c.far_end import FarEnd


class CameraTrack(MediaStreamTrack):  # type: ignore[misc]  # aiortc's types are skipped
    """A camera as aiortc takes one."""

    kind = "video"

    def __init__(self, camera: ExamCamera) -> None:
        super().__init__()
        self._camera = camera

    async def recv(self) -> VideoFrame:
        frame = await self._camera.frame()
        frame.pts, frame.time_base = int(time.monotonic() * CLOCK_RATE), Fraction(1, CLOCK_RATE)
        return frame


class OurEncoder:
    """Our encoder where aiortc has its own, with nothing of our layer around it."""

    def __init__(self) -> None:
        self.target_bitrate = 2_000_000
        self._encoder = Encoder(1280, 720, LADDER[0])

    def encode(self, frame: VideoFrame, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        coded = self._encoder.encode(frame, bps=min(self.target_bitrate, 2_150_000), key=force_keyframe)
        return list(cut(coded.data)), frame.pts


def h264_only(connection: RTCPeerConnection) -> None:
    codecs = [each for each in RTCRtpSender.getCapabilities("video").codecs if each.mimeType != "video/VP8"]
    for transceiver in connection.getTransceivers():
        if transceiver.kind == "video":
            transceiver.setCodecPreferences(codecs)


@asynccontextmanager
async def bare(far: FarEnd, cameras: Sequence[ExamCamera], *, ours: bool, sound: bool = False) -> AsyncIterator[None]:
    """aiortc alone; *ours*: with our encoder; *sound*: with aiortc's Opus beside it."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    if sound:
        connection.addTransceiver(AudioStreamTrack(), direction="sendonly")
    for camera in cameras:
        sender = connection.addTransceiver(CameraTrack(camera), direction="sendonly").sender
        if ours:
            sender._RTCRtpSender__encoder = OurEncoder()
    h264_only(connection)
    await far.meet_bare(connection)
    try:
        yield
    finally:
        await connection.close()


@asynccontextmanager
async def layered(far: FarEnd, cameras: Sequence[ExamCamera]) -> AsyncIterator[tuple[VideoSlot, ...]]:
    """Our layer, with one slot for each camera."""
    slots = tuple(VideoSlot(SwitchTrack([each], gone_text="", off_text="", selected=each.camera)) for each in cameras)
    async with AsyncExitStack() as stack:
        for slot in slots:
            stack.push_async_callback(slot.close)
        peer = AiortcPeer([Outlet(f"exam-{n}", slot.watch()) for n, slot in enumerate(slots)], lambda _state: None)
        stack.push_async_callback(peer.close)
        await far.meet(peer)
        yield slots


async def cpu_share(seconds: float) -> float:
    """This process's share of one core for so long, in percent."""
    cpu, began = time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    return (time.process_time() - cpu) / (time.monotonic() - began) * 100
