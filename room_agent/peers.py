"""The devices' side of a visit: one connection to each doctor, for pictures, sound, values and curves (DESIGN D2).

The agent offers and only sends. A connection that broke is replaced by a new one while the doctor is there.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidStateError
from aiortc.sdp import candidate_from_sdp
from pydantic import BaseModel, ValidationError

from room_agent.devices.driver import Waveform
from room_agent.supervise import where
from schemas.measurement import (
    Ask,
    Camera,
    CtlFromDoctor,
    Listen,
    Ping,
    Pong,
    Progress,
    SelectCamera,
    Sources,
    StopAsking,
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

    def tracks(self) -> tuple[MediaStreamTrack, ...]:
        """For one more doctor: exam video, then stethoscope; they never end and never raise."""

    def prepare(self, sender: RTCRtpSender) -> None:
        """Give *sender* our own encoder, before the offer is made."""

    def select(self, camera: str) -> None: ...

    def listen(self, on: bool) -> None: ...


class Bedside(Protocol):
    """What a doctor may do and see in the room during this visit."""

    @property
    def sources(self) -> Sources: ...

    @property
    def media(self) -> Media: ...

    async def asked(self, message: Ask | StopAsking) -> None: ...

    def connected(self) -> None: ...


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
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on("connectionstatechange", self._changed)
        self._ctl, self._vitals, self._wave = (
            self._connection.createDataChannel(name) for name in ("ctl", "vitals", "wave")
        )
        self._ctl.on("open", self._open)
        self._ctl.on("message", self._heard)
        for track in bedside.media.tracks():
            bedside.media.prepare(self._connection.addTransceiver(track, direction="sendonly").sender)

    async def offer(self) -> None:
        """Begin: gather our addresses and send the offer with all of them in it."""
        try:
            await self._connection.setLocalDescription(await self._connection.createOffer())
        except InvalidStateError:  # closed meanwhile
            return
        made = self._connection.localDescription
        body = {"type": made.type, "sdp": made.sdp}
        await self._send(Signal(to=self.doctor.peer_id, kind="offer", body=body))

    async def hear(self, signal: Signal) -> None:
        """An answer or a candidate of this doctor; one that does not fit ends the connection."""
        try:
            if signal.kind == "answer" and signal.body and self._connection.signalingState == "have-local-offer":
                await self._connection.setRemoteDescription(RTCSessionDescription(**signal.body))
            elif signal.kind == "candidate" and signal.body:
                await self._candidate(signal.body)
        except (ValueError, KeyError, TypeError, AssertionError, InvalidStateError) as error:
            log.warning("signal_refused", kind=signal.kind, error=type(error).__name__)
            await self.close()

    async def _candidate(self, body: dict[str, Any]) -> None:
        """Names that only the doctor's own network knows are left out: their packets tell the address."""
        text = str(body["candidate"]).removeprefix("candidate:")
        if not text or ".local " in text:
            return
        candidate = candidate_from_sdp(text)
        candidate.sdpMid = body.get("sdpMid")
        candidate.sdpMLineIndex = body.get("sdpMLineIndex")
        await self._connection.addIceCandidate(candidate)

    def _changed(self) -> None:
        state = self._connection.connectionState
        log.info("peer", state=state, peer_id=self.doctor.peer_id)
        if self._closed:
            return
        if state == "connected":
            self._bedside.connected()
        elif state in ("failed", "closed"):
            self._broke(self)

    def _open(self) -> None:
        self._say(self._ctl, self._bedside.sources)

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
            case SelectCamera(camera=camera):
                self._bedside.media.select(camera)
            case Listen(on=on):
                self._bedside.media.listen(on)
            case Ping(seq=seq):
                self._say(self._ctl, Pong(seq=seq))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("request_failed", error=type(error).__name__, where=where(error))

    def progress(self, progress: Progress) -> None:
        self._say(self._ctl, progress)

    def vital(self, vital: Vital) -> None:
        self._say(self._vitals, vital)

    def wave(self, piece: Waveform) -> None:
        if self._wave.readyState == "open" and self._wave.bufferedAmount < WAVE_LIMIT_BYTES:
            self._wave.send(piece.pack())

    @staticmethod
    def _say(channel: RTCDataChannel, message: BaseModel) -> None:
        if channel.readyState == "open":
            channel.send(message.model_dump_json())

    async def close(self) -> None:
        """End the connection; may be called twice."""
        self._closed = True
        await self._connection.close()
