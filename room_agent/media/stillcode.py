"""A picture as a file: JPEG for the preview and for the simulator, PNG where nothing may be lost."""

from fractions import Fraction

import av
from av import VideoFrame
from av.video.reformatter import ColorRange, Interpolation

PREVIEW_WIDTH = 640
_FINE, _COARSE = 2, 6


def jpeg(frame: VideoFrame, *, fine: bool = True) -> bytes:
    """*frame* as JPEG; *fine* is about 95 of 100."""
    wanted = frame.reformat(format="yuvj420p", dst_color_range=ColorRange.JPEG)
    step = _FINE if fine else _COARSE
    return _coded("mjpeg", wanted, {"qmin": str(step), "qmax": str(step)})


def png(frame: VideoFrame) -> bytes:
    """*frame* as PNG, RGB."""
    return _coded("png", frame.reformat(format="rgb24"), {})


def preview(frame: VideoFrame) -> tuple[bytes, tuple[int, int]]:
    """A small JPEG and its size."""
    width = min(PREVIEW_WIDTH, frame.width) // 2 * 2
    height = round(frame.height * width / frame.width / 2) * 2
    small = frame.reformat(width, height, "yuv420p", interpolation=Interpolation.AREA)
    return jpeg(small, fine=False), (width, height)


def from_jpeg(data: bytes) -> VideoFrame:
    """The picture in a JPEG.

    Raises:
        ValueError: there is none.
    """
    decoder = av.CodecContext.create("mjpeg", "r")
    try:
        return next(iter(decoder.decode(av.Packet(data))))
    except (av.FFmpegError, StopIteration) as error:
        raise ValueError("no JPEG") from error


def _coded(codec: str, frame: VideoFrame, options: dict[str, str]) -> bytes:
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, frame.format.name
    encoder.time_base, encoder.options = Fraction(1, 25), options
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
