"""Whose values these are: nothing measured is shown outside the visit and the window it was asked for in."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from room_agent.devices.driver import (
    Arm,
    DeviceEvent,
    DeviceState,
    Identity,
    Inflating,
    Measurement,
    Reason,
    Rejected,
    Started,
    StateChanged,
    Waveform,
)
from room_agent.visit import Shown, Visit
from schemas.checks import CheckResult
from schemas.measurement import MeasurementKind, MeasurementState, Progress

pytestmark = pytest.mark.anyio
BP, OX = MeasurementKind.BLOOD_PRESSURE, MeasurementKind.OXIMETER
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@dataclass
class HandDriver:
    """A device that does what a test says. *hangs* names the verbs that never return."""

    kind: MeasurementKind
    device_id: str = "device-1"
    simulated: bool = True
    state: DeviceState = DeviceState.READY
    reason: Reason = Reason.NONE
    identity: Identity = field(default_factory=Identity)
    quarantined: Mapping[str, int] = field(default_factory=dict)
    hangs: frozenset[str] = frozenset()
    did: list[str] = field(default_factory=list)

    async def _do(self, verb: str) -> None:
        self.did.append(verb)
        if verb in self.hangs:
            await asyncio.Event().wait()

    async def open(self) -> None:
        await self._do("open")

    async def drain(self) -> int:
        await self._do("drain")
        return 0

    async def preflight(self) -> tuple[CheckResult, ...]:
        await self._do("preflight")
        return ()

    async def start(self, arm: Arm) -> None:
        await self._do(f"start {arm.visit_id}")

    async def stop(self) -> None:
        await self._do("stop")

    async def events(self) -> AsyncIterator[DeviceEvent]:
        nothing: tuple[DeviceEvent, ...] = ()
        for event in nothing:
            yield event

    def diagnostics(self) -> Mapping[str, str]:
        return {"state": self.state.value}

    async def close(self) -> None:
        await self._do("close")


@dataclass
class SlowDriver(HandDriver):
    """It starts when the test lets it."""

    may_start: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, arm: Arm) -> None:
        await super().start(arm)
        await self.may_start.wait()


def value(kind: MeasurementKind = BP, **rest: Any) -> Measurement:
    known: dict[str, Any] = {"visit_id": "visit-1", "live": True, "device_id": "device-1", **rest}
    return Measurement(
        kind=kind, components=(), raw=b"", device_time=None, received=NOW, effective=NOW, heard_at=NOW, **known
    )


async def asked(kind: MeasurementKind = BP) -> tuple[Visit, HandDriver]:
    driver = HandDriver(kind)
    visit = Visit("visit-1", {kind: driver})
    await visit.begin()
    assert await visit.ask(kind) == Progress(kind=kind, state=MeasurementState.WAITING)
    return visit, driver


async def test_a_device_is_emptied_before_it_is_armed() -> None:
    _, driver = await asked()
    assert driver.did == ["drain", "start visit-1"]


async def test_one_request_is_one_value() -> None:
    visit, _ = await asked()
    shown, done = visit.heard(BP, value())
    assert isinstance(shown, Shown)
    assert done == Progress(kind=BP, state=MeasurementState.DONE)
    assert visit.heard(BP, value()) == ()
    assert (visit.dropped, visit.measuring) == (1, None)


async def test_a_curve_and_its_values_go_on_until_the_doctor_stops_them() -> None:
    visit, driver = await asked(OX)
    began, first = visit.heard(OX, value(OX))
    assert began == Progress(kind=OX, state=MeasurementState.MEASURING)
    assert isinstance(first, Shown)
    assert len(visit.heard(OX, value(OX))) == 1
    curve = Waveform("device-1", (150452,), 50, 0, 1, 1.0, b"")
    assert visit.heard(OX, curve) == (curve,)
    assert await visit.stop(OX) == Progress(kind=OX, state=MeasurementState.DONE)
    assert visit.heard(OX, value(OX)) == ()
    assert visit.heard(OX, curve) == ()
    assert driver.did[-1] == "stop"


async def test_a_single_value_that_the_doctor_no_longer_wants_is_told_as_given_up() -> None:
    visit, _ = await asked(BP)
    assert await visit.stop(BP) == Progress(kind=BP, state=MeasurementState.FAILED, reason="stopped")


@pytest.mark.parametrize(
    "foreign", [value(visit_id="visit-0"), value(visit_id=None), value(live=False), value(device_id="device-2")]
)
async def test_another_persons_value_is_never_shown(foreign: Measurement) -> None:
    visit, _ = await asked()
    assert visit.heard(BP, foreign) == ()
    assert visit.dropped == 1
    assert len(visit.heard(BP, value())) == 2


async def test_a_value_of_another_kind_is_never_shown_and_each_request_has_its_number() -> None:
    visit, _ = await asked()
    assert visit.heard(BP, value(OX)) == ()
    (first, _), _ = visit.heard(BP, value()), await visit.ask(BP)
    (second, _) = visit.heard(BP, value())
    assert isinstance(first, Shown)
    assert isinstance(second, Shown)
    assert (first.series, second.series) == (1, 2)


async def test_a_visit_that_ends_while_a_device_starts_leaves_it_stopped() -> None:
    driver = SlowDriver(BP)
    visit = Visit("visit-1", {BP: driver})
    await visit.begin()
    asking = asyncio.create_task(visit.ask(BP))
    await asyncio.sleep(0)
    await visit.end()
    driver.may_start.set()
    assert (await asking).state is MeasurementState.FAILED
    assert driver.did[-2:] == ["stop", "stop"]


async def test_what_nobody_asked_for_is_dropped() -> None:
    visit = Visit("visit-1", {BP: HandDriver(BP)})
    await visit.begin()
    assert visit.heard(BP, value()) == ()


async def test_after_the_farewell_nothing_is_armed_and_nothing_shown() -> None:
    visit, driver = await asked()
    await visit.end()
    assert driver.did[-1] == "stop"
    assert visit.heard(BP, value()) == ()
    assert (await visit.ask(BP)).state is MeasurementState.FAILED


async def test_the_doctor_hears_that_a_measurement_began_and_why_one_failed() -> None:
    visit, _ = await asked()
    assert visit.heard(BP, Started("device-1")) == (Progress(kind=BP, state=MeasurementState.MEASURING),)
    garbled = visit.heard(BP, Rejected("device-1", Reason.GARBLED))
    assert garbled == (Progress(kind=BP, state=MeasurementState.FAILED, reason="garbled"),)
    assert visit.measuring is BP
    assert len(visit.heard(BP, value())) == 2


@pytest.mark.parametrize("reason", [Reason.ABSENT, Reason.TIMEOUT])
async def test_a_shut_window_asks_nothing_more_of_the_resident(reason: Reason) -> None:
    visit, _ = await asked()
    visit.heard(BP, Rejected("device-1", reason))
    assert visit.measuring is None


async def test_the_doctor_sees_the_cuff_inflate_and_the_resident_only_that_it_does() -> None:
    visit = Visit("visit-1", {BP: HandDriver(BP)})
    assert visit.heard(BP, Inflating("device-1", 60)) == ()
    await visit.ask(BP)
    assert not visit.inflating
    assert visit.heard(BP, Inflating("device-1", 140)) == (
        Progress(kind=BP, state=MeasurementState.MEASURING, cuff_mmhg=140),
    )
    assert visit.inflating
    visit.heard(BP, value())
    assert not visit.inflating


async def test_the_latest_request_is_shown_and_an_ecg_is_recorded_until_it_is_stopped() -> None:
    ecg = MeasurementKind.ECG
    visit = Visit("visit-1", {OX: HandDriver(OX), BP: HandDriver(BP), ecg: HandDriver(ecg)})
    await visit.ask(OX)
    before = visit.requests
    assert (visit.measuring, visit.asked_after(before)) == (OX, None)
    await visit.ask(BP)
    assert (visit.measuring, visit.asked_after(before)) == (BP, BP)
    await visit.ask(ecg)
    await visit.ask(OX)
    assert (visit.measuring, visit.recording) == (OX, True)
    await visit.stop(ecg)
    assert not visit.recording


async def test_a_device_in_trouble_is_told_as_a_failure() -> None:
    visit, _ = await asked()
    told = visit.heard(BP, StateChanged("device-1", DeviceState.ERROR, Reason.WRONG_DEVICE))
    assert told == (Progress(kind=BP, state=MeasurementState.FAILED, reason="wrong-device"),)


async def test_a_device_that_the_room_does_not_have_is_absent() -> None:
    visit = Visit("visit-1", {})
    assert await visit.ask(OX) == Progress(kind=OX, state=MeasurementState.FAILED, reason="absent")


@pytest.mark.parametrize("verb", ["drain", "start visit-1"])
async def test_a_device_that_hangs_fails_alone(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("room_agent.visit.DEVICE_TIMEOUT_S", 0.05)
    visit = Visit("visit-1", {BP: HandDriver(BP, hangs=frozenset({verb})), OX: HandDriver(OX)})
    await visit.begin()
    stuck, fine = await asyncio.gather(visit.ask(BP), visit.ask(OX))
    assert (stuck.state, stuck.reason) == (MeasurementState.FAILED, "timeout")
    assert fine.state is MeasurementState.WAITING


async def test_a_device_that_does_not_stop_does_not_hold_up_the_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("room_agent.visit.DEVICE_TIMEOUT_S", 0.05)
    visit = Visit("visit-1", {BP: HandDriver(BP, hangs=frozenset({"stop"}))})
    await visit.ask(BP)
    await visit.end()
    assert visit.heard(BP, value()) == ()
