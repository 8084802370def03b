"""VP8 for a browser that has no H.264: our own libvpx encoder, and pictures cut into RTP's pieces (RFC 7741).

FFmpeg's libvpx takes no other bit rate while it runs. So the rate goes in steps, and each step is an encoder of its
own, which begins with a key picture.
"""

from dataclasses import replace
from fractions import Fraction

import av
from av import VideoFrame
from av.video.codeccontext import VideoCodecContext

from room_agent.media.h264 import CLOCK_RATE, PIECE_BYTES, TIME_BASE, Coded, fitted, key_if
from room_agent.media.ladder import CEILING_BPS, FLOOR_BPS, Rung, rung_for

_FOR_EVER = 1 << 20
_STEP = 1.25
_START, _CONTINUES = b"\x10", b"\x00"
"""Payload descriptors (RFC 7741, 4.2): the first piece of a picture, and every other. No picture is numbered."""
FILLING = _CONTINUES + bytes(PIECE_BYTES - 1)
"""More of a picture's last partition than there is to read in it (RFC 6386, 9.5): no decoder looks at it."""


class Encoder:
    """One size, rate and bit rate (the ceiling of *rung*), one thread, no look-ahead, key pictures when asked for."""

    def __init__(self, width: int, height: int, rung: Rung) -> None:
        self.width, self.height, self.rung = width, height, rung
        bps = rung.ceiling_bps
        codec: VideoCodecContext = av.CodecContext.create("libvpx", "w")
        codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
        codec.framerate, codec.time_base = Fraction(rung.fps), TIME_BASE
        codec.bit_rate, codec.gop_size, codec.thread_count = bps, _FOR_EVER, 1
        codec.qmin, codec.qmax = 4, 50
        codec.options = {
            "deadline": "realtime",
            "cpu-used": "-8",
            "lag-in-frames": "0",
            "minrate": str(bps),  # the same as the bit rate and maxrate: CBR
            "maxrate": str(bps),
            "bufsize": str(max(rung.buffer_bits, bps // 2)),
            "undershoot-pct": "100",
            "overshoot-pct": "15",
        }
        codec.open()
        self._codec = codec

    def encode(self, frame: VideoFrame, *, bps: int, key: bool) -> Coded:  # noqa: ARG002 - as the other encoder's
        """*frame*, whose ``pts`` at 90 kHz must rise. May run in a thread, one call after the other."""
        packets = self._codec.encode(key_if(key, fitted(frame, self.width, self.height)))
        data = b"".join(bytes(packet) for packet in packets)
        return Coded(data, any(packet.is_keyframe for packet in packets), (frame.pts or 0) / CLOCK_RATE)


def step_for(bps: int, now: Rung | None = None) -> Rung:
    """The rung that *bps* carries, whose ceiling is the highest step not above *bps*."""
    step = float(FLOOR_BPS)
    while step * _STEP <= min(bps, CEILING_BPS):
        step *= _STEP
    return replace(rung_for(bps, now and rung_for(now.floor_bps)), ceiling_bps=int(step))


def cut(data: bytes, limit: int = PIECE_BYTES) -> tuple[bytes, ...]:
    """RTP payloads of one picture, of about the same length."""
    count = -(-len(data) // (limit - 1))
    length = -(-len(data) // count) if count else 0
    pieces = (data[place * length : (place + 1) * length] for place in range(count))
    return tuple((_CONTINUES if place else _START) + piece for place, piece in enumerate(pieces))
