"""Every simulated device with the real driver over a virtual radio, with every fault that it can have."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from room_agent.devices.ble import BleDriver
from room_agent.devices.ble_link import Timing
from room_agent.devices.driver import Arm, DeviceState, Driver, Inflating, Measurement, Reason, Rejected, Waveform
from room_agent.devices.expected import Expected
from room_agent.devices.profile import BLOOD_PRESSURE
from room_agent.devices.pulse_oximeter import PulseOximetry
from room_agent.devices.simulated.cuff import SimulatedCuff
from room_agent.devices.simulated.glucose_meter import SimulatedGlucoseMeter
from room_agent.devices.simulated.oximeter import SimulatedOximeter
from room_agent.devices.simulated.room import KINDS, SimulatedRoom
from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.devices.virtual_radio import VirtualAir
from schemas.measurement import MeasurementKind
from telemed.kit.clock import RealClock, real_now

BP, OX, TH, WS, GL, HR = (profile.kind for profile, _ in KINDS[:6])
KIND_LIST = (BP, OX, TH, WS, GL, HR)
WITH_CLOCK = (BP, TH, WS, GL)
QUICK = Scenario(
    measuring_s=0.3,
    oximeter_every_s=0.2,
    timing=Timing(scan=0.4, silence=0.1, back_off=(0.0, 0.05), poll=0.1, request=2.0),
)
RIGHT = {
    BP: ["121 mm[Hg]", "79 mm[Hg]", "93 mm[Hg]", "72 /min"],
    OX: ["97 %", "71 /min", "4.2 %"],
    TH: ["36.40 Cel"],
    WS: ["72.500 kg"],
    GL: ["98 mg/dL"],
    HR: ["71 /min"],
}
IN_THE_OTHER_UNIT = {
    BP: ["121 mm[Hg]", "79 mm[Hg]", "93 mm[Hg]", "72 /min"],
    TH: ["97.5 [degF]"],
    WS: ["159.84 [lb_av]"],
    GL: ["5.4 mmol/L"],
}


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(bounded())


@asynccontextmanager
async def one(
    kind: MeasurementKind, fault: Fault = Fault.NONE, *, scenario: Scenario = QUICK, auto_press: bool = True
) -> AsyncIterator[tuple[SimulatedRoom, Driver]]:
    """A room with one device, whose fault was there before the driver came."""
    made = SimulatedRoom(clock=RealClock(), scenario=scenario, auto_press=auto_press, only={kind})
    async with made as room:
        await room.set_fault(kind, fault)
        driver = room.drivers[kind.value]
        await driver.open()
        yield room, driver


Story = Callable[[SimulatedRoom, MeasurementKind], Awaitable[None]]


def run_each(kinds: Collection[MeasurementKind], story: Story, fault: Fault = Fault.NONE) -> None:
    """The story of each device, all in one room at the same time; the faults were there before the drivers came."""

    async def together() -> None:
        async with SimulatedRoom(clock=RealClock(), scenario=QUICK, only=kinds) as room:
            for kind in kinds:
                await room.set_fault(kind, fault)
            await asyncio.gather(*(opened(room, kind) for kind in kinds))

    async def opened(room: SimulatedRoom, kind: MeasurementKind) -> None:
        await room.drivers[kind.value].open()
        await story(room, kind)

    run(together)


async def ready(driver: Driver) -> Driver:
    await until(driver, DeviceState.READY)
    await driver.drain()
    return driver


async def until(driver: Driver, state: DeviceState, reason: Reason = Reason.NONE) -> None:
    async with asyncio.timeout(8):
        while (driver.state, driver.reason) != (state, reason):
            await anext(driver.events())


async def outcome(driver: Driver) -> Measurement | Rejected:
    """What the doctor will hear: a value or why there is none."""
    async with asyncio.timeout(8):
        async for event in driver.events():
            if isinstance(event, Measurement | Rejected):
                return event
    raise AssertionError


async def value(driver: Driver) -> Measurement:
    found = await outcome(driver)
    assert isinstance(found, Measurement), found
    return found


def said(found: Measurement) -> list[str]:
    """Number and unit of each quantity; of the times between beats there can be any number."""
    return [f"{each.value} {each.ucum}" for each in found.components if each.ucum != "ms"]


def test_every_device_measures_what_the_body_has() -> None:
    async def story(room: SimulatedRoom, kind: MeasurementKind) -> None:
        driver = room.drivers[kind.value]
        await ready(driver)
        await driver.start(Arm("visit-1"))
        found = await value(driver)
        assert said(found) == RIGHT[kind]
        assert (found.live, found.visit_id, driver.simulated) == (True, "visit-1", True)
        assert abs(found.effective - real_now()) < timedelta(seconds=5)
        assert room.last_indication_at(kind) is not None
        assert len(driver.identity.system_id or "") == 16

    run_each(KIND_LIST, story)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.FAILED, Reason.NO_VALUE),
        (Fault.GARBLED, Reason.GARBLED),
        (Fault.TRUNCATED, Reason.GARBLED),
        (Fault.STORED, Reason.STORED),
        (Fault.FINGER_OUT, Reason.NO_VALUE),
    ],
)
def test_no_fault_ever_gives_a_number(fault: Fault, reason: Reason) -> None:
    async def story(room: SimulatedRoom, kind: MeasurementKind) -> None:
        driver = room.drivers[kind.value]
        if fault not in room.peripheral(kind).faults:
            return
        await ready(driver)
        await room.set_fault(kind, fault)
        await driver.drain()  # what was on its way before
        await driver.start(Arm("visit-1"))
        assert await outcome(driver) == Rejected(driver.device_id, reason)
        await driver.stop()
        await room.set_fault(kind, Fault.NONE)
        await ready(driver)
        await driver.start(Arm("visit-1"))
        assert said(await value(driver)) == RIGHT[kind]

    run_each((TH, WS, GL, HR, OX), story)


@pytest.mark.parametrize("kind", [BP, TH, WS])
def test_what_a_device_has_stored_is_drained(kind: MeasurementKind) -> None:
    async def story() -> None:
        async with one(kind, Fault.STORED, auto_press=False) as (room, driver):
            await until(driver, DeviceState.READY)
            assert await driver.drain() == 1
            assert driver.quarantined == {Reason.STORED: 1}
            await room.set_fault(kind, Fault.NONE)
            await driver.start(Arm("visit-1"))
            await room.press(kind)
            assert said(await value(driver)) == RIGHT[kind]

    run(story)


def test_the_records_of_a_meter_are_drained_and_only_a_new_number_is_live() -> None:
    async def story() -> None:
        async with one(GL, auto_press=False) as (room, driver):
            await until(driver, DeviceState.READY)
            assert driver.quarantined == {Reason.STORED: 3}
            await room.press(GL)  # somebody else, before the window
            await driver.start(Arm("visit-1"))
            assert driver.quarantined == {Reason.STORED: 3, Reason.NO_REQUEST: 1}
            await room.press(GL)
            assert said(await value(driver)) == ["98 mg/dL"]
            meter = room.peripheral(GL)
            assert isinstance(meter, SimulatedGlucoseMeter)
            assert [record.sequence for record in meter.records] == [1, 2, 3, 4, 5]
            await driver.start(Arm("visit-1"))
            await room.press(GL)
            await value(driver)

    run(story)


def test_another_unit_is_kept_or_converted_as_it_is_said_and_never_mistaken() -> None:
    async def story(room: SimulatedRoom, kind: MeasurementKind) -> None:
        driver = room.drivers[kind.value]
        await ready(driver)
        await driver.start(Arm("visit-1"))
        found = await value(driver)
        assert said(found) == IN_THE_OTHER_UNIT[kind]
        if kind is GL:
            assert found.components[0].loinc == ("14743-9",)

    run_each((BP, TH, WS, GL), story, Fault.WRONG_UNIT)


def test_a_clock_in_2021_is_read_then_set_and_the_value_is_of_now() -> None:
    async def story(room: SimulatedRoom, kind: MeasurementKind) -> None:
        driver = room.drivers[kind.value]
        await ready(driver)
        assert "clock-wrong" in [check.code for check in await driver.preflight()]
        await driver.start(Arm("visit-1"))
        found = await value(driver)
        assert found.device_time is not None
        assert found.device_time.year == real_now().year
        assert abs(found.effective - real_now()) < timedelta(seconds=5)

    run_each(WITH_CLOCK, story, Fault.CLOCK_2021)


def test_a_low_battery_is_told_at_once() -> None:
    async def story(room: SimulatedRoom, kind: MeasurementKind) -> None:
        driver = room.drivers[kind.value]
        await ready(driver)
        assert [check.code for check in await driver.preflight()] == ["ok"]
        await room.set_fault(kind, Fault.LOW_BATTERY)
        while "battery-low" not in [check.code for check in await driver.preflight()]:
            await asyncio.sleep(0.01)

    run_each(KIND_LIST, story)


@pytest.mark.parametrize(
    ("fault", "reason"), [(Fault.NEEDS_PAIRING, Reason.NOT_PAIRED), (Fault.BOND_LOST, Reason.BOND_LOST)]
)
def test_a_device_that_wants_a_bond_says_so_and_goes_on_once_it_has_one(fault: Fault, reason: Reason) -> None:
    async def story(room: SimulatedRoom, kind: MeasurementKind) -> None:
        driver = room.drivers[kind.value]
        await ready(driver)
        await room.set_fault(kind, fault)
        await until(driver, DeviceState.ERROR, reason)
        await room.set_fault(kind, Fault.NONE)
        await until(driver, DeviceState.READY)

    run_each(KIND_LIST, story)


def test_a_link_that_drops_right_after_the_value_does_not_lose_it() -> None:
    async def story(room: SimulatedRoom, kind: MeasurementKind) -> None:
        driver = room.drivers[kind.value]
        await ready(driver)
        await room.set_fault(kind, Fault.LINK_DROPS)
        await driver.start(Arm("visit-1"))
        assert said(await value(driver)) == RIGHT[kind]
        await until(driver, DeviceState.ABSENT, Reason.LINK_LOST)
        await until(driver, DeviceState.READY)

    run_each(WITH_CLOCK, story)


def test_a_device_that_is_switched_off_is_away_and_comes_back() -> None:
    async def story(room: SimulatedRoom, kind: MeasurementKind) -> None:
        driver = room.drivers[kind.value]
        await until(driver, DeviceState.ABSENT, Reason.NOT_FOUND)
        await room.set_fault(kind, Fault.NONE)
        await until(driver, DeviceState.READY)

    run_each(KIND_LIST, story, Fault.ABSENT)


def test_the_pressure_in_the_cuff_is_told_while_it_inflates() -> None:
    async def story() -> None:
        async with one(BP) as (_, driver):
            await ready(driver)
            await driver.start(Arm("visit-1"))
            told: list[int] = []
            async for event in driver.events():
                told += [event.mmhg] if isinstance(event, Inflating) else []
                if isinstance(event, Measurement):
                    break
            assert told == [50, 100, 150]

    run(story)


def test_a_pressure_that_nobody_asked_for_is_not_told() -> None:
    async def story() -> None:
        async with one(BP, auto_press=False) as (room, driver):
            await ready(driver)
            await room.press(BP)
            await driver.start(Arm("visit-1", timedelta(milliseconds=50)))
            async for event in driver.events():
                assert not isinstance(event, Inflating | Measurement)
                if event == Rejected(driver.device_id, Reason.TIMEOUT):
                    break

    run(story)


def test_a_belt_tells_the_times_between_beats_the_same_for_the_same_seed() -> None:
    async def beats() -> list[str]:
        async with one(HR) as (_, driver):
            await ready(driver)
            await driver.start(Arm("visit-1"))
            found = await value(driver)
            return [str(each.value) for each in found.components if each.ucum == "ms"]

    times = asyncio.run(beats())
    assert len(times) == 2
    assert all(700 < int(each) < 1000 for each in times)


def test_a_clip_also_sends_one_value_at_once_and_its_curve_stops_with_the_finger() -> None:
    async def story() -> None:
        async with one(OX, Fault.FINGER_OUT) as (room, driver):
            await ready(driver)
            clip = room.peripheral(OX)
            assert isinstance(clip, SimulatedOximeter)
            await driver.start(Arm("visit-1"))
            assert await outcome(driver) == Rejected(driver.device_id, Reason.NO_VALUE)
            spot = PulseOximetry(QUICK.oximetry.saturation_percent, QUICK.oximetry.pulse_per_min, device_status=0x20)
            await clip.send_spot(spot)
            async for event in driver.events():
                assert not isinstance(event, Waveform)
                if isinstance(event, Rejected) and event.reason is Reason.STORED:
                    break  # without a time and without a beginning nobody knows when it was taken

    run(story)


@pytest.mark.parametrize(("sends", "shown"), [(1, True), (255, True), (None, True), (2, False)])
def test_a_value_of_another_user_of_the_cuff_is_not_shown(sends: int | None, shown: bool) -> None:
    async def story() -> None:
        air = VirtualAir()
        pressure = replace(QUICK.pressure, user=sends)
        cuff = SimulatedCuff(air.unpowered("cuff", "F0:00:00:00:00:02"), replace(QUICK, pressure=pressure))
        await cuff.switch_on()
        driver = BleDriver(
            BLOOD_PRESSURE,
            await air.radio(),
            device_id="cuff-1",
            address="F0:00:00:00:00:02",
            clock=RealClock(),
            expected=Expected(user=1),
            timing=QUICK.timing,
        )
        await driver.open()
        await driver.drain()
        await driver.start(Arm("visit-1"))
        await cuff.press_start()
        found = await outcome(driver)
        assert isinstance(found, Measurement) if shown else found == Rejected("cuff-1", Reason.WRONG_USER)
        await driver.close()
        await air.close()

    run(story)
