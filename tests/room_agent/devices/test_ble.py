"""The driver against simulated peripherals on a virtual radio: real GATT, every fault."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import BaseBleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason

from room_agent.devices.ble import BleDriver
from room_agent.devices.ble_link import BleLink, Radio, Timing
from room_agent.devices.driver import (
    Arm,
    DeviceEvent,
    DeviceState,
    Driver,
    Measurement,
    Reason,
    Rejected,
    Started,
    StateChanged,
    Waveform,
)
from room_agent.devices.event_queue import EventQueue
from room_agent.devices.expected import Expected
from room_agent.devices.profile import BLOOD_PRESSURE
from room_agent.devices.scanner import Advert, OneScanner
from room_agent.devices.simulated.cuff import SimulatedCuff
from room_agent.devices.simulated.room import SimulatedRoom
from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.devices.virtual_radio import VirtualAir
from schemas.checks import Severity
from schemas.measurement import WAVE_HEADER, WAVE_VERSION, MeasurementKind, WaveKind
from telemed.kit.clock import Clock, ExerciseClock, RealClock, real_now
from tests.room_agent.world import until as condition

BP, OX = MeasurementKind.BLOOD_PRESSURE, MeasurementKind.OXIMETER
QUICK = Scenario(
    measuring_s=0.3,
    oximeter_every_s=0.2,
    timing=Timing(scan=0.4, silence=0.1, back_off=(0.0, 0.05)),
)
E = TypeVar("E")


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


@asynccontextmanager
async def open_room(
    *, clock: Clock | None = None, scenario: Scenario = QUICK, auto_press: bool = True
) -> AsyncIterator[SimulatedRoom]:
    made = SimulatedRoom(clock=clock or RealClock(), scenario=scenario, auto_press=auto_press, only={BP, OX})
    async with made as room:
        yield room


async def ready(room: SimulatedRoom, kind: MeasurementKind) -> Driver:
    driver = room.drivers[kind.value]
    await driver.open()
    await driver.drain()
    return driver


async def next_event(driver: Driver, kind: type[E], fits: Callable[[E], bool] = lambda _event: True) -> E:
    async with asyncio.timeout(5):
        async for event in driver.events():
            assert isinstance(event, kind) or not isinstance(event, Measurement), event
            if isinstance(event, kind) and fits(event):
                return event
    raise AssertionError


async def until(driver: Driver, state: DeviceState) -> StateChanged:
    return await next_event(driver, StateChanged, lambda event: event.state is state)


async def outcome(driver: Driver) -> Measurement | Rejected:
    """What the doctor will hear: a value or why there is none."""
    async with asyncio.timeout(5):
        async for event in driver.events():
            if isinstance(event, Measurement | Rejected):
                return event
    raise AssertionError


def test_a_cuff_is_found_drained_and_measures_121_over_79() -> None:
    async def story() -> None:
        async with open_room() as room:
            cuff = await ready(room, BP)
            assert (cuff.state, cuff.identity.serial) == (DeviceState.READY, "SIM-BP-1")
            await cuff.start(Arm("visit-1"))
            await next_event(cuff, Started)
            value = await next_event(cuff, Measurement)
            assert [str(c.value) for c in value.components] == ["121", "79", "93", "72"]
            assert (value.live, value.visit_id, value.flags) == (True, "visit-1", ())
            indicated = room.last_indication_at(BP)
            assert indicated is not None
            assert timedelta(0) <= value.heard_at - indicated < timedelta(seconds=1)
            assert cuff.state is DeviceState.READY

    run(story)


def test_the_oximeter_sends_values_and_a_curve_without_gaps_while_armed() -> None:
    async def story() -> None:
        async with open_room() as room:
            clip = await ready(room, OX)
            await clip.start(Arm("visit-1"))
            pieces: list[Waveform] = []
            values = 0
            async for event in clip.events():
                pieces += [event] if isinstance(event, Waveform) else []
                values += isinstance(event, Measurement)
                if len(pieces) == 10 and values >= 3:
                    break
            assert [piece.seq for piece in pieces] == list(range(1, len(pieces) + 1))
            assert all(piece.gap == 0 and piece.rate_hz == 50 for piece in pieces)
            assert WAVE_HEADER.unpack_from(pieces[0].pack())[:4] == (WAVE_VERSION, WaveKind.PLETH, 1, 1)
            await clip.stop()
            assert clip.state is DeviceState.READY

    run(story)


def test_a_value_that_nobody_asked_for_is_counted_and_not_shown() -> None:
    async def story() -> None:
        async with open_room(auto_press=False) as room:
            cuff = await ready(room, BP)
            await room.press(BP)
            assert cuff.quarantined == {Reason.NO_REQUEST: 1}
            await cuff.start(Arm("visit-1"))
            await room.press(BP)
            assert (await next_event(cuff, Measurement)).visit_id == "visit-1"

    run(story)


def test_after_the_value_the_window_is_closed() -> None:
    async def story() -> None:
        async with open_room() as room:
            cuff = await ready(room, BP)
            await cuff.start(Arm("visit-1"))
            await next_event(cuff, Measurement)
            await room.press(BP)
            assert cuff.quarantined == {Reason.NO_REQUEST: 1}

    run(story)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.FAILED, Reason.NO_VALUE),
        (Fault.GARBLED, Reason.GARBLED),
        (Fault.TRUNCATED, Reason.GARBLED),
        (Fault.STORED, Reason.STORED),
    ],
)
@pytest.mark.parametrize("kind", [BP, OX])
def test_no_fault_ever_gives_a_number(kind: MeasurementKind, fault: Fault, reason: Reason) -> None:
    async def story() -> None:
        async with open_room() as room:
            device = await ready(room, kind)
            await room.set_fault(kind, fault)
            if kind is OX:  # it sends by itself: what was on its way before the fault is heard first
                heard = sum(device.quarantined.values())
                await condition(lambda: sum(device.quarantined.values()) > heard + 1)
            await device.start(Arm("visit-1"))
            assert await outcome(device) == Rejected(device.device_id, reason)
            await room.set_fault(kind, Fault.NONE)
            await room.press(kind)
            assert isinstance(await _value_after(device), Measurement)

    run(story)


async def _value_after(device: Driver) -> Measurement | None:
    async with asyncio.timeout(5):
        async for event in device.events():
            if isinstance(event, Measurement):
                return event
    return None


def test_a_device_that_is_connected_and_sends_is_heard_though_it_advertises_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        async with open_room() as room:
            clip = await ready(room, OX)
            advert = Advert(BLEDevice("F0:00:00:00:00:01", "clip", None), "clip", (), -54, time.monotonic() - 500)
            monkeypatch.setattr(BleLink, "last_advert", advert)
            await clip.start(Arm("visit-1"))
            await next_event(clip, Measurement)
            assert clip.diagnostics()["last heard"] in ("0 s", "1 s", "2 s")
            assert clip.diagnostics()["signal"] == "-54 dBm"

    run(story)


@pytest.mark.parametrize("ahead_minutes", [-5 * 365 * 24 * 60, -60, 0, 10, 12 * 60])
def test_the_previous_persons_value_is_drained_whatever_the_devices_clock_says(ahead_minutes: int) -> None:
    async def story() -> None:
        scenario = Scenario(measuring_s=0.3, timing=QUICK.timing, clock_ahead=timedelta(minutes=ahead_minutes))
        async with open_room(scenario=scenario, auto_press=False) as room:
            await room.set_fault(BP, Fault.STORED)
            cuff = room.drivers[BP.value]
            await cuff.open()
            assert await cuff.drain() == 1
            assert cuff.diagnostics()["held today"] == "stored=1"
            await room.set_fault(BP, Fault.NONE)
            await cuff.start(Arm("visit-2"))
            await room.press(BP)
            value = await next_event(cuff, Measurement)
            assert value.components[0].value == 121
            assert abs(value.effective - real_now()) < timedelta(seconds=5)

    run(story)


def test_an_absent_device_is_a_state_and_comes_back_by_itself() -> None:
    async def story() -> None:
        async with open_room() as room:
            await room.set_fault(BP, Fault.ABSENT)
            cuff = room.drivers[BP.value]
            await cuff.open()
            assert (cuff.state, cuff.reason) == (DeviceState.ABSENT, Reason.NOT_FOUND)
            await cuff.start(Arm("visit-1"))
            assert await outcome(cuff) == Rejected(cuff.device_id, Reason.ABSENT)
            (check,) = await cuff.preflight()
            assert (check.code, check.severity) == ("not-found", Severity.BLOCK)
            await room.set_fault(BP, Fault.NONE)
            await until(cuff, DeviceState.READY)
            assert [check.code for check in await cuff.preflight()] == ["ok"]

    run(story)


def test_a_lost_link_is_seen_mended_drained_and_the_window_goes_on() -> None:
    async def story() -> None:
        async with open_room(auto_press=False) as room:
            cuff = await ready(room, BP)
            await cuff.start(Arm("visit-1"))
            await room.peripheral(BP).lose_link()
            lost = await until(cuff, DeviceState.ABSENT)
            assert lost.reason is Reason.LINK_LOST
            await until(cuff, DeviceState.MEASURING)
            await room.press(BP)
            assert (await next_event(cuff, Measurement)).visit_id == "visit-1"

    run(story)


def test_twenty_lost_links_leave_one_subscription() -> None:
    async def story() -> None:
        async with open_room(auto_press=False) as room:
            cuff = await ready(room, BP)
            for _ in range(20):
                await room.peripheral(BP).lose_link()
                await until(cuff, DeviceState.READY)
            await room.press(BP)
            assert sum(cuff.quarantined.values()) == 1

    run(story)


def test_a_cuff_that_was_never_paired_says_so() -> None:
    async def story() -> None:
        async with open_room(scenario=dataclasses.replace(QUICK, needs_pairing=True)) as room:
            cuff = room.drivers[BP.value]
            await cuff.open()
            assert (cuff.state, cuff.reason) == (DeviceState.ERROR, Reason.NOT_PAIRED)

    run(story)


def test_a_low_battery_is_a_warning() -> None:
    async def story() -> None:
        async with open_room(scenario=dataclasses.replace(QUICK, battery_percent=9)) as room:
            cuff = await ready(room, BP)
            assert [check.code for check in await cuff.preflight()] == ["ok", "battery-low"]

    run(story)


def test_a_device_that_belongs_elsewhere_is_not_used() -> None:
    async def story() -> None:
        air = VirtualAir()
        cuff = SimulatedCuff(air.unpowered("cuff", "F0:00:00:00:00:02"), QUICK)
        await cuff.switch_on()
        driver = BleDriver(
            BLOOD_PRESSURE,
            await air.radio(),
            device_id="cuff-1",
            address="F0:00:00:00:00:02",
            clock=RealClock(),
            expected=Expected(serial="ANOTHER"),
            timing=QUICK.timing,
        )
        await driver.open()
        assert (driver.state, driver.reason) == (DeviceState.ERROR, Reason.WRONG_DEVICE)
        await driver.close()
        await air.close()

    run(story)


class NoRadio(BaseBleakScanner):
    """A computer without Bluetooth."""

    def __init__(self, callback: Any, service_uuids: list[str] | None, *_args: Any, **_options: Any) -> None:
        super().__init__(callback, service_uuids)

    async def start(self) -> None:
        raise BleakBluetoothNotAvailableError("none", BleakBluetoothNotAvailableReason.NO_BLUETOOTH)

    async def stop(self) -> None:
        """Nothing was started."""


def test_a_computer_without_bluetooth_is_a_state_not_a_crash() -> None:
    async def story() -> None:
        driver = BleDriver(
            BLOOD_PRESSURE,
            Radio(scanner=OneScanner(NoRadio)),
            device_id="cuff-1",
            address="F0:00:00:00:00:02",
            clock=RealClock(),
        )
        await driver.open()
        (check,) = await driver.preflight()
        assert (driver.state, check.code) == (DeviceState.ERROR, "no-radio")
        await driver.close()
        await driver.close()

    run(story)


def test_a_window_ends_by_itself() -> None:
    async def story() -> None:
        async with open_room(auto_press=False) as room:
            cuff = await ready(room, BP)
            await cuff.start(Arm("visit-1", timedelta(milliseconds=50)))
            assert await outcome(cuff) == Rejected(cuff.device_id, Reason.TIMEOUT)
            assert cuff.state is DeviceState.READY

    run(story)


def test_moving_the_exercise_clock_does_not_make_values_look_stored() -> None:
    async def story() -> None:
        clock = ExerciseClock(timedelta(days=3))
        async with open_room(clock=clock) as room:
            cuff = await ready(room, BP)
            clock.forward(timedelta(minutes=12))
            await cuff.start(Arm("visit-1"))
            value = await next_event(cuff, Measurement)
            assert abs(value.effective - clock.now()) < timedelta(seconds=5)

    run(story)


def test_a_reader_who_sleeps_loses_curves_before_values() -> None:
    async def story() -> None:
        queue = EventQueue(size=3)
        started = Started("a")
        events: list[DeviceEvent] = [started, *(Waveform("a", (1,), 50, 0, n, 1.0, b"") for n in range(5))]
        for event in events:
            queue.put(event)
        assert [await queue.get() for _ in range(3)] == [started, events[-2], events[-1]]
        assert queue.dropped == 3

    run(story)


def test_no_value_is_ever_logged(capsys: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        async with open_room() as room:
            cuff = await ready(room, BP)
            await cuff.start(Arm("visit-1"))
            await next_event(cuff, Measurement)
            await room.set_fault(BP, Fault.GARBLED)
            await cuff.start(Arm("visit-1"))
            assert isinstance(await outcome(cuff), Rejected)

    run(story)
    written = "".join(capsys.readouterr())
    assert "garbled" in written
    assert not any(value in written.replace("SIM", "") for value in ("121", "'79'", "=79", "1580"))
