"""A far end of one visit: whether it is who it must be, and that a connection to it stands, again after each loss.

The order of things is in schemas/protocol.md, the rules of trust are `telemed.kit.trust`. The agent always offers.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import ValidationError

from room_agent.media.aiortc_inside import Certificate
from room_agent.media.aiortc_peer import own_addresses
from room_agent.media.peer import Road, Unfit
from room_agent.peers import Bedside, DoctorPeer
from room_agent.relays import Relays
from schemas.signalling import Participant, Signal
from schemas.trust import Description, Hello, Refused, RefusedWhy
from telemed.kit.clock import real_now
from telemed.kit.logs import logger
from telemed.kit.trust import Distrusted, Handshake, Me, fingerprint_of

log = logger("ends")

SILENCE_S = 6.0
"""After so long without a word a connection is replaced; twice as long while pictures are known to arrive."""
FRESH_S = 2.5
"""A connection that was heard within this is well, whatever the other end may ask for."""
BETWEEN_OFFERS_S = 1.0
"""Connections that fail at once are not replaced faster than this."""
GATHER_S = 0.8
"""Our own addresses are there at once; what takes longer is a relay that has just gone."""


@dataclass(frozen=True)
class Own:
    """What this end brings to each connection of the visit."""

    me: Me
    certificate: Certificate
    relays: Relays
    send: Callable[[Signal], Coroutine[Any, Any, None]]


class Ward(Protocol):
    """Whoever knows all far ends."""

    def trusts(self, who: Participant, hello: Hello) -> bool:
        """Whether *who* may see the devices; False for a colleague whom the doctor has not let in yet.

        Raises:
            Distrusted: it is not who it says.
        """

    def distrusted(self, who: Participant, reason: RefusedWhy, *, by_us: bool) -> None:
        """*who* was refused by us, or refuses us; people are to be told."""

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Beside everything else."""


class FarEnd:
    """One doctor or colleague, known by its peer_id until the visit is over."""

    def __init__(self, who: Participant, own: Own, bedside: Bedside, ward: Ward) -> None:
        self.who = who
        self.on_hub = True
        self.peer: DoctorPeer | None = None
        self.distrust: RefusedWhy | None = None
        self._own = own
        self._bedside = bedside
        self._ward = ward
        self._handshake = Handshake(own.me)
        self._hello: Hello | None = None
        self._attempt = 0
        self._offered_at = self._met_at = 0.0
        self._offered_from: frozenset[str] = frozenset()
        self._offering = self._has_left = False
        self._turn = asyncio.Lock()

    @property
    def stands(self) -> bool:
        """A connection is up, as far as is known."""
        return self.peer is not None and self.peer.stands

    def is_well(self, now: float) -> bool:
        """It stands and was heard just now, or was answered just now and is about to stand. *now*: monotonic."""
        peer = self.peer
        if peer is None or peer.lost or not peer.is_answered:
            return False
        return peer.silent_s(now) < (FRESH_S if peer.stands else SILENCE_S)

    async def greet(self) -> None:
        """Say who we are; the same each time."""
        await self._say("hello", self._handshake.hello())

    async def _say(self, kind: Any, message: Hello | Description | Refused) -> None:
        await self._own.send(Signal(to=self.who.peer_id, kind=kind, body=message.model_dump(mode="json")))

    async def hear(self, signal: Signal) -> None:
        """Whatever this end sends; nothing of it is used before it was verified."""
        try:
            match signal.kind:
                case "hello":
                    self._greeted(Hello.model_validate(signal.body))
                case "answer":
                    await self._answered(Description.model_validate(signal.body))
                case "candidate" if signal.body:
                    await self._candidate(signal.body)
                case "refused":
                    await self._refused(Refused.model_validate(signal.body).reason)
        except ValidationError:
            await self._refuse(RefusedWhy.MALFORMED)
        except Distrusted as error:
            await self._refuse(error.reason)

    def _greeted(self, hello: Hello) -> None:
        """A hello that comes again asks for a connection: the other end has none, or has missed an offer."""
        self._handshake.greeted(hello, peer_id=self.who.peer_id, role=self.who.role)
        self._hello = hello
        self._has_left = False
        if not self._has_just_offered:
            self.connect()

    def met(self) -> None:
        """It is on the hub, or on it again: what was sent before may be lost."""
        self.on_hub = True
        self._met_at = time.monotonic()

    @property
    def _has_just_offered(self) -> bool:
        """The offer that it asks for is on its way."""
        pending = self.peer is not None and not self.peer.lost
        return pending and self._met_at <= self._offered_at > time.monotonic() - BETWEEN_OFFERS_S

    def connect(self, now: float | None = None) -> None:
        """Offer a fresh connection to whoever is there, trusted, and has no good one."""
        if self._hello is None or self._has_left or self._offering or not self.on_hub:
            return
        if self.is_well(now or time.monotonic()):
            return
        try:
            if not self._ward.trusts(self.who, self._hello):
                return
        except Distrusted as error:
            self._ward.start(self._refuse(error.reason))
            return
        self.distrust = None
        self._offering = True
        self._ward.start(self._offer())

    async def _offer(self) -> None:
        try:
            async with self._turn:
                await self._drop()
                self._offered_at, self._offered_from = time.monotonic(), own_addresses()
                self._attempt += 1
                sdp = await self._prepared(await self._own.relays.road())
        finally:
            self._offering = False
        if sdp is not None:
            await self._say("offer", self._handshake.seal("offer", sdp, attempt=self._attempt, now=real_now()))

    async def _prepared(self, road: Road) -> str | None:
        """A connection with our addresses in its offer; None when there is no way at all, or it was ended meanwhile."""
        if road.leads_nowhere:
            return None
        try:
            async with asyncio.timeout(GATHER_S):
                return await self._peer(road).offer()
        except TimeoutError:
            log.warning("slow_addresses", relayed=road.relay is not None)
        await self._drop()
        if road.relay is not None:
            self._own.relays.failed(road.relay)
        direct = Road(only_relay=road.only_relay)
        return None if direct.leads_nowhere else await self._peer(direct).offer()

    def _peer(self, road: Road) -> DoctorPeer:
        self.peer = DoctorPeer(self.who, self._bedside, self._changed, self._own.certificate, road)
        return self.peer

    async def _answered(self, said: Description) -> None:
        peer = self.peer
        if peer is None or self._hello is None or said.attempt != self._attempt:
            return
        if said.type != "answer":
            raise Distrusted(RefusedWhy.MALFORMED)
        if not self._ward.trusts(self.who, self._hello):
            return
        sdp = self._handshake.open(said, now=real_now())
        try:
            await peer.answer(sdp, fingerprint_of(sdp))
        except Unfit as error:
            log.warning("signal_refused", kind="answer", error=str(error))
            await self._drop()

    async def _candidate(self, body: dict[str, Any]) -> None:
        """Not signed: a wrong one leads nowhere."""
        if self.peer is None or body.get("attempt") != self._attempt:
            return
        try:
            await self.peer.candidate(body)
        except Unfit as error:
            log.warning("signal_refused", kind="candidate", error=str(error))

    async def _refuse(self, reason: RefusedWhy) -> None:
        """Take nothing from this end. A connection that stands was verified; it is not the hub's to end."""
        if not self.stands:
            self.distrust = reason
            await self._drop()
        await self._say("refused", Refused(reason=reason))
        self._ward.distrusted(self.who, reason, by_us=True)

    async def _refused(self, reason: RefusedWhy) -> None:
        if not self.stands:
            self.distrust = reason
            await self._drop()
        self._ward.distrusted(self.who, reason, by_us=False)

    def _changed(self, peer: DoctorPeer, state: str) -> None:
        if peer is not self.peer:
            return
        if state == "connected":
            self._bedside.connected()
        elif state == "impostor":
            self._ward.start(self._impostor())
        elif state == "left":
            self._ward.start(self.leave())
        else:
            self._bedside.disconnected()

    async def _impostor(self) -> None:
        """What answered has another certificate than the one that was signed; aiortc should have seen it."""
        await self._drop()
        await self._refuse(RefusedWhy.FINGERPRINT)

    def look(self, now: float, addresses: frozenset[str]) -> None:
        """Replace what was lost, as soon as the other end can be told; to be called often. *now*: monotonic.

        *addresses*: our own now. An offer with others leads nowhere, and a connection from others will not come back.
        """
        peer = self.peer
        if peer is None:
            return
        self._heed(peer, now)
        if not self.on_hub or now - self._offered_at < BETWEEN_OFFERS_S:
            return
        has_moved = bool(addresses) and addresses != self._offered_from
        silence_s = FRESH_S if has_moved else SILENCE_S * (1 + peer.shows(now))
        if peer.lost or peer.silent_s(now) > silence_s or (has_moved and not peer.is_answered):
            log.info("replaced", peer_id=self.who.peer_id, attempt=self._attempt, lost=peer.lost, moved=has_moved)
            self.connect(now)

    def _heed(self, peer: DoctorPeer, now: float) -> None:
        """The room is not kept mute for somebody who is not heard any more."""
        silent = peer.silent_s(now) > SILENCE_S
        if silent is not peer.is_silent:
            peer.is_silent = silent
            self._bedside.listening_changed()

    async def leave(self) -> None:
        """It goes, and comes back only if it greets again."""
        self._has_left = True
        await self.drop()

    async def drop(self) -> None:
        """End the connection."""
        async with self._turn:
            await self._drop()

    async def _drop(self) -> None:
        peer, self.peer = self.peer, None
        if peer is not None:
            self._bedside.disconnected()
            await peer.close()

    async def close(self) -> None:
        self._has_left = True
        await self.drop()
