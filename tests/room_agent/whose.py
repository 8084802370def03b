"""A room in which anything may happen in any order, and a witness who knows whose each value is.

Drivers, custody, window, visit and record are the real ones, and so are the bytes (`hand_device` says what devices are
taken to do). A person leaves before another comes.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from room_agent.devices import blood_pressure, pulse_oximeter
from room_agent.devices.ble_link import Radio
from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.driver import Absent, DeviceEvent, Measurement
from room_agent.devices.profile import BLOOD_PRESSURE, OXIMETER, Profile
from room_agent.devices.pulse_oximeter import PulseOximetry
from room_agent.record import Answer, Entry, Record
from room_agent.visit import Shown, Visit
from schemas.measurement import ConfirmedBy, MeasurementKind, Vital
from telemed.kit.clock import RealClock
from tests.room_agent.hand_device import (
    Clocks,
    HandDevice,
    HandDriver,
    HandLoop,
    Traits,
    owner_of,
)

BP, OX = MeasurementKind.BLOOD_PRESSURE, MeasurementKind.OXIMETER
SOMEBODY_BEFORE = 0
LEAVING_S = 10.0
FLOW_S = 4.0
YEAR_S = 365 * 86_400.0
AHEAD = st.sampled_from([0.0, 600.0, -600.0, 3_600.0, 43_200.0, -5 * YEAR_S, 45.0])


class Room(RuleBasedStateMachine):
    """Two devices, one person after the other. *driver_type* is another one in the control."""

    driver_type: ClassVar[type[HandDriver]] = HandDriver
    strict: ClassVar[bool] = True
    seen: ClassVar[Counter[str]] = Counter()
    """What was tried and what came of it, over all runs of this class."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = HandLoop()
        self.clocks = Clocks(self.loop)
        self.people = 0
        self.person: int | None = None
        self.left_at = 0.0
        self.visit: Visit | None = None
        self.record = Record()
        self.shown: list[tuple[MeasurementKind, int]] = []
        self.wrong: list[str] = []
        self.expected: list[str] = []
        self.tasks: set[asyncio.Task[Any]] = set()

    # Things that a rule is made of

    def go(self, seconds: float = 0.0) -> None:
        """Let everything happen that is due in *seconds*."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.wrong.append(f"{type(error).__name__}: {error}")

    def do(self, act: Any, *args: Any) -> None:
        """A plain call inside the loop."""
        self.loop.call_soon(act, *args)
        self.go()

    def device(self, profile: Profile, traits: Traits, *, old: int) -> HandDevice:
        driver = self.driver_type(
            profile, Radio(), device_id=f"dev-{profile.kind}", address="F0:00:00:00:00:02", clock=RealClock()
        )
        driver.clocks = self.clocks
        device = HandDevice(driver, self.clocks, traits)
        driver.link().device = device
        device.memory = [device.packet(SOMEBODY_BEFORE, 600.0 * n) for n in range(1, old + 1)]
        return device

    @initialize(
        shows=st.booleans(),
        clock=st.sampled_from(["read", "stamps", "none"]),
        ahead=AHEAD,
        may=st.tuples(st.booleans(), st.booleans()),
        old=st.integers(0, 2),
    )
    def furnish(self, shows: bool, clock: str, ahead: float, may: tuple[bool, bool], old: int) -> None:
        """Which devices there are. *may*: the cuff's clock be set; it send everything again."""
        self.cuff = self.device(BLOOD_PRESSURE, Traits(shows, clock, ahead, *may), old=old)
        self.clip = self.device(OXIMETER, Traits(shows=False, clock="none"), old=old)
        self.devices = {BP: self.cuff, OX: self.clip}
        self.finger: int | None = None
        for kind, device in self.devices.items():
            self.start(self._hear(kind, device.driver))
        self.start(self._flow())
        self.go()

    async def _hear(self, kind: MeasurementKind, driver: HandDriver) -> None:
        """As the agent does."""
        async for event in driver.events():
            self._heard(kind, event)

    def _heard(self, kind: MeasurementKind, event: DeviceEvent) -> None:
        if self.visit is None:
            return
        for outcome in self.visit.heard(kind, event):
            if isinstance(outcome, Shown):
                self._is_shown(outcome)

    def _is_shown(self, outcome: Shown) -> None:
        """A doctor sees a value: whose is it truly?"""
        owner = owner_of(outcome.measurement)
        self.shown.append((outcome.measurement.kind, owner))
        self.seen["shown"] += 1
        self.record.add(outcome.series, entry(outcome.measurement, len(self.shown)))
        if owner != self.person:
            self.seen["wrong"] += 1
            self.wrong.append(f"a value of {owner} under {self.person}")

    async def _flow(self) -> None:
        """The clip sends again and again whatever finger is in it."""
        while True:
            await asyncio.sleep(FLOW_S)
            if self.clip.linked:
                saturation = Absent.NOT_A_NUMBER if self.finger is None else Decimal(40 + self.finger)
                self.clip.says(pulse_oximeter.encode(PulseOximetry(saturation, Decimal(70))), pulse_oximeter.CONTINUOUS)

    # People

    @precondition(lambda self: self.person is None and self.loop.time() - self.left_at >= LEAVING_S)
    @rule()
    def somebody_is_called(self) -> None:
        self.people += 1
        self.person = self.people
        self.visit = Visit(f"visit-{self.people}", {kind: each.driver for kind, each in self.devices.items()})
        self.record = Record()
        self.start(self.visit.begin())
        self.go()

    @precondition(lambda self: self.person is not None)
    @rule()
    def farewell(self) -> None:
        """The finger is out of the clip; a cuff that shows its beginnings may even go on measuring."""
        assert self.visit is not None
        self.finger, self.person, self.left_at = None, None, self.loop.time()
        self.start(self.visit.end())
        self.record.forget()
        self.visit = None
        self.go()

    @precondition(lambda self: self.person is not None)
    @rule(kind=st.sampled_from([BP, OX]), wait=st.sampled_from([0.0, 3.0, 3.0]))
    def the_doctor_asks(self, kind: MeasurementKind, wait: float) -> None:
        assert self.visit is not None
        self.start(self.visit.ask(kind))
        self.go(wait)

    @precondition(lambda self: self.person is not None)
    @rule(kind=st.sampled_from([BP, OX]))
    def the_doctor_no_longer_wants_it(self, kind: MeasurementKind) -> None:
        assert self.visit is not None
        self.start(self.visit.stop(kind))
        self.go()

    @precondition(lambda self: self.person is not None and self.clip.linked)
    @rule()
    def a_finger_is_put_in(self) -> None:
        self.finger = self.person
        armed = self._window_is_ours(self.clip)
        before = len(self.shown)
        self.go(FLOW_S + 1)
        ours = armed and self._window_is_ours(self.clip) and not self.clip.clock_touched
        if ours and before == len(self.shown):
            self.wrong.append("the clip's live values are not shown")

    @rule(by=st.sampled_from([ConfirmedBy.PATIENT, ConfirmedBy.DOCTOR]), belongs=st.booleans())
    def somebody_answers(self, by: ConfirmedBy, belongs: bool) -> None:
        question = self.record.question
        if question is not None:
            self.record.answer(question.vital_id, Answer(belongs, by, self.clocks.truth))

    # The cuff

    def _window_is_ours(self, device: HandDevice) -> bool:
        window = device.driver.custody().window
        return window is not None and self.visit is not None and window.visit_id == self.visit.visit_id

    @precondition(lambda self: not self.cuff.busy)
    @rule(
        seconds=st.sampled_from([5, 20, 40]),
        ending=st.sampled_from(["sent", "sent", "sent", "twice", "lost", "failed", "garbled"]),
        wait=st.booleans(),
    )
    def the_cuff_is_started(self, seconds: int, ending: str, wait: bool) -> None:
        """By the person who is there, or by staff who try it out."""
        self.cuff.busy = True
        self.start(self._measure(self.person or SOMEBODY_BEFORE, seconds, ending))
        self.go(seconds + 1 if wait else 0)

    async def _measure(self, owner: int, seconds: int, ending: str) -> None:
        cuff, window, link = self.cuff, self.cuff.driver.custody().window, self.cuff.links
        good = ending in ("sent", "twice") and self._window_is_ours(cuff) and cuff.driver.custody().drained
        for _ in range(seconds):
            cuff.shows_that_it_measures()
            await asyncio.sleep(1.0)
            if owner != (self.person or SOMEBODY_BEFORE) and not cuff.traits.shows:
                cuff.busy = False
                return  # the arm has gone, and with it the value
        if ending == "lost":
            cuff.goes()
        still = cuff.linked and cuff.links == link and cuff.driver.custody().window is window
        must = good and still and cuff.in_good_order and owner == self.person
        before = len(self.shown)
        self._send(owner, ending)
        cuff.busy = False
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if must:
            self.seen["good"] += 1
            once = [each for each in self.shown[before:] if each[0] is BP] == [(BP, owner)]
            self.expected += [] if once else [f"{owner} measured in good order"]

    def _send(self, owner: int, ending: str) -> None:
        packet = self.cuff.packet(owner)
        match ending:
            case "failed":
                packet = blood_pressure.encode(BloodPressure(Absent.NOT_A_NUMBER, Absent.NOT_A_NUMBER))
            case "garbled":
                packet = packet[: len(packet) // 2]
            case "twice":
                self._count_attempt(owner)
                self.cuff.says(packet)
        self._count_attempt(owner)
        self.cuff.says(packet)

    def _count_attempt(self, owner: int) -> None:
        """A value of somebody else comes to the driver while a window is open."""
        if owner != self.person and self.cuff.linked:
            self.seen["foreign"] += 1
            self.seen["foreign in a window"] += self._window_is_ours(self.cuff)

    @rule(
        seconds=st.sampled_from([5, 20]),
        ending=st.sampled_from(["sent", "sent", "twice", "lost"]),
        between=st.sampled_from(["", "", "link", "next", "clock", "time"]),
        before=st.booleans(),
        pause=st.sampled_from([0.0, 1.0, 3.0]),
    )
    def somebody_measures(self, seconds: int, ending: str, between: str, before: bool, pause: float) -> None:
        """What people mostly do, with one thing that comes between asking and measuring, or into the measurement."""
        if self.person is None:
            self.go(LEAVING_S)
            self.somebody_is_called()
        self.the_link_stands(BP, pause=0.5, kept=0, wait=0.0)
        self.the_doctor_asks(BP, wait=4.0)
        if between and before:
            self._comes_between(between, pause)
        if not self.cuff.busy:
            self.the_cuff_is_started(seconds, ending, wait=False)
        self.go(seconds / 2)
        if between and not before:
            self._comes_between(between, pause)
        self.go(seconds / 2 + 1)

    def _comes_between(self, what: str, pause: float) -> None:
        match what:
            case "link":
                self.the_link_is_lost(BP)
                self.go(pause)
                self.the_link_stands(BP, pause=0.5, kept=0, wait=pause)
            case "next":
                if self.person is not None:
                    self.farewell()
                self.go(LEAVING_S)
                self.somebody_is_called()
                self.the_doctor_asks(BP, wait=4.0)
            case "clock":
                self.the_rooms_clock_is_set(600.0)
            case "time":
                self.go(301.0)

    # Links, memories, clocks, time

    @rule(kind=st.sampled_from([BP, BP, OX]))
    def the_link_is_lost(self, kind: MeasurementKind) -> None:
        self.do(self.devices[kind].goes)

    @rule(
        kind=st.sampled_from([BP, BP, OX]),
        pause=st.sampled_from([0.0, 0.5, 2.0]),
        kept=st.integers(0, 1),
        wait=st.sampled_from([0.0, 1.0, 3.0, 3.0]),
    )
    def the_link_stands(self, kind: MeasurementKind, pause: float, kept: int, wait: float) -> None:
        """What was stored is sent, but for what a forgetful device keeps."""
        device = self.devices[kind]
        if device.linked:
            return
        self.do(device.comes)
        self.start(self._flush(device, device.to_send(kept if device.may_be_forgetful else 0), pause))
        self.go(wait)

    async def _flush(self, device: HandDevice, packets: list[bytes], pause: float) -> None:
        link = device.links
        for packet in packets:
            await asyncio.sleep(pause)
            if device.linked and device.links == link:
                self.seen["foreign"] += 1
                self.seen["foreign in a window"] += self._window_is_ours(device)
                device.driver.link().on_packet(device.value_uuid, packet)
            elif packet not in device.memory:
                device.memory.append(packet)

    @precondition(lambda self: self.cuff.memory and self.cuff.linked and self.cuff.may_be_forgetful)
    @rule()
    def a_forgetful_cuff_sends_what_it_kept(self) -> None:
        if self.cuff.driver.custody().drained:
            self.seen["foreign"] += 1
            self.seen["foreign in a window"] += self._window_is_ours(self.cuff)
            self.do(self.cuff.driver.link().on_packet, self.cuff.value_uuid, self.cuff.memory.pop())

    @precondition(lambda self: not self.cuff.linked)
    @rule(ahead=AHEAD)
    def the_cuffs_clock_is_set(self, ahead: float) -> None:
        """New batteries. What it has kept carries the old clock."""
        self.cuff.memory_lies = self.cuff.memory_lies or bool(self.cuff.memory)
        self.cuff.traits.ahead_s = ahead

    @rule(by=st.sampled_from([600.0, -600.0, 30.0, 3_600.0]))
    def the_rooms_clock_is_set(self, by: float) -> None:
        self.clocks.skew_s += by
        for device in self.devices.values():
            device.clock_touched = True

    @rule(seconds=st.sampled_from([0.5, 2.0, 3.0, 11.0, 60.0, 301.0]))
    def time_passes(self, seconds: float) -> None:
        self.go(seconds)

    @invariant()
    def nobody_sees_a_value_of_somebody_else(self) -> None:
        if self.strict:
            assert self.wrong == []
            assert self.expected == []

    def teardown(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        drivers = getattr(self, "devices", {}).values()
        for device in drivers:
            self.loop.run_until_complete(device.driver.close())
        self.go()
        self.loop.close()


def entry(value: Measurement, number: int) -> Entry:
    """What the doctors get of it; the number is enough for the witness."""
    vital = Vital(
        vital_id=f"v-{number}",
        visit_id=value.visit_id or "none",
        kind=value.kind,
        live=value.live,
        simulated=True,
        sent_at=value.heard_at,
        observation={"resourceType": "Observation", "status": "preliminary"},
    )
    return Entry((vital,), (), value.effective)
