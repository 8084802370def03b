"""Stills: the preview first, whole and unspoilt, from where a broken connection stopped, and gone at the farewell."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from room_agent.media.source import CameraGone, Still
from room_agent.media.stills import WAITING_BYTES, WINDOW_BYTES, Stills, StillSender
from schemas.measurement import (
    BULK_HEADER,
    BULK_PIECE_BYTES,
    StillAck,
    StillFailed,
    StillOffered,
    StillPart,
    StillResume,
    TakeStill,
)
from tests.room_agent.media.loops import run

PREVIEW, FULL = b"small" * 2000, bytes(range(256)) * 12_000
ID, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


class Camera:
    camera, name_key, simulated = "otoscope", "camera.otoscope", True
    gone = False

    async def frame(self) -> object:
        raise CameraGone("unplugged")

    async def still(self) -> Still:
        if self.gone:
            raise CameraGone("unplugged")
        moment = datetime(2026, 11, 24, 9, tzinfo=UTC)
        return Still(FULL, "image/png", 1920, 1080, PREVIEW, (640, 360), moment, {"focus": "120"})

    async def lock(self, on: bool) -> bool:
        return on

    async def close(self) -> None: ...


class Page:
    """The doctor's page: collects what is offered, acknowledges, and may break off after some pieces."""

    def __init__(self, *, breaks_after: int = 1_000_000, acknowledges: bool = True) -> None:
        self.is_open = True
        self.waiting_bytes = 0
        self.offers: dict[int, StillOffered] = {}
        self.got: dict[int, bytearray] = {}
        self.begin: dict[int, int] = {}
        self.failed: list[StillFailed] = []
        self.order: list[str] = []
        self.largest = self.unacknowledged = 0
        self._left, self._acknowledges = breaks_after, acknowledges
        self.sender: StillSender | None = None

    def say(self, message: BaseModel) -> None:
        if isinstance(message, StillFailed):
            self.failed.append(message)
        elif isinstance(message, StillOffered):
            self.offers[message.number] = message
            self.order.append(message.part)

    def send(self, data: str | bytes) -> None:
        assert isinstance(data, bytes)
        self._left -= 1
        self.is_open = self.is_open and self._left >= 0
        if not self.is_open:
            return
        number, offset = BULK_HEADER.unpack_from(data)
        whole = self.got.setdefault(number, bytearray())
        assert offset == self.begin.setdefault(number, offset) + len(whole)
        whole += data[BULK_HEADER.size :]
        self.largest = max(self.largest, len(data) - BULK_HEADER.size)
        offer = self.offers[number]
        if self._acknowledges and self.sender:
            self.sender.acknowledged(StillAck(still_id=offer.still_id, part=offer.part, offset=offset))

    async def room_for_more(self, limit: int) -> bool:
        assert limit == WAITING_BYTES
        await asyncio.sleep(0)
        return self.is_open

    def on_open(self, then: Callable[[], None]) -> None: ...

    def on_message(self, then: Callable[[str | bytes], None]) -> None: ...

    def whole(self, part: StillPart) -> bytes:
        (number,) = (number for number, offer in self.offers.items() if offer.part == part)
        return bytes(self.got[number])


def meet(stills: Stills, page: Page) -> StillSender:
    page.sender = StillSender(stills, page, page.say)
    return page.sender


def stills_of(*cameras: Camera) -> Stills:
    """Of cameras that are all allowed."""
    stills = Stills(cameras)
    stills.may = lambda _camera: True
    return stills


def take(still_id: str = ID, camera: str = "otoscope") -> TakeStill:
    return TakeStill(still_id=still_id, camera=camera)


def test_the_preview_comes_first_and_every_byte_arrives() -> None:
    async def story() -> None:
        page = Page()
        await meet(stills_of(Camera()), page).take(take())
        assert page.order == ["preview", "full"]
        assert page.whole(StillPart.PREVIEW) == PREVIEW
        assert page.whole(StillPart.FULL) == FULL
        assert page.largest == BULK_PIECE_BYTES
        full = next(offer for offer in page.offers.values() if offer.part is StillPart.FULL)
        assert (full.mime, full.width, full.height, full.size) == ("image/png", 1920, 1080, len(FULL))
        assert full.sha256 == hashlib.sha256(FULL).hexdigest()
        assert full.settings == {"focus": "120"}
        assert full.simulated

    run(story)


@pytest.mark.parametrize("pieces", [1, 2, 5, 30])
def test_after_a_break_it_goes_on_where_it_stopped(pieces: int) -> None:
    async def story() -> None:
        stills, first, second = stills_of(Camera()), Page(breaks_after=pieces), Page()
        await meet(stills, first).take(take())
        sender = meet(stills, second)
        for part, whole in ((StillPart.PREVIEW, PREVIEW), (StillPart.FULL, FULL)):
            known = next((n for n, offer in first.offers.items() if offer.part is part), 0)
            got = bytes(first.got.get(known, b""))
            await sender.resume(StillResume(still_id=ID, part=part, offset=len(got)))
            rest = second.whole(part) if len(got) < len(whole) else b""
            assert got + rest == whole
        assert not second.failed

    run(story)


def test_no_more_is_on_its_way_than_was_acknowledged() -> None:
    async def story() -> None:
        page = Page(acknowledges=False)
        sender = meet(stills_of(Camera()), page)
        task = asyncio.create_task(sender.take(take()))
        while sum(map(len, page.got.values())) < WINDOW_BYTES:
            await asyncio.sleep(0)
        for _ in range(50):
            await asyncio.sleep(0)
        number = max(page.got)
        assert len(page.got[number]) <= WINDOW_BYTES + BULK_PIECE_BYTES
        while not task.done():
            sender.acknowledged(StillAck(still_id=ID, part=StillPart.FULL, offset=len(page.got[number])))
            await asyncio.sleep(0)
        assert bytes(page.got[number]) == FULL

    run(story)


def test_what_cannot_be_taken_is_said() -> None:
    async def story() -> None:
        camera, page = Camera(), Page()
        sender = meet(stills_of(camera), page)
        await sender.take(take(camera="microscope"))
        camera.gone = True
        await sender.take(take())
        await sender.resume(StillResume(still_id=OTHER, part=StillPart.FULL, offset=0))
        assert [failed.reason for failed in page.failed] == ["unknown-camera", "gone", "unknown-still"]
        assert page.got == {}

    run(story)


def test_no_more_than_two_are_taken_at_once() -> None:
    class Slow(Camera):
        def __init__(self) -> None:
            self.go = asyncio.Event()

        async def still(self) -> Still:
            await self.go.wait()
            return await super().still()

    async def story() -> None:
        camera = Slow()
        stills = stills_of(camera)
        taking = [asyncio.create_task(stills.take(take(f"still-{number}"))) for number in range(5)]
        while sum(task.done() for task in taking) < 3:
            await asyncio.sleep(0)
        camera.go.set()
        taken = await asyncio.gather(*taking)
        assert [one.reason for one in taken if isinstance(one, StillFailed)] == ["busy"] * 3

    run(story)


def test_the_same_request_twice_is_one_picture() -> None:
    async def story() -> None:
        stills, page = stills_of(Camera()), Page()
        first = await stills.take(take())
        assert await stills.take(take()) is first
        await meet(stills, page).take(take())
        assert page.whole(StillPart.FULL) == FULL

    run(story)


def test_at_the_farewell_everything_is_forgotten() -> None:
    async def story() -> None:
        stills, page = stills_of(Camera()), Page()
        await stills.take(take())
        stills.forget()
        assert stills.find(ID) is None
        await meet(stills, page).resume(StillResume(still_id=ID, part=StillPart.FULL, offset=0))
        assert [failed.reason for failed in page.failed] == ["unknown-still"]

    run(story)
