"""The far end of the devices' connection, as protocol.md says: a doctor's page without a page, by aiortc."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel

from room_agent.media.aiortc_inside import Certificate, close, use_certificate
from schemas.base import Message
from schemas.measurement import CtlFromDoctor, CtlFromRoom, Ping, ctl_from_room
from schemas.signalling import Role, Signal
from schemas.trust import Description, Hello, Refused
from telemed.kit.clock import real_now
from telemed.kit.trust import Handshake, Me, with_one_fingerprint

Send = Callable[[Signal], Awaitable[None]]


def without_h264(sdp: str) -> str:
    """An answer that takes VP8 alone, as of a browser that has no H.264."""
    payload = next(line.split(":")[1].split()[0] for line in sdp.splitlines() if "H264/90000" in line)
    about = (f"a=rtpmap:{payload} ", f"a=fmtp:{payload} ", f"a=rtcp-fb:{payload} ")
    kept = [line for line in sdp.splitlines() if not line.startswith(about)]
    return "\r\n".join([*kept, ""])


class FarDoctor:
    """It answers each offer at once. *takes_h264*: whether it knows our pictures. What it hears it writes down."""

    def __init__(
        self,
        visit_id: str,
        send: Send,
        *,
        key: Ed25519PrivateKey,
        peer_id: str = "doctor-1",
        role: Role = Role.DOCTOR,
        takes_h264: bool = True,
        certificate: Certificate | None = None,
    ) -> None:
        self.certificate = certificate or Certificate.generateCertificate()
        self.me = Me(visit_id, peer_id, role, key, self.certificate.fingerprint)
        self.handshake = Handshake(self.me)
        self.offers: list[Description] = []
        self.refused: list[Refused] = []
        self.heard: list[CtlFromRoom] = []
        self.tracks: list[str] = []
        self.states: list[str] = []
        self.connection: RTCPeerConnection | None = None
        self.answers = self.pings = True
        self._send = send
        self._takes_h264 = takes_h264
        self._ctl: RTCDataChannel | None = None
        self._pinging: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        return self.connection.connectionState if self.connection else "none"

    async def say(self, to: str, kind: Any, message: BaseModel) -> None:
        await self._send(Signal(to=to, kind=kind, body=message.model_dump(mode="json")))

    async def greet(self, to: str) -> None:
        await self.say(to, "hello", self.handshake.hello())

    async def hear(self, signal: Signal) -> None:
        """From the agent; its roster is not looked at here."""
        assert signal.sender is not None
        match signal.kind:
            case "hello":
                self.handshake.greeted(Hello.model_validate(signal.body), peer_id=signal.sender, role=Role.AGENT)
            case "offer":
                self.offers.append(Description.model_validate(signal.body))
                if self.answers:
                    await self.answer(signal.sender)
            case "refused":
                self.refused.append(Refused.model_validate(signal.body))

    async def answer(self, to: str) -> None:
        """The newest offer."""
        said = self.offers[-1]
        sdp = self.handshake.open(said, now=real_now())
        made = await self.answered(sdp)
        await self.say(to, "answer", self.handshake.seal("answer", made, attempt=said.attempt, now=real_now()))

    async def answered(self, sdp: str) -> str:
        """Our SDP to *sdp*, with a connection that waits for the agent."""
        if self.connection is not None:
            await close(self.connection)
        connection = self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        use_certificate(connection, self.certificate)
        connection.on("datachannel", self._channel)
        connection.on("track", lambda track: self.tracks.append(track.kind))
        connection.on("connectionstatechange", lambda: self.states.append(connection.connectionState))
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        made = with_one_fingerprint(connection.localDescription.sdp)
        made = made.replace(self.certificate.fingerprint, self.me.fingerprint)  # of an impostor
        return made if self._takes_h264 else without_h264(made)

    def _channel(self, channel: RTCDataChannel) -> None:
        if channel.label == "ctl":
            self._ctl = channel
            channel.on("message", self._message)
            if self._pinging is None:
                self._pinging = asyncio.create_task(self._ping())

    def _message(self, text: str) -> None:
        self.heard.append(ctl_from_room.validate_json(text))

    async def _ping(self) -> None:
        seq = 0
        while True:
            if self.pings and self._ctl is not None and self._ctl.readyState == "open":
                seq += 1
                self.tell(Ping(seq=seq))
            await asyncio.sleep(0.2)

    def tell(self, message: CtlFromDoctor | Message) -> None:
        """On ``ctl``."""
        assert self._ctl is not None
        self._ctl.send(message.model_dump_json())

    async def close(self) -> None:
        if self._pinging is not None:
            self._pinging.cancel()
        if self.connection is not None:
            await close(self.connection)
