"""Devices that sleep between measurements: silence is no fault, and what is asked of them waits until they wake."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from room_agent.checks.alarm import Blocking, Moment, Watch
from room_agent.checks.result import result
from room_agent.devices.ble_link import Timing
from room_agent.devices.checks import MISSED_AFTER, device_checks
from room_agent.devices.custody import Custody
from room_agent.devices.device_clock import At
from room_agent.devices.driver import Arm, DeviceState, Driver, Reason, Rejected
from room_agent.devices.expected import Expected
from room_agent.devices.simulated.room import SimulatedRoom
from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.visit import Outcome, Shown, Visit
from schemas.checks import BlockedDevice, Severity
from schemas.day import PlannedDevice
from schemas.measurement import MeasurementKind, MeasurementState, Progress
from telemed.kit.clock import RealClock
from tests.room_agent.world import NOON, plan

BP, TH, WS = MeasurementKind.BLOOD_PRESSURE, MeasurementKind.THERMOMETER, MeasurementKind.WEIGHT
WAITING, MEASURING, DONE = MeasurementState.WAITING, MeasurementState.MEASURING, MeasurementState.DONE
QUICK = Scenario(
    measuring_s=0.2,
    timing=Timing(scan=0.2, silence=0.2, back_off=(0.0, 0.05), request=2.0),
    sleep=frozenset({BP, TH, WS}),
)
DAY_S = MISSED_AFTER.total_seconds()


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(bounded())


@asynccontextmanager
async def asleep(
    kind: MeasurementKind, scenario: Scenario = QUICK, reason: Reason = Reason.ASLEEP
) -> AsyncIterator[tuple[SimulatedRoom, Driver]]:
    """A device that was here and is switched off; *reason*: what it is said to be then."""
    made = SimulatedRoom(clock=RealClock(), scenario=scenario, auto_press=False, only={kind})
    async with made as room:
        driver = room.drivers[kind.value]
        await driver.open()
        await reaches(driver, DeviceState.READY)
        await room.set_fault(kind, Fault.ABSENT)
        await reaches(driver, DeviceState.ABSENT, reason)
        yield room, driver


async def reaches(driver: Driver, state: DeviceState, reason: Reason = Reason.NONE) -> None:
    while (driver.state, driver.reason) != (state, reason):
        await anext(driver.events())


async def told(visit: Visit, driver: Driver, last: MeasurementState, *, until: Reason = Reason.NONE) -> list[Outcome]:
    """What the doctor hears, up to the request's state *last* with this reason; without the pressure in the cuff."""
    heard: list[Outcome] = []
    async for event in driver.events():
        outcomes = visit.heard(driver.kind, event)
        heard += [each for each in outcomes if not (isinstance(each, Progress) and each.cuff_mmhg is not None)]
        if any(isinstance(each, Progress) and (each.state, each.reason) == (last, until) for each in outcomes):
            return heard
    raise AssertionError


@pytest.mark.parametrize("kind", [BP, TH, WS])
def test_what_is_asked_of_a_sleeping_device_waits_until_it_is_switched_on_and_measures(kind: MeasurementKind) -> None:
    async def story() -> None:
        async with asleep(kind) as (room, driver):
            visit = Visit("visit-1", {kind: driver})
            await visit.begin()
            assert await visit.ask(kind) == Progress(kind=kind, state=WAITING, reason="asleep")
            assert (visit.measuring, visit.asleep) == (kind, True)
            await room.set_fault(kind, Fault.NONE)
            assert await told(visit, driver, WAITING) == [Progress(kind=kind, state=WAITING)]
            assert (visit.measuring, visit.asleep) == (kind, False)
            await reaches(driver, DeviceState.MEASURING)
            await room.press(kind)
            shown = [each for each in await told(visit, driver, DONE) if isinstance(each, Shown)]
            assert [each.measurement.visit_id for each in shown] == ["visit-1"]
            assert driver.quarantined == {}

    run(story)


def test_what_it_sends_before_it_is_drained_is_not_shown_although_it_was_asked_for() -> None:
    slow = replace(QUICK, timing=replace(QUICK.timing, silence=1.0))

    async def story() -> None:
        async with asleep(BP, slow) as (room, driver):
            visit = Visit("visit-1", {BP: driver})
            await visit.begin()
            await visit.ask(BP)
            await room.set_fault(BP, Fault.NONE)
            await told(visit, driver, WAITING)  # connected, and being drained
            assert driver.state is DeviceState.CONNECTING
            await room.press(BP)
            heard = await told(visit, driver, MeasurementState.FAILED, until=Reason.STORED)
            assert not any(isinstance(each, Shown) for each in heard)
            assert driver.quarantined == {"stored": 1}
            await reaches(driver, DeviceState.MEASURING)
            await room.press(BP)
            assert any(isinstance(each, Shown) for each in await told(visit, driver, DONE))

    run(story)


def test_who_did_not_switch_it_on_in_time_is_told_and_nothing_stays_armed() -> None:
    async def story() -> None:
        async with asleep(BP) as (room, driver):
            await driver.start(Arm("visit-1", window=timedelta(seconds=0.1)))
            async for event in driver.events():
                if isinstance(event, Rejected):
                    assert event.reason is Reason.TIMEOUT
                    break
            await room.set_fault(BP, Fault.NONE)
            await reaches(driver, DeviceState.READY)

    run(story)


def test_a_device_that_goes_to_sleep_in_the_middle_is_waited_for() -> None:
    async def story() -> None:
        async with asleep(BP) as (room, driver):
            await room.set_fault(BP, Fault.NONE)
            await reaches(driver, DeviceState.READY)
            visit = Visit("visit-1", {BP: driver})
            await visit.begin()
            assert await visit.ask(BP) == Progress(kind=BP, state=WAITING)
            await room.set_fault(BP, Fault.ABSENT)
            await told(visit, driver, WAITING, until=Reason.ASLEEP)
            assert visit.asleep
            await visit.stop(BP)
            assert not visit.asleep

    run(story)


def test_a_sleeping_device_is_well_and_its_battery_is_as_it_was() -> None:
    async def story() -> None:
        async with asleep(BP) as (_, driver):
            assert [each.code for each in await driver.preflight()] == ["asleep"]
        async with asleep(BP, replace(QUICK, battery_percent=3)) as (_, driver):
            assert [each.code for each in await driver.preflight()] == ["asleep", "battery-empty"]

    run(story)


def test_a_device_that_does_not_sleep_is_missed() -> None:
    async def story() -> None:
        async with asleep(BP, replace(QUICK, sleep=frozenset()), Reason.NOT_FOUND) as (_, driver):
            (found,) = await driver.preflight()
            assert (found.code, found.severity) == ("not-found", Severity.BLOCK)
            await driver.start(Arm("visit-1"))
            async for event in driver.events():
                if isinstance(event, Rejected):
                    assert event.reason is Reason.ABSENT
                    break

    run(story)


@pytest.mark.parametrize(
    ("unheard_s", "code", "severity"),
    [
        (0.0, "asleep", Severity.OK),
        (DAY_S, "asleep", Severity.OK),
        (DAY_S + 1, "long-unheard", Severity.WARN),
        (None, "long-unheard", Severity.WARN),
    ],
)
def test_a_day_of_silence_asks_somebody_to_press_its_button(
    unheard_s: float | None, code: str, severity: Severity
) -> None:
    (found,) = device_checks(BP, "cuff-1", state=DeviceState.ABSENT, reason=Reason.ASLEEP, unheard_s=unheard_s)
    assert (found.code, found.severity) == (code, severity)
    assert (found.fix_key != "") is (severity is Severity.WARN)


def test_what_was_never_heard_since_frees_no_blocked_device_and_what_sleeps_does() -> None:
    known = (PlannedDevice(device_id="cuff-1", kind="blood-pressure", name="Cuff"),)
    here = plan(day=NOON.date()).model_copy(update={"devices": known})
    before = (BlockedDevice(device_id="cuff-1", kind="blood-pressure", code="battery-empty", since=NOON),)
    for code, left in (("long-unheard", before), ("asleep", ())):
        results = (result("blood-pressure", code, "cuff-1"),)
        now = Moment(NOON, 0.0)
        blocked = Watch().seen(results, now).blocked(before, results, now, Blocking(here, minded=True))
        assert blocked == left


@pytest.mark.parametrize(
    ("reason", "before", "was_up", "said"),
    [
        (Reason.NOT_FOUND, Reason.NONE, False, Reason.ASLEEP),
        (Reason.RADIO_STUCK, Reason.ASLEEP, False, Reason.ASLEEP),
        (Reason.LINK_LOST, Reason.NONE, True, Reason.ASLEEP),
        (Reason.LINK_LOST, Reason.ASLEEP, False, Reason.LINK_LOST),
        (Reason.NO_RADIO, Reason.ASLEEP, False, Reason.NO_RADIO),
        (Reason.NOT_FOUND, Reason.BOND_LOST, False, Reason.BOND_LOST),
        (Reason.NOT_FOUND, Reason.WRONG_DEVICE, False, Reason.WRONG_DEVICE),
    ],
)
def test_only_silence_is_sleep_and_a_device_that_was_ill_does_not_get_well_by_it(
    reason: Reason, before: Reason, was_up: bool, said: Reason
) -> None:
    assert Expected(sleeps=True).because(reason, before=before, was_up=was_up) is said
    assert Expected().because(reason, before=before, was_up=was_up) is reason


def test_a_window_opens_for_a_device_that_is_away_and_not_for_one_that_is_being_drained() -> None:
    custody = Custody("cuff-1", BP, silence_s=1.0)
    custody.arm(Arm("visit-1"), At(NOON, 0.0))
    custody.came(None, At(NOON, 1.0))
    with pytest.raises(ValueError, match="drained"):
        custody.arm(Arm("visit-1"), At(NOON, 1.0))
    custody.went()
    custody.arm(Arm("visit-2"), At(NOON, 2.0))
    assert custody.window is not None
