"""The devices' side of a visit: one connection to each doctor, for pictures, sound, values and curves (DESIGN D2).

The agent offers and only sends. What is said on the connection is here; whether it is the right one in `ends`.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine
from dataclasses import asdict
from typing import Any, Protocol

from pydantic import ValidationError

from room_agent.devices.driver import Waveform
from room_agent.media.aiortc_inside import Certificate
from room_agent.media.aiortc_peer import AiortcPeer
from room_agent.media.peer import Body, Channel, Outlet, Road
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
    Leave,
    Listen,
    LockCamera,
    PauseDevices,
    Ping,
    Place,
    Pong,
    Progress,
    Resend,
    SelectCamera,
    Share,
    Sources,
    StillAck,
    StillResume,
    StopAsking,
    TakeStill,
    Vital,
    ctl_from_doctor,
)
from schemas.signalling import Participant, Role
from telemed.kit.logs import logger

log = logger("peers")

WAVE_LIMIT_BYTES = 64 * 1024
"""A curve that piles up more than this loses pieces, which the doctor sees as a gap."""
CTL_LIMIT_BYTES = 16 * 1024
REPORTED_S = 2.5


class Media(Protocol):
    """Pictures and sound of the devices, for one visit."""

    @property
    def cameras(self) -> tuple[Camera, ...]: ...

    @property
    def vp8_viewers(self) -> int: ...

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

    def share(self, said: Share) -> None:
        """A colleague may see the devices as well, or not any more."""

    def disconnected(self) -> None:
        """A connection is gone, for now or for good."""

    def resend(self, peer: "DoctorPeer", vital_ids: Collection[str]) -> None: ...


_OF_COLLEAGUE = (Listen, Resend, StillAck, StillResume)
"""All that a colleague may say: looks on, and hears; what is shown and measured is the doctor's to choose."""
AboutGate = Introduced | Allow | PauseDevices | Alarm | SelectCamera | TakeStill


class DoctorPeer:
    """One connection to one doctor or colleague; `ends.FarEnd` replaces it by another when it is lost.

    *changed* hears ``connected`` when it stands and the certificate is the one that was signed, else ``impostor``;
    ``left`` when the doctor takes leave, and ``lost``.
    """

    def __init__(
        self,
        doctor: Participant,
        bedside: Bedside,
        changed: Callable[["DoctorPeer", str], None],
        certificate: Certificate,
        road: Road,
    ) -> None:
        self.doctor = doctor
        self.listening = self.stands = self.is_silent = False
        self._bedside = bedside
        self._told = changed
        self._closed = self._lost = False
        self._signed = ""
        self._heard_at: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._connect(certificate, road)

    def _connect(self, certificate: Certificate, road: Road) -> None:
        self._connection = AiortcPeer(self._bedside.media.outlets(), self._changed, certificate=certificate, road=road)
        self._ctl, self._vitals, self._wave = (self._connection.channel(name) for name in ("ctl", "vitals", "wave"))
        self._stills = StillSender(self._bedside.media.stills, self._connection.channel("bulk"), self._tell)
        for channel in (self._ctl, self._vitals):
            channel.on_open(self._open)
        self._ctl.on_message(self._heard)

    async def offer(self) -> str | None:
        """The SDP with our addresses in it; None when this was closed meanwhile."""
        body = await self._connection.offer()
        return None if body is None else str(body["sdp"])

    async def answer(self, sdp: str, fingerprint: str) -> None:
        """The other end's, signed with this *fingerprint* of its certificate.

        Raises:
            Unfit: it is no answer to our offer.
        """
        self._signed = fingerprint
        self._heard_at = time.monotonic()
        await self._connection.answer({"type": "answer", "sdp": sdp})

    async def candidate(self, body: Body) -> None:
        """Raises:
        Unfit: it is none.
        """
        await self._connection.candidate(body)

    def _changed(self, state: str) -> None:
        log.info("peer", state=state, peer_id=self.doctor.peer_id)
        if self._closed:
            return
        if state == "connected":
            genuine = self._connection.far_fingerprint() == self._signed
            self.stands = genuine
            log.info("way", peer_id=self.doctor.peer_id, way=self._connection.stats().way)
            self._told(self, "connected" if genuine else "impostor")
        elif state in ("failed", "closed"):
            self._lost, self.stands = True, False
            self._told(self, "lost")

    @property
    def lost(self) -> bool:
        """It has no future."""
        return self._lost or self._closed

    @property
    def is_answered(self) -> bool:
        return self._heard_at is not None

    def silent_s(self, now: float) -> float:
        """How long nothing was heard on ``ctl``, from the answer on; 0 before it. *now*: monotonic."""
        return 0.0 if self._heard_at is None else now - self._heard_at

    def shows(self, now: float) -> bool:
        """Whether the other end has told lately how our pictures arrive. After a loss ``ctl`` speaks again later."""
        told = self._connection.reported_at
        return told is not None and now - told < REPORTED_S

    @property
    def here(self) -> bool:
        """This doctor can be told something."""
        return self._ctl.is_open and not self._closed and not self._lost

    def _open(self) -> None:
        """Called for each channel; begin when values can follow what is said of their devices."""
        if not self._ctl.is_open or not self._vitals.is_open:
            return
        self._heard_at = time.monotonic()
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
        self._heard_at = time.monotonic()
        match message:
            case Ping(seq=seq):
                self._say(self._ctl, Pong(seq=seq))
            case Leave():
                self._told(self, "left")
            case _ if self.doctor.role is Role.DOCTOR or isinstance(message, _OF_COLLEAGUE):
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
            case Share():
                self._bedside.share(message)
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
        self._closed, self.stands = True, False
        await self._connection.close()
