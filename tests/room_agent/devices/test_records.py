"""Asking a device for its records: counts, gaps, silence, answers of requests that were given up."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from bleak.exc import BleakError

from room_agent.devices import racp
from room_agent.devices.custody import Coming, Custody
from room_agent.devices.device_clock import At
from room_agent.devices.racp import Answer, Count, Ended, Opcode, Outcome
from room_agent.devices.records import Records
from schemas.measurement import MeasurementKind

DONE = Ended(Opcode.REPORT, Outcome.DONE)
NONE_FOUND = Ended(Opcode.REPORT, Outcome.NONE_FOUND)


class Meter:
    """Answers each request with the next of *script*: so many records, then an answer; None is silence."""

    def __init__(self, *script: tuple[int, Answer | None] | BaseException, patience_s: float = 0.05) -> None:
        self.asked: list[str] = []
        self._script = list(script)
        self.records = Records(self._write, patience_s=patience_s, pause_s=0.0)

    def gives_up_at(self) -> float:
        """On the loop's clock."""
        deadline = self.records._deadline
        return (deadline.when() or 0.0) if deadline else 0.0

    async def _write(self, packet: bytes) -> None:
        self.asked.append(packet.hex())
        then = self._script.pop(0)
        if isinstance(then, BaseException):
            raise then
        count, answer = then
        for _ in range(count):
            self.records.came()
        if answer is not None:
            self.records.heard(racp.encode_answer(answer))


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(5):
            await work()

    asyncio.run(bounded())


def test_all_records_are_counted_and_then_fetched() -> None:
    async def story() -> None:
        meter = Meter((0, Count(3)), (3, DONE))
        await meter.records.all()
        assert meter.asked == ["0401", "0101"]

    run(story)


def test_an_empty_device_is_not_asked_for_its_records() -> None:
    async def story() -> None:
        meter = Meter((0, Count(0)))
        await meter.records.all()
        assert meter.asked == ["0401"]

    run(story)


def test_a_record_that_was_lost_on_the_air_is_fetched_with_all_others_again() -> None:
    async def story() -> None:
        meter = Meter((0, Count(3)), (2, DONE), (0, Count(3)), (3, DONE))
        await meter.records.all()
        assert meter.asked == ["0401", "0101"] * 2

    run(story)


def test_a_refusal_a_silence_and_a_broken_link_are_tried_again() -> None:
    async def story() -> None:
        refused = Ended(Opcode.COUNT, Outcome.NOT_SUPPORTED)
        meter = Meter((0, refused), (0, None), BleakError("ATT error 0xfe"), (0, Count(1)), (1, DONE))
        await meter.records.all()
        assert len(meter.asked) == 5

    run(story)


def test_only_what_is_new_is_asked_for_afterwards() -> None:
    async def story() -> None:
        meter = Meter((0, NONE_FOUND), (1, DONE), (0, DONE), (0, DONE), (0, None))
        assert await meter.records.since(258)
        assert await meter.records.since(259)
        assert await meter.records.since(65536)
        assert await meter.records.since(None)
        assert not await meter.records.since(1)
        assert meter.asked == ["0103010201", "0103010301", "0106", "0101", "0103010100"]

    run(story)


def test_all_are_fetched_once_a_connection_and_only_new_ones_at_the_next_drain() -> None:
    async def story() -> None:
        custody = Custody("meter-1", MeasurementKind.GLUCOSE, silence_s=0.1)
        meter = Meter((0, Count(2)), (2, DONE), (0, None), (0, NONE_FOUND), (0, Count(0)))
        await meter.records.drain(custody)
        custody.judge(Coming(sequence=7), At(datetime(2026, 11, 24, tzinfo=UTC), 0.0))
        await meter.records.drain(custody)
        meter.records.went()
        await meter.records.drain(custody)
        assert meter.asked == ["0401", "0101", "0103010800", "0103010800", "0401"]
        assert custody.next_record is None

    run(story)


def test_an_answer_that_nobody_waits_for_is_dropped() -> None:
    async def story() -> None:
        meter = Meter((0, NONE_FOUND))
        meter.records.heard(racp.encode_answer(DONE))
        assert await meter.records.since(1)

    run(story)


def test_a_device_that_goes_on_sending_is_waited_for() -> None:
    async def story() -> None:
        meter = Meter((0, None), patience_s=4.0)
        asked = asyncio.create_task(meter.records.since(1))
        while not meter.asked:
            await asyncio.sleep(0)
        for _ in range(3):
            before = meter.gives_up_at()
            await asyncio.sleep(0)
            meter.records.came()
            assert meter.gives_up_at() > before
        meter.records.heard(racp.encode_answer(DONE))
        assert await asked

    run(story)
