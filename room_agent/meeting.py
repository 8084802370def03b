"""The room's part in one visit: meets each doctor on the signalling socket and passes on what the devices say."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime

from room_agent import memory
from room_agent.centre import Centre
from room_agent.company import Company
from room_agent.day import Task
from room_agent.devices.driver import DeviceEvent, Driver, Measurement, StateChanged, Waveform
from room_agent.devices.observation import observations
from room_agent.gatekeeper import FromRoom, Gatekeeper
from room_agent.lines import lines
from room_agent.naming import take
from room_agent.peers import DoctorPeer, Media
from room_agent.record import Answer, Entry, Record
from room_agent.room import Room
from room_agent.visit import Outcome, Shown, Visit
from schemas.measurement import (
    Allowed,
    Ask,
    Closing,
    Confirmed,
    ConfirmedBy,
    DeviceIs,
    GateIs,
    MeasurementKind,
    MeasurementState,
    Progress,
    Share,
    Sources,
    StopAsking,
    Vital,
)
from schemas.signalling import Role
from schemas.visit import KioskDecline
from telemed.kit.ids import new_id
from telemed.kit.logs import logger

log = logger("meeting")

CLOSING_S = 5.0
"""So long a doctor's page may ask for what did not come, after the visit is over."""


Indicated = Callable[[MeasurementKind], datetime | None]
"""When a device's last value went to the radio, real time; only simulated devices can tell."""


class Meeting:
    """One visit, from the call to the farewell. `run` ends when the visit is over; cancel it to end it from here.

    *over*: it is the visit that ends, and not this program: then the doctors get what they miss.
    """

    def __init__(
        self,
        visit_id: str,
        *,
        room: Room,
        centre: Centre,
        drivers: Mapping[MeasurementKind, Driver],
        media: Media,
        indicated: Indicated = lambda _kind: None,
        relay_only: bool = False,
    ) -> None:
        self.visit = Visit(visit_id, drivers)
        self.record = Record()
        self.over = False
        self.media = media
        media.on_sound(self._sound)
        self._room = room
        self._drivers = drivers
        self._indicated = indicated
        self._gone = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._turn = asyncio.Lock()
        self._listening_since: int | None = None
        self._company = Company(visit_id, self, room=room, centre=centre, relay_only=relay_only)
        self.gate = Gatekeeper(visit_id, room=room, media=media, tell=self._tell_all, changed=self._gate_changed)

    @property
    def sources(self) -> Sources:
        return Sources(cameras=self.media.cameras, kinds=tuple(self._drivers), simulated=self._room.simulated)

    async def run(self) -> None:
        """Be there until the visit is over; leave nothing behind.

        What the far ends begin may be begun during the farewell too, when they take leave: it outlasts all else.
        """
        async with asyncio.TaskGroup() as lasting:
            try:
                async with asyncio.TaskGroup() as tasks:
                    self._tasks = tasks
                    tasks.create_task(self.visit.begin())
                    tasks.create_task(self.gate.follow())
                    await self._company.stay(tasks, lasting)
                    self.over = True
            finally:
                await asyncio.shield(self._farewell())

    @property
    def _peers(self) -> dict[str, DoctorPeer]:
        return self._company.peers

    async def _farewell(self) -> None:
        """Disarm, hand over, close, forget."""
        self._room.measure(Task())
        self._room.ask_whose(None)
        self._tasks = None
        self.gate.close()
        if self.over:
            self._room.offer_sheet(self.visit.visit_id, self.record.sheet())
            await self._hand_over()
        await asyncio.gather(self.visit.end(), self._company.part())
        self.record.forget()
        await asyncio.to_thread(memory.give_back)

    async def _hand_over(self) -> None:
        """Whoever has everything leaves; whoever lacks something asks for it."""
        closing = Closing(vital_ids=tuple(vital.vital_id for vital in self.record.vitals()))
        for peer in self._peers.values():
            peer.tell(closing)
        try:
            async with asyncio.timeout(CLOSING_S):
                while any(peer.here for peer in self._peers.values()):
                    await self._gone.wait()
                    self._gone.clear()
        except TimeoutError:
            log.info("closing_unanswered", peers=len(self._peers))

    def connected(self) -> None:
        self._room.entered(self.visit.visit_id)

    def share(self, said: Share) -> None:
        self._company.share(said)

    def disconnected(self) -> None:
        """A doctor's connection is gone."""
        self._gone.set()
        self.listening_changed()

    def room_says(self, said: FromRoom | KioskDecline) -> None:
        """Somebody at the kiosk."""
        if not isinstance(said, KioskDecline):
            self.gate.room_says(said)
        elif self._tasks is not None:
            self._tasks.create_task(self._give_up((said.kind,), "declined"))

    def _gate_changed(self) -> None:
        """What is measured ends with a pause; who waits to listen may hear now, or no longer."""
        self._quiet()
        if self.gate.forbids and self.visit.armed and self._tasks is not None:
            self._tasks.create_task(self._give_up(self.visit.armed, self.gate.forbids))

    async def _give_up(self, kinds: Collection[MeasurementKind], why: str) -> None:
        """Stop what was asked for, and say why."""
        async with self._turn:
            for kind in kinds:
                if kind in self.visit.armed:
                    await self.visit.stop(kind)
                    self._tell(Progress(kind=kind, state=MeasurementState.FAILED, reason=why))
            self._room.measure(self._task())

    async def asked(self, message: Ask | StopAsking) -> None:
        """One request after the other, in the order in which doctors made them; none before both are introduced."""
        async with self._turn:
            if isinstance(message, Ask) and self.gate.forbids:
                self._tell(Progress(kind=message.kind, state=MeasurementState.FAILED, reason=self.gate.forbids))
            elif isinstance(message, Ask):
                self._tell(await self.visit.ask(message.kind))
            else:
                self._tell(await self.visit.stop(message.kind))
            self._room.measure(self._task())

    def opened(self, peer: DoctorPeer) -> None:
        """A doctor's channels are open: how the devices are, and what was measured before."""
        for kind, driver in self._drivers.items():
            peer.tell(self._device_is(kind, driver))
        for said in self.gate.all_told():
            peer.tell(said)
        for vital in self.record.vitals():
            peer.vital(vital)

    def listening_changed(self) -> None:
        """The stethoscope is heard while the doctor listens and may; meanwhile the room is quiet. A colleague hears
        what the doctor has asked for."""
        listeners = [peer for peer in self._peers.values() if peer.listening and not peer.is_silent]
        self.gate.listen(any(peer.doctor.role is Role.DOCTOR for peer in listeners))
        self._quiet()

    def _quiet(self) -> None:
        on = self.gate.hearing
        if on is (self._listening_since is None):
            self._listening_since = self.visit.requests if on else None
        if self._tasks is not None:
            self._room.measure(self._task())

    def _sound(self, piece: Waveform) -> None:
        if not self.gate.hearing:
            return
        for peer in self._peers.values():
            if peer.listening:
                peer.wave(piece)

    def resend(self, peer: DoctorPeer, vital_ids: Collection[str]) -> None:
        """What did not come to this doctor."""
        for vital in self.record.vitals():
            if vital.vital_id in vital_ids:
                peer.vital(vital)

    async def confirm(self, vital_id: str, *, belongs: bool, by: ConfirmedBy) -> None:
        """Somebody says whose value it is; a device that measures somebody else is stopped."""
        answer = Answer(belongs, by, self._room.now())
        told = self.record.answer(vital_id, answer)
        if not told and by is ConfirmedBy.DOCTOR:  # a value from before this program began anew: only the pages have it
            told = (Confirmed(vital_id=vital_id, belongs=belongs, by=by, at=answer.at),)
        log.info("answered", by=by.value, belongs=belongs, taken=bool(told))
        for each in told:
            self._tell_all(each)
        self._room.ask_whose(self.record.question)
        kind = self.visit.now_measuring(self.record.series_of(vital_id) or 0)
        if told and not belongs and kind is not None:
            await self.asked(StopAsking(kind=kind))

    def heard(self, kind: MeasurementKind, event: DeviceEvent) -> None:
        """A device said something; the doctors hear what is theirs."""
        if isinstance(event, StateChanged):
            self._tell_all(self._device_is(kind, self._drivers[kind]))
        for outcome in self.visit.heard(kind, event):
            self._tell(outcome)
        self._room.measure(self._task())

    def _tell(self, outcome: Outcome) -> None:
        if isinstance(outcome, Shown | Waveform) and self.gate.forbids:
            return
        match outcome:
            case Progress(cuff_mmhg=int()):
                self._tell_all(outcome)
            case Progress():
                log.info("progress", kind=outcome.kind.value, state=outcome.state.value, reason=outcome.reason)
                self._tell_all(outcome)
            case Shown(measurement=measurement, series=series):
                entry = Entry(tuple(self._vitals(measurement)), lines(measurement), measurement.effective)
                for vital in self.record.add(series, entry):
                    for peer in self._peers.values():
                        peer.vital(vital)
                self._room.ask_whose(self.record.question)
            case Waveform():
                for peer in self._peers.values():
                    peer.wave(outcome)

    def _tell_all(self, message: Progress | DeviceIs | Confirmed | GateIs | Allowed) -> None:
        for peer in self._peers.values():
            peer.tell(message)

    def _vitals(self, measurement: Measurement) -> Iterator[Vital]:
        """What one measurement says: a cuff also tells the pulse, which is an Observation of its own."""
        visit_id, device_id = self.visit.visit_id, measurement.device_id
        for made in observations(measurement, visit_id=visit_id, device_id=device_id, now=self._room.now()):
            yield Vital(
                vital_id=new_id(),
                visit_id=visit_id,
                kind=measurement.kind,
                live=measurement.live,
                simulated=self._room.simulated,
                sent_at=self._indicated(MeasurementKind(measurement.kind)) or measurement.heard_at,
                observation=made,
                device_name=self._room.names.of_device(measurement.kind, device_id).name,
            )

    def _device_is(self, kind: MeasurementKind, driver: Driver) -> DeviceIs:
        return DeviceIs(
            kind=kind,
            device_id=driver.device_id,
            name=self._room.names.of_device(kind, driver.device_id).name,
            state=driver.state.value,
            reason=driver.reason.value,
        )

    def _task(self) -> Task:
        """What the resident is asked to do, and with which device; while somebody listens only what was asked since."""
        since = self._listening_since
        kind = self.visit.measuring if since is None else self.visit.asked_after(since)
        still = self.visit.recording
        if kind is None:
            return Task(still=still)
        label = self._room.names.of_device(kind, self._drivers[kind].device_id)
        return Task(
            kind, take(label, self._room.words), asleep=self.visit.asleep, inflating=self.visit.inflating, still=still
        )
