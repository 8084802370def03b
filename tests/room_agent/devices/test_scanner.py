"""The one scanner of an adapter, on a radio whose adverts come from the test and whose clock is moved by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from room_agent.devices.driver import Reason
from room_agent.devices.scanner import Ear, OneScanner, Person, RadioGone

OURS, OTHER = "AA:BB:CC:00:00:02", "AA:BB:CC:00:00:03"


class HandRadio(BaseBleakScanner):
    """Scans whatever the test says. *running*: those that scan; *broken*: it cannot; *hold*: starting waits for it."""

    running: ClassVar[set["HandRadio"]] = set()
    broken: ClassVar[bool] = False
    hold: ClassVar[asyncio.Event | None] = None

    def __init__(self, callback: Any, service_uuids: list[str] | None, *_args: Any, **_options: Any) -> None:
        super().__init__(callback, service_uuids)

    async def start(self) -> None:
        if self.broken:
            raise BleakError("no")
        self.running.add(self)
        if self.hold is not None:
            await self.hold.wait()

    async def stop(self) -> None:
        self.running.discard(self)
        if self.broken:
            raise BleakError("no")

    @classmethod
    def advert(cls, address: str = OURS) -> None:
        data = AdvertisementData(None, {}, {}, [], None, -60, ())
        for scanner in set(cls.running):
            scanner.call_detection_callbacks(scanner.create_or_update_device(address, address, None, None, data), data)


class HandAdapter:
    """Counts what is done to it."""

    def __init__(self) -> None:
        self.is_there = True
        self.cycles = 0

    async def ready(self) -> bool:
        return self.is_there

    async def power_cycle(self) -> None:
        for _ in range(5):
            assert HandRadio.running == set(), "nobody scans on an adapter that is switched off"
            await asyncio.sleep(0)
        self.cycles += 1

    async def bonded(self, address: str) -> bool:
        return address == OURS

    async def remove_bond(self, address: str) -> bool:
        return address == OURS

    async def trust(self, address: str) -> None: ...

    async def drop_stale(self, addresses: frozenset[str]) -> int:
        return len(addresses)

    @asynccontextmanager
    async def pairing(self, address: str, person: Person | None) -> AsyncIterator[None]:
        assert (address, person) == (OURS, None)
        yield


class Bench:
    def __init__(self) -> None:
        self.now = 1000.0
        self.adapter = HandAdapter()
        self.scanner = OneScanner(HandRadio, adapter=self.adapter, silent_s=60.0, mono=lambda: self.now)


def run(story: Callable[[Bench], Awaitable[None]]) -> None:
    async def whole() -> None:
        HandRadio.running, HandRadio.broken, HandRadio.hold = set(), False, None
        async with asyncio.timeout(10):
            await story(Bench())
        assert HandRadio.running == set()

    asyncio.run(whole())


async def is_silent(waiting: Awaitable[object]) -> bool:
    """Nothing comes in the next turns of the loop."""
    task = asyncio.ensure_future(waiting)
    for _ in range(5):
        await asyncio.sleep(0)
    silent = not task.done()
    task.cancel()
    await asyncio.wait([task])
    return silent


def test_it_scans_once_for_all_and_only_while_somebody_listens() -> None:
    async def story(on: Bench) -> None:
        assert HandRadio.running == set()
        async with on.scanner.listening(OURS) as ours:
            async with on.scanner.listening(OTHER) as other, on.scanner.listening() as everybody:
                assert len(HandRadio.running) == 1
                HandRadio.advert(OURS)
                assert (await ours.next()).device.address == OURS
                assert (await everybody.next()).device.address == OURS
                assert await is_silent(other.next())
            assert len(HandRadio.running) == 1

    run(story)


def test_what_was_heard_before_does_not_count() -> None:
    async def story(on: Bench) -> None:
        async with on.scanner.listening():
            HandRadio.advert()
        async with on.scanner.listening(OURS) as ear:
            assert await is_silent(ear.next())
        assert on.scanner.last(OURS.lower()) is not None

    run(story)


def test_a_device_returns_after_a_silence_and_a_pause_is_no_silence() -> None:
    async def story(on: Bench) -> None:
        async with on.scanner.listening():
            HandRadio.advert()
            async with on.scanner.listening(OURS) as ear:
                async with on.scanner.paused():
                    assert HandRadio.running == set()
                    on.now += 30
                HandRadio.advert()
                assert await is_silent(ear.returned())
                on.now += 3
                HandRadio.advert()
                assert not await is_silent(ear.returned())

    run(story)


def test_two_do_not_connect_at_once() -> None:
    async def story(on: Bench) -> None:
        async with on.scanner.paused():
            assert await is_silent(connecting(on.scanner))
        await connecting(on.scanner)

    run(story)


async def connecting(scanner: OneScanner) -> None:
    async with scanner.paused():
        pass


async def silence(on: Bench, seconds: float) -> Reason:
    on.now += seconds
    return await on.scanner.examine()


def test_a_silent_adapter_is_switched_off_and_on_once_and_then_called_stuck_until_it_hears_again() -> None:
    async def story(on: Bench) -> None:
        async with on.scanner.listening(OURS):
            HandRadio.advert(OTHER)
            assert await silence(on, 59) is Reason.NOT_FOUND
            assert on.adapter.cycles == 0
            assert await silence(on, 2) is Reason.NOT_FOUND
            assert on.adapter.cycles == 1
            assert len(HandRadio.running) == 1
            assert await silence(on, 59) is Reason.NOT_FOUND
            assert await silence(on, 2) is Reason.RADIO_STUCK
            assert await silence(on, 600) is Reason.RADIO_STUCK
            assert on.adapter.cycles == 1
            HandRadio.advert(OTHER)
            assert await silence(on, 1) is Reason.NOT_FOUND
            await silence(on, 60)
            assert on.adapter.cycles == 2

    run(story)


def test_several_who_wait_switch_the_adapter_once_and_nobody_scans_meanwhile() -> None:
    async def story(on: Bench) -> None:
        async with on.scanner.listening(OURS):
            HandRadio.advert(OTHER)
            on.now += 61
            found = await asyncio.gather(on.scanner.examine(), on.scanner.examine(), listen(on.scanner))
            assert found[:2] == [Reason.NOT_FOUND, Reason.NOT_FOUND]
            assert (on.adapter.cycles, on.scanner.stuck) == (1, False)

    run(story)


def test_an_adapter_is_left_on_while_a_device_is_connected_or_nothing_was_ever_heard_but_the_scan_begins_anew() -> None:
    async def story(on: Bench) -> None:
        async with on.scanner.listening(OURS) as ear:
            first = set(HandRadio.running)
            assert await silence(on, 61) is Reason.NOT_FOUND
            second = set(HandRadio.running)
            HandRadio.advert(OURS)
            await ear.next()
            with on.scanner.linked():
                assert await silence(on, 61) is Reason.NOT_FOUND
            third = set(HandRadio.running)
            assert [len(each) for each in (first, second, third, first | second | third)] == [1, 1, 1, 3]
            assert on.adapter.cycles == 0
            await silence(on, 61)
            assert on.adapter.cycles == 1

    run(story)


def test_an_adapter_that_is_pulled_out_is_no_radio_and_scans_again_when_it_is_back() -> None:
    async def story(on: Bench) -> None:
        async with on.scanner.listening(OURS) as ear:
            on.adapter.is_there = False
            assert await on.scanner.examine() is Reason.NO_RADIO
            assert HandRadio.running == set()
            on.adapter.is_there = True
            assert await on.scanner.examine() is Reason.NOT_FOUND
            HandRadio.advert()
            await ear.next()

    run(story)


def test_a_radio_that_cannot_scan_is_gone_and_one_that_breaks_meanwhile_too() -> None:
    async def story(on: Bench) -> None:
        HandRadio.broken = True
        with pytest.raises(RadioGone):
            async with on.scanner.listening(OURS):
                pass
        HandRadio.broken = False
        async with on.scanner.listening(OURS):
            async with on.scanner.paused():
                HandRadio.broken = True
            assert await on.scanner.examine() is Reason.NO_RADIO
            HandRadio.broken = False
            assert await on.scanner.examine() is Reason.NOT_FOUND

    run(story)


def test_who_is_cancelled_while_the_scan_begins_leaves_no_scan_behind() -> None:
    async def story(on: Bench) -> None:
        HandRadio.hold = asyncio.Event()
        listening = asyncio.create_task(listen(on.scanner))
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(HandRadio.running) == 1
        listening.cancel()
        await asyncio.wait([listening])
        assert HandRadio.running == set()

    run(story)


async def listen(scanner: OneScanner) -> Ear:
    async with scanner.listening(OURS) as ear:
        return ear


def test_only_so_many_strangers_are_remembered() -> None:
    async def story(on: Bench) -> None:
        async with on.scanner.listening():
            for number in range(600):
                HandRadio.advert(f"00:00:00:00:{number // 256:02X}:{number % 256:02X}")
        assert len(on.scanner.known) == 500
        assert on.scanner.last("00:00:00:00:00:00") is None
        assert on.scanner.last("00:00:00:00:02:57") is not None

    run(story)
