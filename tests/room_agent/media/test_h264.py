"""The encoder: what the browser agreed to, at once, at the bit rate that is asked for while it runs."""

from fractions import Fraction

import av
import numpy as np
from av import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from room_agent.media import picture, views
from room_agent.media.h264 import (
    CLOCK_RATE,
    FILLING,
    PIECE_BYTES,
    Coded,
    Encoder,
    Profile,
    cut,
    is_key,
    kind,
    profile_of,
    units,
)
from room_agent.media.ladder import LADDER

TOP, BOTTOM = LADDER[0], LADDER[-1]


class Scene:
    """A room with the noise of a sensor."""

    def __init__(self, size: tuple[int, int], fps: int) -> None:
        self._still = views.room_view(*size)
        self._grain = np.random.default_rng(1).integers(0, 5, (size[1], size[0] + 200), dtype=np.uint8)
        self._fps, self.count, (self._width, self._height) = fps, 0, size

    def next(self) -> VideoFrame:
        self.count += 1
        pixels, shift = self._still.copy(), self.count * 37 % 200
        pixels[: self._height] += self._grain[:, shift : shift + self._width]
        picture.paint_time_code(pixels[: self._height], self.count)
        frame = picture.to_frame(pixels)
        frame.pts, frame.time_base = self.count * CLOCK_RATE // self._fps, Fraction(1, CLOCK_RATE)
        return frame


def coded(encoder: Encoder, scene: Scene, count: int, bps: int) -> list[Coded]:
    return [encoder.encode(scene.next(), bps=bps, key=False) for _ in range(count)]


def test_the_stream_is_constrained_baseline_and_begins_with_a_key_picture_that_stands_alone() -> None:
    encoder, scene = Encoder(1280, 720, TOP), Scene((1280, 720), 30)
    first = encoder.encode(scene.next(), bps=2_000_000, key=False)
    assert first.key
    assert is_key(first.data)
    profile = profile_of(first.data)
    assert profile == Profile(66, 31)
    assert profile.browser_takes_it
    assert [kind(unit) for unit in units(first.data) if kind(unit) != 6] == [7, 8, 5]


def test_a_key_picture_comes_only_when_it_is_asked_for_and_brings_its_parameters() -> None:
    encoder, scene = Encoder(640, 360, BOTTOM), Scene((640, 360), 15)
    pictures = coded(encoder, scene, 60, 200_000)
    assert [each.key for each in pictures] == [True] + [False] * 59
    asked = encoder.encode(scene.next(), bps=200_000, key=True)
    assert asked.key
    assert profile_of(asked.data) is not None
    assert not encoder.encode(scene.next(), bps=200_000, key=False).key


def test_every_picture_comes_out_at_once_and_decodes() -> None:
    encoder, scene = Encoder(640, 360, BOTTOM), Scene((640, 360), 15)
    decoder = av.CodecContext.create("h264", "r")
    decoder.flags |= av.codec.context.Flags.low_delay
    for number, each in enumerate(coded(encoder, scene, 20, 300_000), 1):
        (frame,) = decoder.decode(av.Packet(each.data))
        assert picture.read_time_code(picture.luma_of(frame)) == number


def test_the_bit_rate_follows_without_a_new_encoder_and_without_a_key_picture() -> None:
    encoder, scene = Encoder(640, 360, LADDER[-2]), Scene((640, 360), 30)
    rates = {}
    for bps in (480_000, 260_000, 470_000):
        coded(encoder, scene, 30, bps)
        pictures = coded(encoder, scene, 45, bps)
        rates[bps] = sum(len(each.data) for each in pictures) * 8 * 30 / 45
        assert not any(each.key for each in pictures)
    assert all(abs(rate / bps - 1) < 0.25 for bps, rate in rates.items()), rates


def test_the_lowest_rung_keeps_to_150_kbit_per_second_and_a_key_picture_stays_small() -> None:
    encoder, scene = Encoder(640, 360, BOTTOM), Scene((640, 360), 15)
    coded(encoder, scene, 45, 150_000)
    pictures = coded(encoder, scene, 45, 150_000)
    assert sum(len(each.data) for each in pictures) * 8 * 15 / 45 < 185_000
    assert len(encoder.encode(scene.next(), bps=150_000, key=True).data) * 8 < 2 * BOTTOM.buffer_bits


def test_a_larger_picture_and_other_colours_are_brought_to_size() -> None:
    encoder = Encoder(640, 360, BOTTOM)
    frame = VideoFrame.from_ndarray(np.full((720, 1280, 3), 90, dtype=np.uint8), format="rgb24")
    frame.pts = 1
    made = encoder.encode(frame, bps=300_000, key=False)
    (decoded,) = av.CodecContext.create("h264", "r").decode(av.Packet(made.data)) or [None]
    assert decoded is None or (decoded.width, decoded.height) == (640, 360)
    assert made.key


def unit_of(type_: int, length: int) -> bytes:
    """A NAL unit without bytes that would need escaping."""
    return bytes([0x60 | type_]) + bytes(1 + place % 251 for place in range(length - 1))


def put_together(payloads: tuple[bytes, ...]) -> list[bytes]:
    """What a receiver makes of RTP payloads (RFC 6184)."""
    found: list[bytes] = []
    for payload in payloads:
        if kind(payload) == 24:
            at = 1
            while at < len(payload):
                length = int.from_bytes(payload[at : at + 2], "big")
                found.append(payload[at + 2 : at + 2 + length])
                at += 2 + length
        elif kind(payload) == 28:
            if payload[1] & 0x80:
                found.append(bytes([payload[0] & 0xE0 | payload[1] & 0x1F]))
            found[-1] += payload[2:]
        else:
            found.append(payload)
    return found


@given(st.lists(st.tuples(st.sampled_from([1, 5, 7, 8]), st.integers(2, 6000)), min_size=1, max_size=8))
def test_what_is_cut_is_put_together_again_and_no_piece_is_too_large(parts: list[tuple[int, int]]) -> None:
    whole = [unit_of(type_, length) for type_, length in parts]
    payloads = cut(b"".join(b"\0\0\0\1" + unit for unit in whole))
    assert all(len(payload) <= PIECE_BYTES for payload in payloads)
    assert put_together(payloads) == whole


def test_delimiters_and_remarks_do_not_travel() -> None:
    data = b"".join(b"\0\0\1" + unit_of(type_, 20) for type_ in (9, 7, 8, 6, 5))
    assert [kind(unit) for unit in put_together(cut(data))] == [7, 8, 5]


def test_filling_is_one_packet_that_a_decoder_skips() -> None:
    encoder, scene = Encoder(640, 360, BOTTOM), Scene((640, 360), 15)
    decoder = av.CodecContext.create("h264", "r")
    decoder.flags |= av.codec.context.Flags.low_delay
    assert len(FILLING) == PIECE_BYTES
    assert list(units(b"\0\0\1" + FILLING)) == [FILLING]
    for number in (1, 2, 3):
        data = encoder.encode(scene.next(), bps=200_000, key=False).data + b"\0\0\1" + FILLING
        (frame,) = decoder.decode(av.Packet(data))
        assert picture.read_time_code(picture.luma_of(frame)) == number


def test_a_file_s_avcc_has_no_start_codes_and_no_profile() -> None:
    assert profile_of(b"\0\0\0\x0a\x67\x42\xc0\x1f\xda\x01\x40\x16\xe8\x40") is None
    assert cut(b"") == ()


def test_high_profile_and_high_levels_are_not_for_the_browser() -> None:
    assert Profile(66, 31).browser_takes_it
    assert not Profile(66, 40).browser_takes_it
    assert not Profile(100, 31).browser_takes_it
    assert not Profile(77, 30).browser_takes_it
