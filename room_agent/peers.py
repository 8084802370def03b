"""The devices' side of a visit: one connection to each doctor, for pictures, sound, values and curves (DESIGN D2).

The agent offers and only sends. A connection that broke is replaced by a new one while the doctor is there.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from pydantic import ValidationError

from room_agent.devices.driver import Waveform
from room_agent.media.aiortc_peer import AiortcPeer
from room_agent.media.peer import Channel, NoPictures, Outlet, Unfit
from room_agent.media.slot import Watch
from room_agent.media.stills import Stills, StillSender
from room_agent.supervise import where
from schemas.base import Message
from schemas.measurement import (
    Alarm,
    Allow,
    Allowed,
    Ask,
    Camera,
    Closing,
    Confirm,
    Confirmed,
    ConfirmedBy,
    CtlFromDoctor,
    DeviceIs,
    GateIs,
    Introduced,
    Listen,
    LockCamera,
    PauseDevices,
    Ping,
    Place,
    Pong,
    Progress,
    Resend,
    SelectCamera,
    Sources,
    StillAck,
    StillResume,
    StopAsking,
    TakeStill,
    Vital,
    ctl_from_doctor,
)
from schemas.signalling import Participant, Signal
from telemed.kit.logs import logger

log = logger("peers")

WAVE_LIMIT_BYTES = 64 * 1024
"""A curve that piles up more than this loses pieces, which the doctor sees as a gap."""
CTL_LIMIT_BYTES = 16 * 1024


class Media(Protocol):
    """Pictures and sound of the devices, for one visit."""

    @property
    def cameras(self) -> tuple[Camera, ...]: ...

    def outlets(self) -> tuple[Outlet, ...]:
        """For one more doctor: the exam pictures, then the stethoscope; they never end and never raise."""

    @property
    def stills(self) -> Stills: ...

    def select(self, camera: str, slot: int = 0) -> None: ...

    def withhold(self, slot: int, reason: str) -> None: ...

    async def lock(self, camera: str, on: bool) -> None: ...

    def on_sound(self, taker: Callable[[Waveform], None]) -> None: ...

    def listen(self, on: bool) -> None: ...


class Gate(Protocol):
    """What lies between the devices and the doctor (`room_agent.gatekeeper`)."""

    def doctor_says(self, said: "AboutGate") -> None:
        """The visit's own doctor introduces, notes an answer, pauses, calls for help, or wants to see a camera."""


class Bedside(Protocol):
    """What a doctor may do and see in the room during this visit."""

    @property
    def sources(self) -> Sources: ...

    @property
    def media(self) -> Media: ...

    @property
    def gate(self) -> Gate: ...

    async def asked(self, message: Ask | StopAsking) -> None: ...

    def connected(self) -> None: ...

    def opened(self, peer: "DoctorPeer") -> None: ...

    def listening_changed(self) -> None:
        """A doctor has begun to listen, or has stopped."""

    async def confirm(self, vital_id: str, *, belongs: bool, by: ConfirmedBy) -> None: ...

    def resend(self, peer: "DoctorPeer", vital_ids: Collection[str]) -> None: ...


AboutGate = Introduced | Allow | PauseDevices | Alarm | SelectCamera | TakeStill
Send = Callable[[Signal], Coroutine[Any, Any, None]]


class DoctorPeer:
    """The connection to one doctor. *broke* is called once when it is lost and should be replaced."""

    def __init__(
        self, doctor: Participant, bedside: Bedside, send: Send, broke: Callable[["DoctorPeer"], None]
    ) -> None:
        self.doctor = doctor
        self._bedside = bedside
        self._send = send
        self._broke = broke
        self._closed = self._lost = False
        self.listening = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._connect(bedside.media.outlets())

    def _connect(self, outlets: Sequence[Outlet]) -> None:
        """A new connection, which offers *outlets* and the channels."""
        connection = self._connection = AiortcPeer(outlets, lambda state: self._changed(connection, state))
        self._ctl, self._vitals, self._wave = (self._connection.channel(name) for name in ("ctl", "vitals", "wave"))
        self._stills = StillSender(self._bedside.media.stills, self._connection.channel("bulk"), self._tell)
        for channel in (self._ctl, self._vitals):
            channel.on_open(self._open)
        self._ctl.on_message(self._heard)

    async def offer(self) -> None:
        """Begin: gather our addresses and send the offer with all of them in it."""
        body = await self._connection.offer()
        if body is not None:
            await self._send(Signal(to=self.doctor.peer_id, kind="offer", body=body))

    async def hear(self, signal: Signal) -> None:
        """An answer or a candidate of this doctor; one that does not fit ends the connection."""
        try:
            if signal.kind == "answer" and signal.body:
                await self._connection.answer(signal.body)
            elif signal.kind == "candidate" and signal.body:
                await self._connection.candidate(signal.body)
        except NoPictures:
            await self._without_pictures()
        except Unfit as error:
            log.warning("signal_refused", kind=signal.kind, error=str(error))
            await self.close()

    async def _without_pictures(self) -> None:
        """This browser takes none of ours; sound, values and curves it can have."""
        log.warning("no_pictures", peer_id=self.doctor.peer_id)
        refused, outlets = self._connection, self._bedside.media.outlets()
        for outlet in outlets:
            if isinstance(outlet.source, Watch):
                outlet.source.close()
        self._connect([outlet for outlet in outlets if not isinstance(outlet.source, Watch)])
        await refused.close()
        await self.offer()

    def _changed(self, connection: AiortcPeer, state: str) -> None:
        log.info("peer", state=state, peer_id=self.doctor.peer_id)
        if self._closed or connection is not self._connection:
            return
        if state == "connected":
            self._bedside.connected()
        elif state in ("failed", "closed"):
            self._lost = True
            self._broke(self)

    @property
    def here(self) -> bool:
        """This doctor can be told something."""
        return self._ctl.is_open and not self._closed and not self._lost

    def _open(self) -> None:
        """Called for each channel; begin when values can follow what is said of their devices."""
        if not self._ctl.is_open or not self._vitals.is_open:
            return
        sources = self._bedside.sources
        self._say(self._ctl, sources.model_copy(update={"tracks": dict(self._connection.roles)}))
        self._bedside.opened(self)

    def _heard(self, data: object) -> None:
        try:
            if not isinstance(data, str) or len(data) > CTL_LIMIT_BYTES:
                raise ValueError("ctl")
            message = ctl_from_doctor.validate_json(data)
        except (ValidationError, ValueError):
            log.warning("contract_broken", peer_id=self.doctor.peer_id)
            self._start(self.close())
            return
        self._do(message)

    def _do(self, message: CtlFromDoctor) -> None:
        match message:
            case Ask() | StopAsking():
                self._start(self._bedside.asked(message))
            case Introduced() | Allow() | PauseDevices() | Alarm() | SelectCamera():
                self._bedside.gate.doctor_says(message)
            case LockCamera(camera=camera, on=on):
                self._start(self._bedside.media.lock(camera, on))
            case TakeStill() | StillResume() | StillAck():
                self._still(message)
            case Listen(on=on):
                self.listening = on
                self._bedside.listening_changed()
            case Ping(seq=seq):
                self._say(self._ctl, Pong(seq=seq))
            case Confirm(vital_id=vital_id, belongs=belongs):
                self._start(self._bedside.confirm(vital_id, belongs=belongs, by=ConfirmedBy.DOCTOR))
            case Resend(vital_ids=vital_ids):
                self._bedside.resend(self, vital_ids)

    def _still(self, message: TakeStill | StillResume | StillAck) -> None:
        match message:
            case TakeStill():
                self._bedside.gate.doctor_says(message)
                self._start(self._stills.take(message))
            case StillResume():
                self._start(self._stills.resume(message))
            case StillAck():
                self._stills.acknowledged(message)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("request_failed", error=type(error).__name__, where=where(error))

    def _tell(self, message: Message) -> None:
        self._say(self._ctl, message)

    def tell(self, message: Progress | DeviceIs | Confirmed | Closing | Place | GateIs | Allowed) -> None:
        self._say(self._ctl, message)

    def vital(self, vital: Vital) -> None:
        self._say(self._vitals, vital)

    def wave(self, piece: Waveform) -> None:
        if self._wave.waiting_bytes < WAVE_LIMIT_BYTES:
            self._wave.send(piece.pack())

    @staticmethod
    def _say(channel: Channel, message: Message) -> None:
        channel.send(message.to_wire())

    async def close(self) -> None:
        """End the connection; may be called twice."""
        if not self._closed:
            log.info("line", peer_id=self.doctor.peer_id, **asdict(self._connection.stats()))
        self._closed = True
        await self._connection.close()
