"""A centre that stands in between with real media: it ends both connections itself and passes pictures and sound on.

For each pair of agent and doctor it makes a connection of its own to either, with a certificate of its own, and says to
each that it is the other. `Attack` is what it does about signatures.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from aiortc import RTCCertificate, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.signalling import Participant, Role, Signal
from schemas.trust import Description, Hello
from telemed.kit.ids import to_base64
from telemed.kit.trust import Handshake, Me, with_one_fingerprint
from telemed.signalling.hub import Hub, Seat
from tests.malice.world import forger


class Attack(StrEnum):
    """``swapped``: its own description under the old signature, and the honest hello. ``added``: its certificate as a
    second one. ``resigned``: all its own under the other end's key, but signed by a key that it has. ``own-key``: all
    its own and well signed, by a key that is not in the roster. ``stripped``: as resigned, with an empty signature."""

    SWAPPED = "swapped"
    ADDED = "added"
    RESIGNED = "resigned"
    OWN_KEY = "own-key"
    STRIPPED = "stripped"


class Leg:
    """The middle's connection to one end, *to*, in the name of the other one, *of*."""

    def __init__(self, visit_id: str, attack: Attack, to: Participant, of: Participant) -> None:
        self.to, self._attack = to, attack
        self._visit_id, self._of = visit_id, of
        certificate = RTCCertificate.generateCertificate()
        self._fingerprint = next(
            each.value.upper() for each in certificate.getFingerprints() if each.algorithm == "sha-256"
        )
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection._RTCPeerConnection__certificates = [certificate]
        self.connection.createDataChannel("ctl")
        self._key = Ed25519PrivateKey.generate()
        self._shake: Handshake | None = None
        self.refused = False
        """*to* takes nothing from us."""

    def greeted(self, honest: Hello, by: Hello) -> Hello:
        """What *to* is told in place of the *honest* hello of the other end, once *to* has said its own, *by*."""
        mine = Me(self._visit_id, self._of.peer_id, self._of.role, self._key, self._fingerprint)
        claimed = mine if self._attack is Attack.OWN_KEY else forger(mine, honest.key)
        if self._shake is None:
            self._shake = Handshake(claimed)
            self._shake.greeted(by, peer_id=self.to.peer_id, role=self.to.role)
        return honest if self._attack in (Attack.SWAPPED, Attack.ADDED) else self._shake.hello()

    def described(self, honest: Description) -> Description:
        """Ours, after `setLocalDescription`, in place of the *honest* one."""
        assert self._shake is not None
        sdp = with_one_fingerprint(self.connection.localDescription.sdp)
        made = self._shake.seal(honest.type, sdp, attempt=honest.attempt, now=datetime.now(UTC))
        match self._attack:
            case Attack.SWAPPED:
                return honest.model_copy(update={"sdp": sdp})
            case Attack.ADDED:
                own = f"a=fingerprint:sha-256 {self._fingerprint}\r\n"
                return honest.model_copy(update={"sdp": honest.sdp.replace("a=fingerprint", own + "a=fingerprint", 1)})
            case Attack.STRIPPED:
                return made.model_copy(update={"signature": to_base64(bytes(64))})
            case Attack.RESIGNED | Attack.OWN_KEY:
                return made

    async def packets(self) -> int:
        """RTP packets that have come here."""
        stats = await self.connection.getStats()
        return sum(each.packetsReceived for each in stats.values() if each.type == "inbound-rtp")


class Between:
    """One pair: both legs, and what is held back until the order of things allows it."""

    def __init__(self, hub: "Middle", visit_id: str, agent: Participant, doctor: Participant) -> None:
        self._hub, self._visit_id = hub, visit_id
        self.to_agent = Leg(visit_id, hub.attack, agent, doctor)
        self.to_doctor = Leg(visit_id, hub.attack, doctor, agent)
        self._hellos: dict[Role, Hello] = {}
        self._offer: Description | None = None
        self._turn = asyncio.Lock()
        self.to_agent.connection.on("track", self.to_doctor.connection.addTrack)

    async def take(self, sender: Participant, signal: Signal) -> None:
        async with self._turn:
            await self._take(sender, signal)

    async def _take(self, sender: Participant, signal: Signal) -> None:
        from_agent = sender.role is Role.AGENT
        match signal.kind:
            case "hello":
                self._hellos[sender.role] = Hello.model_validate(signal.body)
                self._introduce()
            case "offer" if from_agent and self._offer is None:
                await self._offered(Description.model_validate(signal.body))
            case "answer" if not from_agent:
                sdp = Description.model_validate(signal.body).sdp
                await self.to_doctor.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
            case "refused":
                (self.to_agent if from_agent else self.to_doctor).refused = True

    def _introduce(self) -> None:
        """Both have said who they are: each hears it of the other, as changed."""
        agent, doctor = self._hellos.get(Role.AGENT), self._hellos.get(Role.DOCTOR)
        if agent is not None and doctor is not None:
            self._tell(self.to_doctor, "hello", self.to_doctor.greeted(agent, doctor))
            self._tell(self.to_agent, "hello", self.to_agent.greeted(doctor, agent))

    async def _offered(self, offer: Description) -> None:
        """Answer the agent, and offer to the doctor what comes from there."""
        self._offer = offer
        near, far = self.to_agent.connection, self.to_doctor.connection
        await near.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        await near.setLocalDescription(await near.createAnswer())
        await far.setLocalDescription(await far.createOffer())
        self._tell(self.to_doctor, "offer", self.to_doctor.described(offer))
        answer = offer.model_copy(update={"type": "answer"})
        self._tell(self.to_agent, "answer", self.to_agent.described(answer))

    def _tell(self, leg: Leg, kind: Any, message: Hello | Description) -> None:
        other = self.to_doctor if leg is self.to_agent else self.to_agent
        signal = Signal(to=leg.to.peer_id, sender=other.to.peer_id, kind=kind, body=message.model_dump(mode="json"))
        self._hub.put(self._visit_id, signal)

    @property
    def is_refused(self) -> bool:
        return self.to_agent.refused and self.to_doctor.refused

    @property
    def connected(self) -> list[str]:
        legs = (self.to_agent, self.to_doctor)
        return [leg.to.role.value for leg in legs if leg.connection.connectionState == "connected"]

    async def close(self) -> None:
        for leg in (self.to_agent, self.to_doctor):
            await leg.connection.close()


class Middle(Hub):
    """Passes everything on but what agent and doctor say to each other."""

    def __init__(self, attack: Attack) -> None:
        super().__init__()
        self.attack = attack
        self.pairs: dict[tuple[str, str], Between] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def carry(self, seat: Seat, signal: Signal) -> None:
        sender = seat.participant
        addressee = self._visits[seat.visit_id].seats.get(signal.to) if self.is_seated(seat) else None
        if addressee is None or {sender.role, addressee.participant.role} != {Role.AGENT, Role.DOCTOR}:
            super().carry(seat, signal)
            return
        agent, doctor = sorted((sender, addressee.participant), key=lambda each: each.role is Role.DOCTOR)
        pair = self.pairs.get((agent.peer_id, doctor.peer_id))
        if pair is None:
            pair = self.pairs[agent.peer_id, doctor.peer_id] = Between(self, seat.visit_id, agent, doctor)
        task = asyncio.create_task(pair.take(sender, signal))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def put(self, visit_id: str, signal: Signal) -> None:
        """Say something in the name of another one."""
        addressee = self._visits[visit_id].seats.get(signal.to)
        if addressee is not None:
            addressee.outbox.put(signal)

    async def close(self) -> None:
        for pair in self.pairs.values():
            await pair.close()


UNCHECKED_PAGE = ("throw new Distrusted(", "void new Distrusted(")
"""The control's page: its own module with each refusal cut out."""


@contextmanager
def unchecked() -> Iterator[None]:
    """The control's agent: in this process every description is taken as it comes."""
    honest = Handshake.open

    def taken(self: Handshake, said: Description, **_: datetime) -> str:
        return said.sdp if self.is_greeted else ""

    setattr(Handshake, "open", taken)  # noqa: B010 - a method is replaced
    try:
        yield
    finally:
        setattr(Handshake, "open", honest)  # noqa: B010
