"""Builds the room's agent from its settings, and keeps its parts running."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from room_agent import hardware, notify, sealing
from room_agent.assistant import Assistant
from room_agent.bell import wait
from room_agent.centre import Centre
from room_agent.checks import relay
from room_agent.checks.kept import Kept
from room_agent.checks.looking import Subjects
from room_agent.checks.machine import free_bytes
from room_agent.checks.rounds import Checks
from room_agent.devices.config import RoomDevices
from room_agent.devices.driver import Driver, StateChanged
from room_agent.devices.guarded import Guarded
from room_agent.devices.simulated.room import SimulatedRoom
from room_agent.devices.simulated.scenario import Scenario
from room_agent.doctor import RoomKey
from room_agent.door import Door, TicketUnknown, tries_of_the_room
from room_agent.faults import Faulty, FaultyDevice
from room_agent.gatekeeper import FromRoom
from room_agent.instruments import Instruments, none, simulated
from room_agent.journal import Journal
from room_agent.keyboard import Keyboard
from room_agent.link import Link
from room_agent.meeting import Indicated, Meeting
from room_agent.naming import labels
from room_agent.peers import Media
from room_agent.room import Room
from room_agent.sealing import Seal
from room_agent.settings import Settings
from room_agent.supervise import end, keep_running, left_in_time, where, within
from schemas.day import MachineKind
from schemas.measurement import ConfirmedBy, MeasurementKind
from schemas.visit import KioskConfirm, KioskDecline, KioskReport
from telemed.kit.i18n import words
from telemed.kit.logs import logger
from telemed.kit.tries import Tries
from telemed.kit.voice import Voice
from telemed.web.aloud import Aloud
from telemed.web.pages import FrameInfo, Pages

TEMPLATES = Path(__file__).parent / "kiosk" / "templates"
LOOK_S = 1.0
OPEN_S = 5.0
"""For cameras and stethoscope; a visit does not wait longer for them."""
log = logger("wiring")

Drivers = Mapping[MeasurementKind, Driver]


@dataclass(frozen=True)
class Devices:
    """The room's drivers. *indicated*: when a device's last value went to the radio, real time, where that is known.

    *faulty*: the simulated ones, with what can be wrong with them.
    """

    drivers: Drivers = field(default_factory=dict)
    indicated: Indicated = lambda _kind: None
    faulty: tuple[Faulty, ...] = ()


@dataclass
class Agent:
    """The running agent; edges find it as ``app.state.agent``."""

    room: Room
    centre: Centre
    link: Link
    door: Door
    checks: Checks
    devices: Devices
    instruments: Instruments
    pages: Pages
    aloud: Aloud
    assistant: Assistant
    tries: Tries = field(default_factory=lambda: tries_of_the_room(TicketUnknown))
    relay_only: bool = False
    keyboard: Keyboard = field(default_factory=Keyboard)
    meeting: Meeting | None = None

    @property
    def faulty(self) -> tuple[Faulty, ...]:
        return (*self.devices.faulty, *self.instruments.faulty)

    @property
    def keys(self) -> tuple[RoomKey, ...]:
        """Of this machine, and of the kiosks that it lets in."""
        machines = self.room.plan.machines if self.room.plan else ()
        kiosks = (
            RoomKey(kind=one.kind, public_key=one.public_key) for one in machines if one.kind is MachineKind.KIOSK
        )
        return (RoomKey(kind=MachineKind.AGENT, public_key=self.centre.key.public), *kiosks)

    def report(self, machine_id: str, report: KioskReport) -> None:  # noqa: ARG002 - one kiosk a room
        self.checks.kiosk_says(report)

    async def confirm(self, said: KioskConfirm) -> None:
        """Somebody in the room says whose value it is; outside a visit nobody was asked."""
        if self.meeting is not None:
            await self.meeting.confirm(said.vital_id, belongs=said.belongs, by=ConfirmedBy(said.by))

    def room_says(self, said: FromRoom | KioskDecline) -> None:
        """Somebody in the room says who is there, allows, refuses, pauses or calls for help; only during a visit."""
        if self.meeting is not None:
            self.meeting.room_says(said)

    async def practised(self) -> None:
        """Somebody has tried the room in a practice."""
        await self.link.send_practised()

    async def run(self) -> None:
        """Everything at once, each part on its own; never ends."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_running("link", self.link.run))
            tasks.create_task(keep_running("visits", self._visits))
            tasks.create_task(keep_running("checks", self._check))
            tasks.create_task(keep_running("line", self._look_at_line))
            tasks.create_task(keep_running("signs of life", notify.live))
            for kind, driver in self.devices.drivers.items():
                tasks.create_task(keep_running(f"open {kind.value}", driver.open))
                tasks.create_task(keep_running(f"hear {kind.value}", partial(self._hear, kind, driver)))

    async def _hear(self, kind: MeasurementKind, driver: Driver) -> None:
        async for event in driver.events():
            if isinstance(event, StateChanged):
                self.checks.want()
            if self.meeting is not None:
                self.meeting.heard(kind, event)
            del event  # it may be a value, and the next one may be long in coming

    async def _look_at_line(self) -> None:
        """A line or relay that went or came back, another time or roster is told at once, not with the next round.

        At midnight the day's list goes.
        """
        before = self._standing()
        with self.room.bell.ear() as heard:
            while True:
                await wait(heard, LOOK_S)
                self.room.turn_page()
                now = self._standing()
                if now != before:
                    before = now
                    self.checks.want()

    def _standing(self) -> tuple[object, ...]:
        room = self.room
        return room.line_ok, room.clock.offset, room.visit_relay, room.rosters.seq, room.vp8_viewers, room.present.now

    async def _check(self) -> None:
        while True:
            report = await self.checks.report()
            if report is not None:
                await self.link.send_report(report)
                await self.link.send_blocked(self.checks.blocked)
            await self.checks.wait()

    async def _visits(self) -> None:
        """A meeting for the visit that is called or inside, and for no other."""
        running: asyncio.Task[None] | None = None
        running_id: str | None = None
        try:
            with self.room.bell.ear() as heard:
                while True:
                    visit, _ = self.room.current()
                    visit_id = visit.visit_id if visit else None
                    if visit_id != running_id:
                        if self.meeting is not None:
                            self.meeting.over = True
                        await end(running)
                        running = asyncio.create_task(self._meet(visit_id)) if visit_id else None
                        running_id = visit_id
                        self.checks.want()
                    self.room.tidy()
                    await wait(heard, LOOK_S)
        finally:
            await end(running)

    async def _meet(self, visit_id: str) -> None:
        async with self._media() as media:
            await keep_running("meeting", partial(self._be_there, visit_id, media))

    @asynccontextmanager
    async def _media(self) -> AsyncIterator[Media]:
        """Cameras and stethoscope for a visit; values go on where they cannot be opened, or do not end."""
        try:
            context = left_in_time("media", self.instruments.for_visit())
            media = await within(OPEN_S, context.__aenter__())
        except Exception as error:
            log.error("no_media", error=type(error).__name__, where=where(error))
            context = left_in_time("media", none(words()).for_visit())
            media = await context.__aenter__()
        try:
            yield media
        finally:
            await context.__aexit__(None, None, None)

    async def _be_there(self, visit_id: str, media: Media) -> None:
        self.meeting = Meeting(
            visit_id,
            room=self.room,
            centre=self.centre,
            drivers=self.devices.drivers,
            media=media,
            indicated=self.devices.indicated,
            relay_only=self.relay_only,
        )
        try:
            await self.meeting.run()
        finally:
            self.meeting = None


@asynccontextmanager
async def running(settings: Settings, seal: Seal | None = None) -> AsyncIterator[Agent]:
    """The agent, running; leaving ends every part. *seal*: that of this machine, if it was already asked for.

    Raises:
        SealBroken: the TPM does not give the machine's key back.
        BadSetting: its file is readable by others.
    """
    async with AsyncExitStack() as stack:
        journal = Journal(settings.state_dir / "journal.sqlite", seal or sealing.of_machine(settings.state_dir))
        stack.callback(journal.close)
        room = Room(
            journal,
            simulated=settings.simulated,
            labels=labels(settings.room_devices),
            operator_keys=settings.operators,
        )
        devices = await _devices(settings, room, stack)
        agent = build(settings, room, devices, _instruments(settings, room))
        stack.push_async_callback(agent.checks.close)
        task = asyncio.create_task(agent.run())
        stack.push_async_callback(end, task)
        yield agent


async def _devices(settings: Settings, room: Room, stack: AsyncExitStack) -> Devices:
    if not settings.simulated:
        return await _real_devices(settings.room_devices, room, stack)
    scenario = Scenario(measuring_s=settings.simulated_measuring_s)
    devices = await stack.enter_async_context(
        left_in_time("devices", SimulatedRoom(clock=room.clock, scenario=scenario))
    )
    for kind, fault in settings.faults.items():
        await devices.set_fault(kind, fault)
    drivers = {MeasurementKind(kind): driver for kind, driver in devices.drivers.items()}
    faulty = tuple(FaultyDevice(devices, kind) for kind in drivers)
    return Devices(drivers, devices.last_indication_at, faulty)


async def _real_devices(found: RoomDevices, room: Room, stack: AsyncExitStack) -> Devices:
    radio = await stack.enter_async_context(hardware.bluez_radio(found.adapter))
    return Devices(await stack.enter_async_context(hardware.drivers_of(found.bluetooth, radio, room.clock)))


def _instruments(settings: Settings, room: Room) -> Instruments:
    if settings.simulated:
        return simulated(words(), lambda: room.tone_test, sound=settings.simulated_sound)
    return hardware.instruments(settings.room_devices, words())


def build(settings: Settings, room: Room, devices: Devices, has: Instruments) -> Agent:
    """Put the parts together; nothing runs yet."""
    devices = replace(devices, drivers={kind: Guarded(driver) for kind, driver in devices.drivers.items()})
    centre = Centre(
        settings.centre_url.rstrip("/"), sealing.machine_key(room.journal.seal, settings.state_dir / "agent.key")
    )
    public_key = centre.key.public
    link = Link(room, centre, pairing_code=settings.pairing_code)
    way = relay.read(settings.turn_url, settings.turn_credential) if settings.turn_url else None
    subjects = Subjects(
        relay=partial(relay.probe, way),
        free_bytes=partial(free_bytes, settings.state_dir),
        release=lambda: room.release(public_key),
        visit_relay=lambda: room.visit_relay,
        drivers=tuple(devices.drivers.values()),
        cameras=has.cameras,
        ear=has.ear,
    )
    kept = Kept(settings.state_dir / "checks.json")
    aloud = Aloud(os.urandom(32), Voice(settings.state_dir / "voices", settings.state_dir / "speech"))
    return Agent(
        room=room,
        centre=centre,
        link=link,
        door=Door(room, link),
        checks=Checks(
            room, subjects, kept, round_trip_s=lambda: link.round_trip_s, block_after_s=settings.block_after_s
        ),
        devices=devices,
        instruments=has,
        pages=Pages(TEMPLATES, frame=_frame(room), aloud=aloud),
        aloud=aloud,
        assistant=Assistant(room),
        relay_only=settings.relay_only,
        keyboard=settings.keyboard,
    )


def _frame(room: Room) -> FrameInfo:
    """The page's script follows the clock and says what is simulated; without script nothing runs here."""
    return FrameInfo(simulated=room.simulated, exercise=False, offset=lambda: room.clock.offset, program="room_agent")
