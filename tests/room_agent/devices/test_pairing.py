"""Pairing, bonds that are lost, and coming back, over the virtual radio with the code of the real one."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from bumble.device import Device

from room_agent.devices.ble import BleDriver
from room_agent.devices.ble_link import Radio, Timing, connect
from room_agent.devices.driver import DeviceState, Reason
from room_agent.devices.pairing import PairingFailed, Patience, Why, pair
from room_agent.devices.profile import BLOOD_PRESSURE, ECG
from room_agent.devices.simulated.cuff import SimulatedCuff
from room_agent.devices.simulated.ecg import SimulatedPolarBelt
from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.devices.virtual_radio import VirtualAir
from telemed.kit.clock import RealClock

ADDRESS = "F0:00:00:00:00:02"
TIMING = Timing(scan=0.4, silence=0.1, back_off=(0.0, 0.05))
SOON = Patience(heard=1.0, again=1.0)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def in_time() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(in_time())


@dataclasses.dataclass
class Bench:
    """A cuff that wants pairing, and the radio."""

    cuff: SimulatedCuff
    radio: Radio

    def driver(self) -> BleDriver:
        return BleDriver(
            BLOOD_PRESSURE, self.radio, device_id="cuff-1", address=ADDRESS, clock=RealClock(), timing=TIMING
        )

    def forget_bonds(self) -> None:
        """As a cuff does whose batteries were changed."""
        device: Device = self.cuff.device
        device.keystore.all_keys.clear()


@asynccontextmanager
async def bench(*, needs_pairing: bool = True) -> AsyncIterator[Bench]:
    air = VirtualAir()
    scenario = Scenario(measuring_s=0.3, timing=TIMING, needs_pairing=needs_pairing)
    cuff = SimulatedCuff(air.unpowered("cuff", ADDRESS), scenario)
    await cuff.switch_on()
    try:
        yield Bench(cuff, await air.radio())
    finally:
        await air.close()


async def until(driver: BleDriver, state: DeviceState, reason: Reason = Reason.NONE) -> None:
    async with asyncio.timeout(10):
        while (driver.state, driver.reason) != (state, reason):
            await anext(driver.events())


def test_a_paired_cuff_is_read_without_pairing_mode_and_stays_known() -> None:
    async def story() -> None:
        async with bench() as on:
            known = await pair(on.radio, ADDRESS, patience=SOON)
            assert (known.profile, known.found.identity.serial, known.replaced) == (BLOOD_PRESSURE, "SIM-BP-1", False)
            driver = on.driver()
            await driver.open()
            await until(driver, DeviceState.READY)
            await on.cuff.lose_link()
            await until(driver, DeviceState.ABSENT, Reason.LINK_LOST)
            await until(driver, DeviceState.READY)
            told = driver.diagnostics()
            assert (told["state"], told["reconnects"], told["battery"], told["firmware"]) == ("ready", "1", "85 %", "1")
            assert told["signal"].endswith(" dBm")
            assert told["last heard"].endswith(" s")
            assert told["clock"] in ("+0 s", "-0 s", "-1 s"), "a simulated cuff is set by the clock on the wall"
            assert "SIM-BP-1" not in told.values()
            await driver.close()

    run(story)


def test_a_cuff_that_forgot_us_says_so_until_it_is_paired_again() -> None:
    async def story() -> None:
        async with bench() as on:
            await pair(on.radio, ADDRESS, patience=SOON)
            on.forget_bonds()
            driver = on.driver()
            await driver.open()
            assert (driver.state, driver.reason) == (DeviceState.ERROR, Reason.BOND_LOST)
            await driver.close()
            known = await pair(on.radio, ADDRESS, patience=SOON)
            assert known.replaced
            again = on.driver()
            await again.open()
            await until(again, DeviceState.READY)
            await again.close()

    run(story)


def test_a_cuff_that_keeps_no_bond_is_not_called_paired() -> None:
    async def story() -> None:
        async with bench() as on:
            on.cuff.device.keystore.update = _forgetful
            with pytest.raises(PairingFailed) as failed:
                await pair(on.radio, ADDRESS, patience=SOON)
            assert failed.value.why is Why.NOT_KEPT

    run(story)


async def _forgetful(*_bond: object) -> None:
    """A device that says "paired" and writes nothing down."""


def test_a_belt_with_a_curve_is_a_recorder_and_a_device_without_a_profile_is_none() -> None:
    async def story() -> None:
        air = VirtualAir()
        belt = SimulatedPolarBelt(air.unpowered("belt", ADDRESS), Scenario())
        await belt.switch_on()
        thing = await air.device("thing", "F0:00:00:00:00:03")
        await thing.start_advertising(auto_restart=True, advertising_interval_min=20, advertising_interval_max=20)
        radio = await air.radio()
        assert (await pair(radio, ADDRESS, patience=SOON)).profile is ECG
        with pytest.raises(PairingFailed) as failed:
            await pair(radio, "F0:00:00:00:00:03", patience=SOON)
        assert failed.value.why is Why.NO_PROFILE
        await air.close()

    run(story)


def test_a_device_that_nobody_hears_is_not_paired() -> None:
    async def story() -> None:
        async with bench() as on:
            await on.cuff.set_fault(Fault.ABSENT)
            with pytest.raises(PairingFailed) as failed:
                await pair(on.radio, ADDRESS, patience=Patience(heard=0.2))
            assert failed.value.why is Why.NOT_HEARD

    run(story)


def test_a_device_that_is_switched_on_is_connected_within_a_second_whatever_the_back_off() -> None:
    async def story() -> None:
        async with bench(needs_pairing=False) as on:
            await on.cuff.set_fault(Fault.ABSENT)
            driver = on.driver()
            await driver.open()
            assert driver.reason is Reason.NOT_FOUND
            await on.cuff.set_fault(Fault.NONE)
            async with asyncio.timeout(1):
                await until(driver, DeviceState.READY)
            await driver.close()

    run(story)


def test_the_scan_rests_while_somebody_connects_and_serves_all_who_wait_after_that() -> None:
    async def story() -> None:
        async with bench(needs_pairing=False) as on:
            scanner = on.radio.scanner
            async with scanner.listening(ADDRESS) as one, scanner.listening(ADDRESS) as two:
                await asyncio.gather(one.next(), two.next())
                async with scanner.paused():
                    heard_at = scanner.last(ADDRESS)
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0.1), scanner.listening(ADDRESS) as three:
                            await three.next()
                    assert scanner.last(ADDRESS) == heard_at
                await asyncio.gather(one.next(), two.next())

    run(story)


@pytest.mark.parametrize("turns", [0, 3, 30, 100])
def test_a_connection_that_is_given_up_half_way_leaves_nothing_behind(turns: int) -> None:
    async def story() -> None:
        async with bench(needs_pairing=False) as on:
            async with on.radio.scanner.listening(ADDRESS) as ear:
                advert = await ear.next()
            connecting = asyncio.create_task(connect(on.radio, advert.device))
            for _ in range(turns):
                await asyncio.sleep(0)
            connecting.cancel()
            await asyncio.wait([connecting])
            driver = on.driver()
            await driver.open()
            await until(driver, DeviceState.READY)
            assert len(on.cuff.device.connections) == 1
            await driver.close()

    run(story)
