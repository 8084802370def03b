"""One stream for all who watch: coded once, a key picture for whoever comes or lost one, nothing piles up."""

import asyncio
import time
from itertools import pairwise

import pytest

from room_agent.media import stream, switch
from room_agent.media.h264 import Sendable, kind
from room_agent.media.simulated import SimulatedCamera, simulated_cameras
from room_agent.media.slot import Ended, VideoSlot, Watch
from room_agent.media.stream import Codec
from room_agent.media.switch import SwitchTrack
from tests.room_agent.media.loops import run


def make_slot(selected: str = "room", *, fps: int = 30) -> tuple[VideoSlot, tuple[SimulatedCamera, ...]]:
    cameras = simulated_cameras(lambda key: key, fps=fps)
    return VideoSlot(SwitchTrack(cameras, gone_text="gone", off_text="off", selected=selected)), cameras


async def some(watch: Watch, count: int) -> list[Sendable]:
    return [await watch.following() for _ in range(count)]


async def until_key(watch: Watch, most: int = 20) -> int:
    """How many pictures came before the next key picture."""
    for number in range(most):
        if (await watch.following()).key:
            return number
    raise AssertionError("no key picture")


def test_two_viewers_get_the_very_same_pictures_from_one_encoder() -> None:
    async def story() -> None:
        slot, _ = make_slot()
        first, second = slot.watch(), slot.watch()
        seen = await asyncio.gather(some(first, 12), some(second, 12))
        assert all(a is b for a, b in zip(*seen, strict=True))
        assert seen[0][0].key
        assert slot.counts.encoders == 1
        assert slot.counts.coded <= 14
        await slot.close()

    run(story)


def test_whoever_comes_later_begins_with_a_key_picture_at_once() -> None:
    async def story() -> None:
        slot, _ = make_slot()
        early = slot.watch()
        await some(early, 15)
        late = slot.watch()
        begun, _ = await asyncio.gather(some(late, 3), some(early, 3))
        assert [picture.key for picture in begun] == [True, False, False]
        assert kind(begun[0].payloads[0]) in (7, 24)
        await slot.close()

    run(story)


def test_a_lost_picture_is_answered_by_a_key_picture_and_a_storm_of_requests_by_few() -> None:
    async def story() -> None:
        slot, _ = make_slot()
        watch = slot.watch()
        await some(watch, 12)
        watch.key()
        assert await until_key(watch) <= 2
        keys, began = 0, time.monotonic()
        for _ in range(20):
            watch.key()
            keys += (await watch.following()).key
        assert keys <= 2 + (time.monotonic() - began) / stream.KEY_PAUSE_S
        await slot.close()

    run(story)


def test_a_viewer_who_does_not_keep_up_loses_pictures_and_not_the_others() -> None:
    async def story() -> None:
        slot, _ = make_slot()
        quick, slow = slot.watch(), slot.watch()
        await some(slow, 1)
        seen = await some(quick, 30)
        stamps = [picture.timestamp for picture in seen]
        assert stamps == sorted(set(stamps))
        assert await until_key(slow) <= 8
        await slot.close()

    run(story)


def test_the_picture_is_as_large_and_as_often_as_the_slowest_viewer_can_have_it() -> None:
    async def story() -> None:
        slot, _ = make_slot()
        fast, thin = slot.watch(), slot.watch()
        fast.allowed_bps, thin.allowed_bps = 2_000_000, 200_000
        pictures, _ = await asyncio.gather(some(fast, 12), some(thin, 12))
        assert (slot.rung.height, slot.rung.fps) == (360, 15)
        steps = [b.timestamp - a.timestamp for a, b in pairwise(pictures[2:])]
        assert sum(steps) / len(steps) >= 90_000 / 15 * 0.8
        thin.close()
        await some(fast, 2)
        assert slot.rung.height != 720  # up only after a while
        await slot.close()

    run(story)


def test_an_unused_picture_sends_next_to_nothing() -> None:
    async def story() -> None:
        slot, _ = make_slot("")
        watch = slot.watch()
        assert not watch.showing
        await some(watch, 1)
        following = await some(watch, 4)
        assert sum(picture.size for picture in following) * 8 / 2 < 10_000
        slot.switch.select("otoscope")
        assert watch.showing
        assert await until_key(watch) <= 2
        await slot.close()

    run(story)


def test_a_second_encoder_runs_while_somebody_takes_nothing_but_vp8() -> None:
    async def story() -> None:
        slot, _ = make_slot()
        first, second, third = slot.watch(), slot.watch(), slot.watch()
        await asyncio.gather(some(first, 3), some(second, 3))
        assert slot.streams[Codec.VP8].encoder is None
        for each in (second, third):
            each.takes(Codec.VP8)
        ours, theirs, same = await asyncio.gather(some(first, 12), some(second, 8), some(third, 8))
        assert all(a is b for a, b in zip(theirs, same, strict=True))
        assert theirs[0].key
        assert [picture.payloads[0][:1] for picture in theirs] == [b"\x10"] * 8
        assert not any(picture.key for picture in ours)  # nothing changes for whoever was there
        assert {picture.timestamp for picture in theirs} & {picture.timestamp for picture in ours}
        second.key()
        await until_key(second)
        for each in (second, third):
            each.close()
        coded = slot.streams[Codec.VP8].counts.coded
        await some(first, 6)
        assert slot.streams[Codec.VP8].encoder is None
        assert slot.streams[Codec.VP8].counts.coded <= coded + 1
        assert slot.counts.encoders == 1
        await slot.close()

    run(story)


def test_only_the_coding_that_is_taken_is_made_and_each_as_its_slowest_viewer_can_have_it() -> None:
    async def story() -> None:
        slot, _ = make_slot()
        fast, thin = slot.watch(), slot.watch()
        thin.takes(Codec.VP8)
        fast.allowed_bps, thin.allowed_bps = 500_000, 200_000
        await asyncio.gather(some(fast, 12), some(thin, 6))
        assert slot.rung.height == 540
        rung = slot.streams[Codec.VP8].rung
        assert (rung.height, rung.fps, rung.ceiling_bps) == (360, 15, 187_500)
        fast.close()
        coded = slot.counts.coded
        await some(thin, 12)
        assert slot.counts.coded <= coded + 1
        await slot.close()

    run(story)


def test_what_is_withheld_is_not_sent_any_more_whatever_was_coded_or_waits() -> None:
    async def story() -> None:
        slot, _ = make_slot()
        slow, fast = slot.watch(), slot.watch()
        await some(fast, 6)
        slot.withhold("paused")
        assert not slow.showing
        first = await asyncio.gather(slow.following(), fast.following())
        assert all(picture.key for picture in first)
        assert first[0] is first[1]
        slate = await some(slow, 3)
        assert sum(picture.size for picture in slate) < 3_000
        assert slot.counts.encoders == 2
        await slot.close()

    run(story)


def test_nobody_watches_and_nothing_is_coded() -> None:
    async def story() -> None:
        slot, (room, *_) = make_slot()
        watch = slot.watch()
        await some(watch, 2)
        watch.close()
        coded = slot.counts.coded
        for _ in range(8):
            await room.frame()
        assert slot.counts.coded <= coded + 1
        again = slot.watch()
        assert (await again.following()).key
        await slot.close()

    run(story)


def test_who_is_offered_the_picture_and_has_not_come_in_costs_the_others_nothing() -> None:
    async def story() -> None:
        slot, _ = make_slot()
        first, waiting = slot.watch(), slot.watch()
        seen = await some(first, 40)
        assert [picture.key for picture in seen] == [True] + [False] * 39
        assert not waiting.has_pictures
        waiting.takes(Codec.H264)
        await some(first, 3)
        assert waiting.has_pictures
        await slot.close()

    run(story)


def test_who_has_answered_does_not_wait_for_the_slates_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switch, "_SLATE_S", 3600.0)
    monkeypatch.setattr(stream, "KEY_PAUSE_S", 0.0)

    async def story() -> None:
        slot, _ = make_slot(selected="")
        for _ in range(3):
            watch = slot.watch()
            watch.takes(Codec.H264)
            assert (await watch.following()).key
        await slot.close()

    run(story)


def test_who_begins_after_the_end_hears_that_it_is_over() -> None:
    async def story() -> None:
        slot, _ = make_slot()
        watch = slot.watch()
        await slot.close()
        with pytest.raises(Ended):
            await watch.following()

    run(story)
