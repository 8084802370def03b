"""Two doctors, two pictures and one stethoscope; one doctor leaving takes nothing from the other."""

import asyncio

import pytest
from aiortc.mediastreams import MediaStreamError

from room_agent.media.heart import heart_sounds
from room_agent.media.live import LiveMedia, for_visit
from room_agent.media.peer import Outlet
from room_agent.media.simulated import simulated_cameras
from room_agent.media.slot import Ended, Watch
from room_agent.media.sound import Loop
from tests.room_agent.media.loops import run

ROLES = ["exam-0", "exam-1", "stethoscope"]


def word(key: str) -> str:
    return key.partition(".")[2]


def shown(media: LiveMedia) -> list[str]:
    return [slot.switch.selected for slot in media.slots]


async def one_of(outlet: Outlet) -> None:
    """The next picture or sound."""
    if isinstance(outlet.source, Watch):
        await outlet.source.following()
    else:
        await outlet.source.recv()  # type: ignore[attr-defined]


async def to_the_end(outlet: Outlet) -> None:
    while True:
        await one_of(outlet)


def test_each_doctor_has_outlets_of_his_own_from_one_source() -> None:
    async def story() -> None:
        cameras = simulated_cameras(word)
        async with for_visit(cameras, lambda: Loop(heart_sounds(seconds=1)), word=word, simulated=True) as media:
            assert [camera.camera for camera in media.cameras] == ["room", "otoscope", "dermatoscope", "document"]
            media.select("room")
            media.listen(True)
            first, second = media.outlets(), media.outlets()
            assert [outlet.role for outlet in first] == ROLES
            await asyncio.gather(*(one_of(outlet) for outlet in (*first, *second)))
            for outlet in first:
                outlet.source.close() if isinstance(outlet.source, Watch) else outlet.source.stop()  # type: ignore[attr-defined]
            for outlet in second:
                await one_of(outlet)
        for outlet in second:
            with pytest.raises((Ended, MediaStreamError)):
                await to_the_end(outlet)

    run(story)


def test_at_the_beginning_nothing_is_shown_and_an_unknown_camera_changes_nothing() -> None:
    async def story() -> None:
        async with for_visit(simulated_cameras(word), None, word=word, simulated=True) as media:
            assert [outlet.role for outlet in media.outlets()] == ["exam-0", "exam-1"]
            media.select("no such camera")
            media.listen(True)
            assert shown(media) == ["", ""]

    run(story)


def test_a_camera_is_in_one_picture_only() -> None:
    async def story() -> None:
        async with for_visit(simulated_cameras(word), None, word=word, simulated=True) as media:
            media.select("room")
            media.select("otoscope", 1)
            assert shown(media) == ["room", "otoscope"]
            media.select("room", 1)
            assert shown(media) == ["", "room"]
            media.select("", 1)
            assert shown(media) == ["", ""]

    run(story)


def test_a_locked_camera_is_let_go_at_the_farewell() -> None:
    async def story() -> None:
        cameras = simulated_cameras(word)
        skin = next(camera for camera in cameras if camera.camera == "dermatoscope")
        async with for_visit(cameras, None, word=word, simulated=True) as media:
            await media.lock("no such camera", True)
            await media.lock("dermatoscope", True)
            assert (await skin.still()).settings == {"exposure": "locked"}
        assert (await skin.still()).settings == {"exposure": "automatic"}

    run(story)
