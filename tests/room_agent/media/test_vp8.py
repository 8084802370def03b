"""VP8 for whoever has no H.264: at once, within its step's bit rate, and pieces that every receiver puts together."""

import av
import pytest
from aiortc.codecs.vpx import vp8_depayload
from hypothesis import given
from hypothesis import strategies as st

from room_agent.media import picture
from room_agent.media.h264 import PIECE_BYTES
from room_agent.media.ladder import CEILING_BPS, FLOOR_BPS, LADDER, rung_for
from room_agent.media.vp8 import FILLING, Encoder, cut, step_for
from tests.room_agent.media.test_h264 import Scene

SMALL = step_for(300_000)


def test_every_picture_comes_out_at_once_and_decodes_also_with_filling_after_it() -> None:
    encoder, scene = Encoder(640, 360, SMALL), Scene((640, 360), SMALL.fps)
    decoder = av.CodecContext.create("libvpx", "r")
    for number in range(1, 21):
        pieces = cut(encoder.encode(scene.next(), bps=300_000, key=False).data)
        filled = pieces + (FILLING,) * 19 if number == 2 else pieces
        (frame,) = decoder.decode(av.Packet(b"".join(vp8_depayload(piece) for piece in filled)))
        assert isinstance(frame, av.VideoFrame)
        assert picture.read_time_code(picture.luma_of(frame)) == number


def test_a_key_picture_comes_only_when_it_is_asked_for() -> None:
    encoder, scene = Encoder(640, 360, SMALL), Scene((640, 360), SMALL.fps)
    asked = {0: False, 30: True}
    keys = [encoder.encode(scene.next(), bps=300_000, key=asked.get(number, False)).key for number in range(40)]
    assert [number for number, key in enumerate(keys) if key] == [0, 30]


@pytest.mark.parametrize("bps", [150_000, 470_000])
def test_a_step_is_kept_to(bps: int) -> None:
    rung = step_for(bps)
    encoder, scene = Encoder(640, 360, rung), Scene((640, 360), rung.fps)
    sizes = [len(encoder.encode(scene.next(), bps=bps, key=False).data) for _ in range(90)]
    assert sum(sizes[45:]) * 8 * rung.fps / 45 < rung.ceiling_bps * 1.2
    assert rung.ceiling_bps <= bps


@given(st.integers(0, 10_000_000), st.integers(0, 10_000_000))
def test_a_step_is_never_above_what_the_line_carries_and_has_the_ladders_size_and_rate(bps: int, before: int) -> None:
    step = step_for(bps, step_for(before))
    assert step.ceiling_bps <= max(FLOOR_BPS, bps)
    assert step.ceiling_bps >= min(bps, CEILING_BPS) / 1.26
    assert step.floor_bps == rung_for(bps, rung_for(before)).floor_bps
    assert (step.height, step.fps) in {(rung.height, rung.fps) for rung in LADDER}
    assert step_for(bps, step).ceiling_bps == step.ceiling_bps


@given(st.binary(max_size=6000))
def test_what_is_cut_is_put_together_again_and_only_the_first_piece_begins_a_picture(data: bytes) -> None:
    pieces = cut(data)
    assert b"".join(vp8_depayload(piece) for piece in pieces) == data
    assert all(len(piece) <= PIECE_BYTES for piece in pieces)
    assert [piece[0] & 0x10 for piece in pieces] == [0x10, *[0] * (len(pieces) - 1)][: len(pieces)]
