"""Files that stand in for cameras: H.264 as a camera would make it, and JPEG pictures."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av import VideoFrame

from room_agent.media import picture, stillcode, views


def pictures(size: tuple[int, int], count: int) -> list[VideoFrame]:
    """A moving mark over a room, with the number of the picture as its time code."""
    still = views.room_view(*size)
    found = []
    for number in range(count):
        pixels = still.copy()
        left = number * 8 % (size[0] - 40)
        pixels[size[1] // 2 : size[1] // 2 + 40, left : left + 40] = 235
        picture.paint_time_code(pixels[: size[1]], number)
        found.append(picture.to_frame(pixels))
    return found


def write_h264(
    path: Path,
    *,
    seconds: float = 4,
    size: tuple[int, int] = (640, 360),
    fps: int = 30,
    key_every: int = 30,
    profile: str = "Baseline",
    bps: int = 600_000,
) -> None:
    """A camera's own H.264; *path* ends in ``.ts``, ``.h264`` or ``.mp4``."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.bit_rate, stream.gop_size, stream.profile = bps, key_every, profile
        stream.codec_context.max_b_frames = 0
        preset = "ultrafast" if profile == "Baseline" else "veryfast"  # the fastest uses nothing above baseline
        stream.options = {"preset": preset, "tune": "zerolatency", "forced-idr": "1", "level": "31"}
        still = views.room_view(*size)
        grain = np.random.default_rng(1).integers(0, 4, (size[1], size[0] + 64), dtype=np.uint8)
        for number in range(int(seconds * fps)):
            pixels = still.copy()
            pixels[: size[1]] += grain[:, number % 64 : number % 64 + size[0]]
            picture.paint_time_code(pixels[: size[1]], number)
            frame = picture.to_frame(pixels)
            frame.pts, frame.time_base = number, Fraction(1, fps)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def write_mjpeg(path: Path, size: tuple[int, int], *, count: int) -> list[bytes]:
    """JPEG pictures as they come from a camera; each as it stands in the file."""
    made = [stillcode.jpeg(frame) for frame in pictures(size, count)]
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = *size, "yuvj420p"
        for number, data in enumerate(made):
            packet = av.Packet(data)
            packet.pts = packet.dts = number
            packet.time_base, packet.stream = Fraction(1, 30), stream
            file.mux(packet)
    return made
