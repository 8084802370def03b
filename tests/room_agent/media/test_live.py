"""Two doctors, one camera and one stethoscope; one doctor leaving takes nothing from the other."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiortc.mediastreams import MediaStreamError

from room_agent.media.camera import simulated_cameras
from room_agent.media.heart import heart_sounds
from room_agent.media.live import for_visit
from room_agent.media.sound import Loop


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


def word(key: str) -> str:
    return key.partition(".")[2]


def test_each_doctor_has_tracks_of_his_own_from_one_source() -> None:
    async def story() -> None:
        cameras = simulated_cameras(word)
        async with for_visit(cameras, lambda: Loop(heart_sounds(seconds=1)), word=word, simulated=True) as media:
            assert [camera.camera for camera in media.cameras] == ["room", "otoscope"]
            media.select("room")
            media.listen(True)
            first, second = media.tracks(), media.tracks()
            assert [track.kind for track in first] == ["video", "audio"]
            await asyncio.gather(*(track.recv() for track in (*first, *second)))
            for track in first:
                track.stop()
            for track in second:
                await track.recv()
        for track in second:
            with pytest.raises(MediaStreamError):
                await _to_the_end(track)

    run(story)


async def _to_the_end(track: object) -> None:
    while True:
        await track.recv()  # type: ignore[attr-defined]


def test_at_the_beginning_nothing_is_shown_and_nobody_listens() -> None:
    async def story() -> None:
        cameras = simulated_cameras(word)
        async with for_visit(cameras, None, word=word, simulated=True) as media:
            assert media.exam.selected == ""
            (video,) = media.tracks()
            frame = await video.recv()
            assert frame.to_ndarray(format="gray").mean() < 70
            media.select("no such camera")
            media.listen(True)
            assert media.exam.selected == ""

    run(story)
