"""H.264 for the browser: our own libx264 encoder, and pictures cut into the pieces that RTP carries (RFC 6184).

aiortc's encoder takes 2.6 times the processor time (preset medium), begins anew with a key frame whenever the bit rate
moves by 10 %, and goes neither under 500 kbit/s nor under the camera's size and rate. This one is opened once for each
rung of the ladder; the bit rate moves while it runs. What it makes is cut once and sent to every viewer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av import VideoFrame
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import Interpolation

from room_agent.media.ladder import Rung

CLOCK_RATE = 90_000
TIME_BASE = Fraction(1, CLOCK_RATE)
PIECE_BYTES = 1200
"""Payload of one RTP packet: with all headers it fits every usual path."""
_IDR, _SEI, _SPS, _PPS, _DELIMITER, _STAP_A, _FU_A = 5, 6, 7, 8, 9, 24, 28
_FOR_EVER = 1 << 20


@dataclass(frozen=True)
class Coded:
    """One picture as H.264 with start codes (Annex B). *taken_s*: when it was taken, by the monotonic clock."""

    data: bytes
    key: bool
    taken_s: float


@dataclass(frozen=True)
class Sendable:
    """One picture, cut: *payloads* of RTP packets and the time stamp at 90 kHz, before any offset."""

    payloads: tuple[bytes, ...]
    timestamp: int
    key: bool

    @property
    def size(self) -> int:
        """Bytes of all payloads."""
        return sum(len(payload) for payload in self.payloads)


class Encoder:
    """Constrained baseline for one size and rate, one thread, no look-ahead: what goes in comes out at once.

    x264 begins as CBR at the rung's ceiling, and stays CBR when only the bit rate is lowered later: no new encoder, no
    key frame. SPS and PPS stand before each key frame, and key frames come only when they are asked for.
    """

    def __init__(self, width: int, height: int, rung: Rung) -> None:
        self.width, self.height, self.rung = width, height, rung
        codec: VideoCodecContext = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
        codec.framerate, codec.time_base = Fraction(rung.fps), TIME_BASE
        codec.bit_rate = rung.ceiling_bps
        codec.gop_size, codec.max_b_frames, codec.thread_count = _FOR_EVER, 0, 1
        codec.profile = "Baseline"
        codec.options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "level": "31",
            "forced-idr": "1",
            "maxrate": str(rung.ceiling_bps),
            "bufsize": str(rung.buffer_bits),
            "x264-params": "scenecut=0",
        }
        codec.open()
        self._codec = codec

    def encode(self, frame: VideoFrame, *, bps: int, key: bool) -> Coded:
        """*frame* at *bps*; its ``pts`` at 90 kHz must rise. May run in a thread, one call after the other."""
        self._codec.bit_rate = max(self.rung.floor_bps, min(self.rung.ceiling_bps, bps))
        packets = self._codec.encode(key_if(key, fitted(frame, self.width, self.height)))
        data = b"".join(bytes(packet) for packet in packets)
        return Coded(data, any(packet.is_keyframe for packet in packets), (frame.pts or 0) / CLOCK_RATE)


def fitted(frame: VideoFrame, width: int, height: int) -> VideoFrame:
    """*frame* in this size and as encoders want it; itself where it is so already."""
    if (frame.width, frame.height, frame.format.name) == (width, height, "yuv420p"):
        return frame
    made = frame.reformat(width, height, "yuv420p", interpolation=Interpolation.AREA)
    made.pts, made.time_base = frame.pts, TIME_BASE
    return made


def key_if(key: bool, frame: VideoFrame) -> VideoFrame:
    """*frame*, to become a key picture or any."""
    frame.pict_type = PictureType.I if key else PictureType.NONE
    return frame


FILLING = bytes([12]) + b"\xff" * (PIECE_BYTES - 2) + b"\x80"
"""A packet of filler data (H.264, 7.3.2.7), which every decoder skips."""


def units(data: bytes) -> Iterator[bytes]:
    """The NAL units of *data* (H.264 Annex B), without start codes."""
    start = data.find(b"\0\0\1")
    while start >= 0:
        end = data.find(b"\0\0\1", start + 3)
        unit = data[start + 3 : end if end >= 0 else len(data)].rstrip(b"\0")
        if unit:
            yield unit
        start = end


def kind(unit: bytes) -> int:
    """``nal_unit_type`` of a NAL unit."""
    return unit[0] & 0x1F


def is_key(data: bytes) -> bool:
    """Whether a picture of *data* can be decoded without any other: an IDR."""
    return any(kind(unit) == _IDR for unit in units(data))


def cut(data: bytes, limit: int = PIECE_BYTES) -> tuple[bytes, ...]:
    """RTP payloads of one picture: what fits travels together (STAP-A), what is too large in parts (FU-A).

    Delimiters and SEI are left out; no browser needs them.
    """
    found: list[bytes] = []
    small: list[bytes] = []
    for unit in units(data):
        if kind(unit) in (_SEI, _DELIMITER):
            continue
        if len(unit) > limit:
            found += [*_together(small), *_parts(unit, limit)]
            small = []
        else:
            if sum(len(each) + 2 for each in small) + len(unit) + 3 > limit:
                found += _together(small)
                small = []
            small.append(unit)
    return (*found, *_together(small))


def _together(small: list[bytes]) -> list[bytes]:
    """RFC 6184, 5.7.1; a unit alone stays as it is."""
    if len(small) < 2:
        return list(small)
    head = bytes([max(unit[0] & 0x60 for unit in small) | _STAP_A])
    return [head + b"".join(len(unit).to_bytes(2, "big") + unit for unit in small)]


def _parts(unit: bytes, limit: int) -> Iterator[bytes]:
    """RFC 6184, 5.8: parts of about the same length, the first and the last marked."""
    indicator = (unit[0] & 0xE0) | _FU_A
    count = -(-(len(unit) - 1) // (limit - 2))
    length = -(-(len(unit) - 1) // count)
    for place in range(count):
        mark = (0x80 if place == 0 else 0) | (0x40 if place == count - 1 else 0)
        yield bytes([indicator, mark | kind(unit)]) + unit[1 + place * length : 1 + (place + 1) * length]


@dataclass(frozen=True)
class Profile:
    """What a sequence parameter set says first (H.264, 7.3.2.1.1)."""

    profile_idc: int
    level_idc: int

    @property
    def browser_takes_it(self) -> bool:
        """Baseline up to level 3.1, as was agreed with the browser (``profile-level-id`` 42e01f)."""
        return self.profile_idc == 66 and self.level_idc <= 31


def profile_of(data: bytes) -> Profile | None:
    """The profile in the first SPS of *data*; None if there is none, or no start code (a file's AVCC)."""
    for unit in units(data):
        if kind(unit) == _SPS and len(unit) >= 4:
            return Profile(unit[1], unit[3])
    return None
