"""Size and rate for the bits there are; pace; what is sent again; and may a camera's own stream pass."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from room_agent.media.h264 import Profile
from room_agent.media.ladder import CEILING_BPS, FLOOR_BPS, LADDER, SOUND_BPS, Rung, rung_for, shared, slowest
from room_agent.media.pacing import Allowance, Pacer
from room_agent.media.passing import may_pass
from room_agent.media.source import OwnStream


def named(rung: Rung) -> str:
    return f"{rung.height}p{rung.fps}"


def test_the_ladder_goes_from_720p30_down_to_150_kbit() -> None:
    steps = {bps: named(rung_for(bps)) for bps in (2_500_000, 800_000, 550_000, 330_000, 200_000, 150_000, 40_000)}
    assert list(steps.values()) == ["720p30", "720p30", "540p30", "360p30", "360p15", "360p15", "360p15"]
    assert LADDER[-1].floor_bps == FLOOR_BPS == 150_000


def test_the_rungs_overlap_and_one_picture_does_not_fill_the_line_for_long() -> None:
    for upper, lower in pairwise(LADDER):
        assert lower.ceiling_bps > upper.floor_bps * 1.1
    assert all(rung.buffer_bits / rung.floor_bps < 0.3 for rung in LADDER)
    assert all(rung.buffer_bits > rung.ceiling_bps / rung.fps for rung in LADDER)


@given(st.integers(0, 5_000_000), st.sampled_from([None, *LADDER]))
def test_no_rung_is_climbed_that_the_line_does_not_carry(bps: int, now: Rung | None) -> None:
    rung = rung_for(bps, now)
    assert rung is LADDER[-1] or rung.floor_bps <= bps
    assert rung.floor_bps <= rung_for(bps).floor_bps


@given(st.integers(0, 5_000_000), st.floats(0.92, 1.08))
def test_a_small_change_back_and_forth_does_not_go_up_and_down(bps: int, factor: float) -> None:
    there = rung_for(int(bps * factor), rung_for(bps))
    assert rung_for(bps, there) is there or there.floor_bps <= rung_for(bps).floor_bps
    back = rung_for(bps, there)
    assert rung_for(int(bps * factor), back) is back or back.floor_bps < there.floor_bps


def test_a_picture_is_never_made_larger_and_keeps_its_shape() -> None:
    assert LADDER[0].size(1280, 720) == (1280, 720)
    assert LADDER[0].size(1920, 1080) == (1280, 720)
    assert LADDER[0].size(640, 480) == (640, 480)
    assert LADDER[-1].size(1280, 720) == (640, 360)
    assert LADDER[-1].size(640, 480) == (480, 360)


@given(st.lists(st.integers(0, 10_000_000), max_size=5))
def test_one_stream_is_as_good_as_the_slowest_viewer_can_have_it(allowed: list[int]) -> None:
    found = slowest(allowed)
    assert FLOOR_BPS <= found <= CEILING_BPS
    assert all(found <= max(FLOOR_BPS, each) for each in allowed)


def test_two_pictures_share_a_line_and_leave_the_sound_its_part() -> None:
    assert shared(1_000_000, 2) * 2 + SOUND_BPS == 1_000_000
    assert shared(1_000_000, 0) == shared(1_000_000, 1) == 1_000_000 - SOUND_BPS
    assert shared(100_000, 2) == FLOOR_BPS


@given(st.integers(1, 40), st.integers(150_000, 3_000_000))
def test_a_picture_does_not_leave_as_one_burst(packets: int, bps: int) -> None:
    pacer, now, left = Pacer(bps), 100.0, []
    for _ in range(packets):
        left.append(now)
        now += pacer.pause_s(1250, now=now)
    for begin in left:
        burst = sum(begin <= moment < begin + 0.01 for moment in left)
        assert burst <= 2 + bps * 2.5 * 0.02 / 8 / 1250
    assert now - 100.0 <= packets * 1250 * 8 / bps + 1e-6


def test_what_is_sent_again_never_takes_more_than_a_fifth_of_the_line() -> None:
    allowance, now, granted = Allowance(1_000_000), 50.0, 0
    for _ in range(5000):
        granted += 1250 * allowance.grants(1250, now=now)
        now += 0.002
    assert granted * 8 <= 0.2 * 1_000_000 * (now - 50.0 + 1)
    assert granted * 8 >= 0.15 * 1_000_000 * (now - 50.0)


def own(**changes: float) -> OwnStream:
    found = {"profile_idc": 66, "level_idc": 31, "bps": 2_000_000, "key_interval_s": 1.0, **changes}
    profile = Profile(int(found["profile_idc"]), int(found["level_idc"]))
    return OwnStream(profile, int(found["bps"]), found["key_interval_s"], int(found.get("since_key", 0)))


def test_a_cameras_own_stream_passes_only_where_every_browser_and_the_slowest_line_take_it() -> None:
    assert may_pass(own(), 2_400_000, passing=False)
    assert not may_pass(None, 9_000_000, passing=True)
    assert not may_pass(own(profile_idc=100), 9_000_000, passing=True)
    assert not may_pass(own(level_idc=40), 9_000_000, passing=True)
    assert not may_pass(own(key_interval_s=4.0), 9_000_000, passing=True)
    assert not may_pass(own(key_interval_s=0.0), 9_000_000, passing=True)
    assert not may_pass(own(), 1_990_000, passing=True)


def test_on_the_edge_it_stays_as_it_is() -> None:
    assert may_pass(own(), 2_200_000, passing=True)
    assert not may_pass(own(), 2_200_000, passing=False)


def test_it_begins_to_pass_with_a_key_picture_and_not_between_two() -> None:
    assert may_pass(own(since_key=1), 2_600_000, passing=False)
    assert not may_pass(own(since_key=12), 2_600_000, passing=False)
    assert may_pass(own(since_key=12), 2_600_000, passing=True)
