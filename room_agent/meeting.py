"""The room's part in one visit: meets each doctor on the signalling socket and passes on what the devices say."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from room_agent.centre import LINE_ERRORS, BrokenContract, Centre, say, signalling_path
from room_agent.devices.driver import DeviceEvent, Driver, Measurement, Waveform
from room_agent.devices.observation import observations
from room_agent.peers import DoctorPeer, Media
from room_agent.room import Room
from room_agent.visit import Outcome, Shown, Visit
from schemas.measurement import Ask, MeasurementKind, Progress, Sources, StopAsking, Vital
from schemas.signalling import (
    CLOSE_BROKEN_CONTRACT,
    CLOSE_VISIT_OVER,
    Came,
    FromHub,
    Here,
    Left,
    Over,
    Participant,
    Role,
    Signal,
    from_hub,
)
from telemed.kit.ids import new_id
from telemed.kit.logs import logger

log = logger("meeting")

SHORTEST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0


Indicated = Callable[[MeasurementKind], datetime | None]
"""When a device's last value went to the radio, real time; only simulated devices can tell."""


class Meeting:
    """One visit, from the call to the farewell. `run` ends when the visit is over; cancel it to end it from here."""

    def __init__(
        self,
        visit_id: str,
        *,
        room: Room,
        centre: Centre,
        drivers: Mapping[MeasurementKind, Driver],
        media: Media,
        indicated: Indicated = lambda _kind: None,
    ) -> None:
        self.visit = Visit(visit_id, drivers)
        self.media = media
        self._room = room
        self._centre = centre
        self._drivers = drivers
        self._indicated = indicated
        self._doctors: dict[str, Participant] = {}
        self._peers: dict[str, DoctorPeer] = {}
        self._hub: ClientConnection | None = None
        self._hub_was_shut = False
        self._tasks: asyncio.TaskGroup | None = None
        self._turn = asyncio.Lock()

    @property
    def sources(self) -> Sources:
        return Sources(cameras=self.media.cameras, kinds=tuple(self._drivers), simulated=self._room.simulated)

    async def run(self) -> None:
        """Be there until the visit is over; leave nothing behind."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self.visit.begin())
                await self._stay()
                await self._part_all()
        finally:
            await asyncio.shield(self._farewell())

    async def _stay(self) -> None:
        """On the signalling socket, again after each break. While the line is away the connections go on."""
        pause = SHORTEST_PAUSE_S
        while not await self._once():
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_S, pause * 2) if self._hub_was_shut else SHORTEST_PAUSE_S

    async def _once(self) -> bool:
        """One connection to the hub, to its end; whether the visit is over."""
        paired = self._room.pairing
        if paired is None:
            return True
        self._hub_was_shut = True
        try:
            async with self._centre.open(signalling_path(self.visit.visit_id, Role.AGENT), paired) as hub:
                self._hub = hub
                return await self._listen(hub)
        except (BrokenContract, *LINE_ERRORS) as error:
            code = error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd else 0
            log.info("signalling_down", error=type(error).__name__, code=code)
            return code == CLOSE_VISIT_OVER
        finally:
            self._hub = None

    async def _listen(self, hub: ClientConnection) -> bool:
        while True:
            text = await hub.recv()
            try:
                message = from_hub.validate_json(text)
            except ValidationError:
                await hub.close(CLOSE_BROKEN_CONTRACT)
                raise BrokenContract("signalling") from None
            if isinstance(message, Over):
                return True
            await self._take(message)

    async def _take(self, message: FromHub) -> None:
        match message:
            case Here(participants=participants):
                self._hub_was_shut = False
                await self._part_all()
                self._doctors.clear()
                for participant in participants:
                    self._meet(participant)
            case Came(participant=participant):
                self._meet(participant)
            case Left(peer_id=peer_id):
                self._doctors.pop(peer_id, None)
                await self._part(peer_id)
            case Signal(sender=sender):
                peer = self._peers.get(sender or "")
                if peer is not None:
                    await peer.hear(message)

    def _meet(self, participant: Participant) -> None:
        if participant.role is not Role.DOCTOR or self._tasks is None:
            return
        self._doctors[participant.peer_id] = participant
        peer = DoctorPeer(participant, self, self._send, self._broke)
        self._peers[participant.peer_id] = peer
        self._tasks.create_task(peer.offer())

    def _broke(self, peer: DoctorPeer) -> None:
        """A connection was lost: a new one, if the doctor is still there."""
        doctor = self._doctors.get(peer.doctor.peer_id)
        if doctor is not None and self._tasks is not None and self._peers.get(doctor.peer_id) is peer:
            self._tasks.create_task(peer.close())
            self._meet(doctor)

    async def _send(self, signal: Signal) -> None:
        if self._hub is not None:
            try:
                await say(self._hub, signal)
            except ConnectionClosed:
                return

    async def _part(self, peer_id: str) -> None:
        peer = self._peers.pop(peer_id, None)
        if peer is not None:
            await peer.close()

    async def _part_all(self) -> None:
        await asyncio.gather(*(self._part(peer_id) for peer_id in list(self._peers)))

    async def _farewell(self) -> None:
        """Disarm, close, forget."""
        self._room.measure(None)
        self._tasks = None
        await asyncio.gather(self.visit.end(), self._part_all())

    def connected(self) -> None:
        self._room.entered(self.visit.visit_id)

    async def asked(self, message: Ask | StopAsking) -> None:
        """One request after the other, in the order in which doctors made them."""
        async with self._turn:
            if isinstance(message, Ask):
                self._tell(await self.visit.ask(message.kind))
            else:
                self._tell(await self.visit.stop(message.kind))
            self._room.measure(self.visit.measuring)

    def heard(self, kind: MeasurementKind, event: DeviceEvent) -> None:
        """A device said something; the doctors hear what is theirs."""
        for outcome in self.visit.heard(kind, event):
            self._tell(outcome)
        self._room.measure(self.visit.measuring)

    def _tell(self, outcome: Outcome) -> None:
        peers = list(self._peers.values())
        match outcome:
            case Progress():
                log.info("progress", kind=outcome.kind.value, state=outcome.state.value, reason=outcome.reason)
                for peer in peers:
                    peer.progress(outcome)
            case Shown(measurement=measurement):
                for vital in self._vitals(measurement):
                    for peer in peers:
                        peer.vital(vital)
            case Waveform():
                for peer in peers:
                    peer.wave(outcome)

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
            )
