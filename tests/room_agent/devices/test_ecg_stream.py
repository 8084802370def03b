"""An ECG over the virtual radio by the driver of all devices: twelve leads without a gap, faults, a belt."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
from bumble.device import Device
from numpy.typing import NDArray

from room_agent.devices import ecg, polar
from room_agent.devices.ble import BleDriver
from room_agent.devices.ble_link import Timing
from room_agent.devices.curve import NO_VALUE
from room_agent.devices.driver import Arm, DeviceState, Measurement, Reason, Rejected, Waveform
from room_agent.devices.profile import ECG
from room_agent.devices.simulated.ecg import RATE_HZ, SimulatedPolarBelt, SimulatedRecorder
from room_agent.devices.simulated.ecg_signal import RESOLUTION_NV, Rhythm, twelve_leads
from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.devices.simulated.tasks import Tasks
from room_agent.devices.virtual_radio import VirtualAir
from schemas.measurement import WaveKind
from telemed.kit.clock import RealClock

QUICK = Scenario(timing=Timing(scan=0.4, silence=0.1, back_off=(0.0, 0.05)))
Simulated = SimulatedRecorder | SimulatedPolarBelt
Make = Callable[[Device, Scenario], Simulated]


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def in_time() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(in_time())


@asynccontextmanager
async def device(make: Make, scenario: Scenario = QUICK) -> AsyncIterator[tuple[BleDriver, Simulated]]:
    """The driver, ready, and what it drives."""
    air, tasks, address = VirtualAir(), Tasks(), "F0:00:00:00:00:09"
    radio = await air.radio()
    simulated = make(air.unpowered("ecg", address), scenario)
    await simulated.switch_on()
    tasks.start(simulated.run())
    driver = BleDriver(
        ECG, radio, device_id="ekg-1", address=address, clock=RealClock(), simulated=True, timing=scenario.timing
    )
    try:
        await driver.open()
        await driver.drain()
        yield driver, simulated
    finally:
        await driver.close()
        await tasks.stop()
        await air.close()


async def pieces(driver: BleDriver, count: int) -> list[Waveform]:
    found: list[Waveform] = []
    async for event in driver.events():
        found += [event] if isinstance(event, Waveform) else []
        if len(found) == count:
            break
    return found


def rows(found: list[Waveform]) -> NDArray[np.int16]:
    return np.concatenate([np.frombuffer(each.samples, "<i2").reshape(-1, len(each.mdc)) for each in found])


def test_twelve_leads_of_500_hz_come_without_a_gap_as_they_were_made() -> None:
    async def story() -> None:
        async with device(SimulatedRecorder) as (driver, _):
            await driver.start(Arm("visit-1"))
            found = await pieces(driver, 40)
            assert [each.seq for each in found] == list(range(1, 41))
            assert {(each.kind, each.mdc, each.rate_hz, each.gap) for each in found} == {
                (WaveKind.ECG, ecg.LEAD_MDC, RATE_HZ, 0)
            }
            assert {len(each.samples) for each in found} == {20 * 12 * 2}
            made = twelve_leads(RATE_HZ, per_min=QUICK.heart_rate_per_min, seed=QUICK.seed)
            assert np.array_equal(rows(found), made[: 40 * 20])
            assert found[0].scale == np.float64(RESOLUTION_NV / 1e6)

    run(story)


def test_nothing_is_sent_before_somebody_asks_and_nothing_after() -> None:
    async def story() -> None:
        async with device(SimulatedRecorder) as (driver, recorder):
            assert not recorder.streaming
            await driver.start(Arm("visit-1"))
            await pieces(driver, 3)
            assert recorder.streaming
            await driver.stop()
            while recorder.streaming:
                await asyncio.sleep(0.01)
            assert driver.state is DeviceState.READY

    run(story)


def test_the_heart_rate_is_the_recorders_and_belongs_to_the_visit() -> None:
    async def story() -> None:
        async with device(SimulatedRecorder) as (driver, _):
            await driver.start(Arm("visit-1"))
            value = await anext(event async for event in driver.events() if isinstance(event, Measurement))
            assert (value.visit_id, value.live, value.components[0].mdc) == ("visit-1", True, 147842)
            assert value.components[0].value == QUICK.heart_rate_per_min

    run(story)


def test_lost_packets_are_a_gap_as_long_as_they_were() -> None:
    async def story() -> None:
        async with device(SimulatedRecorder) as (driver, recorder):
            await recorder.set_fault(Fault.GAPS)
            await driver.start(Arm("visit-1"))
            await pieces(driver, 2)
            recorder.skip(60)
            after = await anext(e async for e in driver.events() if isinstance(e, Waveform) and e.gap)
            assert after.gap % 20 == 0
            assert after.gap >= 60

    run(story)


def test_a_loose_electrode_takes_one_lead_and_the_others_go_on() -> None:
    async def story() -> None:
        async with device(SimulatedRecorder) as (driver, recorder):
            await recorder.set_fault(Fault.ELECTRODE_OFF)
            await driver.start(Arm("visit-1"))
            off = (rows(await pieces(driver, 5)) == NO_VALUE).all(axis=0)
            assert [ecg.LEADS[place] for place in np.flatnonzero(off)] == ["V2"]
            await recorder.set_fault(Fault.FAILED)
            while not (rows(await pieces(driver, 1)) == NO_VALUE).all():
                pass

    run(story)


def test_after_a_lost_link_the_curve_comes_back_with_its_gap() -> None:
    async def story() -> None:
        async with device(SimulatedRecorder) as (driver, recorder):
            await driver.start(Arm("visit-1"))
            await pieces(driver, 3)
            recorder.skip(500)
            await recorder.lose_link()
            back = await anext(e async for e in driver.events() if isinstance(e, Waveform) and e.gap)
            assert back.gap >= 500
            assert (await pieces(driver, 1))[0].gap == 0

    run(story)


def test_a_polar_belt_is_one_lead_of_130_hz_and_its_lost_packets_are_seen() -> None:
    async def story() -> None:
        async with device(SimulatedPolarBelt) as (driver, belt):
            await driver.start(Arm("visit-1"))
            found = await pieces(driver, 2)
            assert {(each.mdc, each.rate_hz, each.gap) for each in found} == {((131328,), polar.RATE_HZ, 0)}
            assert rows(found).max() * found[0].scale > 0.8
            belt.skip(730)
            assert (await pieces(driver, 1))[0].gap in range(657, 804)

    run(story)


def test_a_belt_that_refuses_is_said_to_have_no_value() -> None:
    async def story() -> None:
        async with device(SimulatedPolarBelt) as (driver, belt):
            assert isinstance(belt, SimulatedPolarBelt)
            belt.refuses = True
            await driver.start(Arm("visit-1"))
            refused = await anext(event async for event in driver.events() if isinstance(event, Rejected))
            assert refused.reason is Reason.NO_VALUE
            assert not belt.streaming

    run(story)


def test_a_truncated_packet_is_garbled_and_the_next_whole_one_counts() -> None:
    async def story() -> None:
        async with device(SimulatedRecorder) as (driver, recorder):
            await recorder.set_fault(Fault.TRUNCATED)
            await driver.start(Arm("visit-1"))
            refused = await anext(event async for event in driver.events() if isinstance(event, Rejected))
            assert refused.reason is Reason.GARBLED
            await recorder.set_fault(Fault.NONE)
            assert (await pieces(driver, 1))[0].gap > 0 or driver.quarantined["garbled"]

    run(story)


def test_einthoven_holds_to_the_last_bit_and_the_signal_is_the_same_each_time() -> None:
    for rhythm in Rhythm:
        made = twelve_leads(RATE_HZ, seconds=20, rhythm=rhythm).astype(int)
        one, two, three = (made[:, ecg.LEADS.index(name)] for name in ("I", "II", "III"))
        assert np.array_equal(three, two - one)
        assert np.array_equal(made, twelve_leads(RATE_HZ, seconds=20, rhythm=rhythm).astype(int))
        assert 0.8 < two.max() * RESOLUTION_NV / 1e6 < 2.0


def beats(rhythm: Rhythm) -> NDArray[np.float64]:
    """Seconds between R waves in lead II."""
    two = twelve_leads(RATE_HZ, rhythm=rhythm)[:, 1].astype(float) * RESOLUTION_NV / 1e6
    tops = np.flatnonzero((two[1:-1] > 0.7) & (two[1:-1] >= two[:-2]) & (two[1:-1] > two[2:])) / RATE_HZ
    apart = np.diff(tops)
    return apart[apart > 0.1]  # noise on one top is no second beat


def test_a_normal_rhythm_is_even_and_fibrillation_follows_no_pattern() -> None:
    normal, fibrillation = beats(Rhythm.NORMAL), beats(Rhythm.FIBRILLATION)
    assert abs(60 / normal.mean() - 71) < 2
    assert normal.std() / normal.mean() < 0.05
    assert fibrillation.std() / fibrillation.mean() > 0.15


def test_on_a_small_packet_the_first_leads_come() -> None:
    async def story() -> None:
        async with device(SimulatedRecorder) as (driver, recorder):
            for connection in recorder.device.connections.values():
                connection.att_mtu = 23
            await driver.start(Arm("visit-1"))
            found = await pieces(driver, 2)
            assert found[0].mdc == ecg.LEAD_MDC[:4]
            assert len(found[0].samples) == 8

    run(story)


def test_the_rhythm_of_the_scenario_is_what_the_recorder_sends() -> None:
    async def story() -> None:
        scenario = replace(QUICK, rhythm=Rhythm.FIBRILLATION)
        async with device(SimulatedRecorder, scenario) as (driver, _):
            await driver.start(Arm("visit-1"))
            made = twelve_leads(RATE_HZ, per_min=71, rhythm=Rhythm.FIBRILLATION, seed=QUICK.seed)
            assert np.array_equal(rows(await pieces(driver, 5)), made[:100])

    run(story)


def test_fibrillation_can_be_chosen_while_the_recorder_sends_and_goes_again() -> None:
    async def story() -> None:
        async with device(SimulatedRecorder) as (driver, recorder):
            await driver.start(Arm("visit-1"))
            begin = 0
            for fault, rhythm in ((Fault.FIBRILLATION, Rhythm.FIBRILLATION), (Fault.NONE, Rhythm.NORMAL)):
                made = twelve_leads(RATE_HZ, per_min=71, rhythm=rhythm, seed=QUICK.seed)
                await recorder.set_fault(fault)
                while True:
                    sent = rows(await pieces(driver, 1))
                    begin += len(sent)
                    if np.array_equal(sent, made[np.arange(begin - len(sent), begin) % len(made)]):
                        break

    run(story)
