"""Who is with the room in one visit: found on the hub, trusted by the roster or by the doctor's word, and connected."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from room_agent.centre import Centre
from room_agent.ends import FarEnd, Own
from room_agent.media.aiortc_inside import Certificate
from room_agent.media.aiortc_peer import own_addresses
from room_agent.peers import Bedside, DoctorPeer
from room_agent.relays import Relays
from room_agent.room import RelayTrouble, Room
from room_agent.signalling import Signalling
from room_agent.supervise import where
from schemas import signalling
from schemas.measurement import Share
from schemas.signalling import Came, FromHub, Here, Left, Participant, Role, Signal
from schemas.trust import Hello, RefusedWhy
from telemed.kit.ids import new_id
from telemed.kit.logs import logger
from telemed.kit.trust import Distrusted

log = logger("company")

LOOK_S = 0.25
MOST_ENDS = 64
"""At once. Whoever sends more doctors and colleagues than this wants something else."""


class Company:
    """All far ends of the visit. One name and one certificate of our own, for as long as this program is in it."""

    def __init__(self, visit_id: str, bedside: Bedside, *, room: Room, centre: Centre, relay_only: bool) -> None:
        self._visit_id = visit_id
        self._bedside = bedside
        self._room = room
        self._ends: dict[str, FarEnd] = {}
        self._shared: dict[str, str] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._relays = Relays(only=relay_only, said=self._relays_are, found=self._connect_all)
        certificate, peer_id = Certificate.generateCertificate(), new_id()
        me = centre.key.speaks(visit_id=visit_id, peer_id=peer_id, role=Role.AGENT, fingerprint=certificate.fingerprint)
        self._signalling = Signalling(visit_id, peer_id, room=room, centre=centre, take=self._take, lost=self._absent)
        self._own = Own(me, certificate, self._relays, self._signalling.send)

    @property
    def peers(self) -> dict[str, DoctorPeer]:
        """The connections that are there, or are being made."""
        return {peer_id: end.peer for peer_id, end in self._ends.items() if end.peer is not None}

    async def stay(self, tasks: asyncio.TaskGroup, lasting: asyncio.TaskGroup) -> None:
        """Until the visit is over. *lasting* goes on until we have parted."""
        self._tasks = lasting
        looking = tasks.create_task(self._look())
        await self._signalling.stay()
        looking.cancel()

    async def part(self) -> None:
        """End all connections."""
        self._tasks = None
        await asyncio.gather(*(end.close() for end in self._ends.values()), self._relays.close())
        self._room.distrust(False)
        self._room.vp8_viewers = 0

    def _relays_are(self, trouble: RelayTrouble) -> None:
        self._room.visit_relay = trouble

    async def _take(self, message: FromHub) -> None:
        match message:
            case Here(participants=participants, relays=relays):
                self._relays.named(relays)
                self._absent()
                for participant in participants:
                    await self._meet(participant)
            case signalling.Relays(relays=relays):
                self._relays.named(relays)
            case Came(participant=participant):
                await self._meet(participant)
            case Left(peer_id=peer_id) if peer_id in self._ends:
                self._ends[peer_id].on_hub = False
            case Signal(sender=sender) if sender in self._ends:
                await self._ends[sender].hear(message)

    def _absent(self) -> None:
        for end in self._ends.values():
            end.on_hub = False

    async def _meet(self, participant: Participant) -> None:
        """Somebody is on the hub, or again; a connection that stands is left alone."""
        if participant.role not in (Role.DOCTOR, Role.COLLEAGUE):
            return
        end = self._ends.get(participant.peer_id)
        if end is None:
            self._make_room()
        if end is None and len(self._ends) < MOST_ENDS:
            end = self._ends[participant.peer_id] = FarEnd(participant, self._own, self._bedside, self)
        if end is None or end.who.role is not participant.role:
            log.warning("end_left_out", role=participant.role.value)
            return
        end.met()
        if not end.stands:
            await end.greet()
            end.connect()

    def _make_room(self) -> None:
        """Pages that are gone give way to new ones."""
        gone = [peer_id for peer_id, end in self._ends.items() if not end.on_hub and not end.stands]
        for peer_id in gone[: max(0, len(self._ends) + 1 - MOST_ENDS)]:
            self.start(self._ends.pop(peer_id).close())

    def _connect_all(self) -> None:
        """There is another way, or other keys are trusted: whoever has no connection is offered one."""
        for end in self._ends.values():
            if not end.stands:
                end.connect()

    async def _look(self) -> None:
        """Replace what was lost; never ends."""
        roster = self._room.rosters.seq
        while True:
            await asyncio.sleep(LOOK_S)
            if roster != self._room.rosters.seq:
                roster = self._room.rosters.seq
                self._connect_all()
            addresses = own_addresses()
            for end in self._ends.values():
                end.look(time.monotonic(), addresses)
            self._room.distrust(self._is_distrusted)
            self._room.vp8_viewers = self._bedside.media.vp8_viewers

    @property
    def _is_distrusted(self) -> bool:
        """Somebody on the hub claims to be the doctor and is not; a doctor who is well known shows the contrary."""
        doctors = [end for end in self._ends.values() if end.who.role is Role.DOCTOR]
        return any(end.distrust and end.on_hub for end in doctors) and not any(end.stands for end in doctors)

    def trusts(self, who: Participant, hello: Hello) -> bool:
        """A doctor by the roster, a colleague by the doctor's word."""
        if who.role is Role.DOCTOR:
            self._room.trusts(hello, who.role)
            return True
        key = self._shared.get(who.peer_id)
        if key is not None and key != hello.key:
            raise Distrusted(RefusedWhy.UNKNOWN_KEY)
        return key is not None

    def distrusted(self, who: Participant, reason: RefusedWhy, *, by_us: bool) -> None:
        """For the audit, and the red screen."""
        if by_us:
            self._room.refused(self._visit_id, role=who.role.value, reason=reason.value, seen_by="agent")
        else:
            log.warning("refused_there", peer_id=who.peer_id, reason=reason.value)
        self._room.distrust(self._is_distrusted)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Beside everything else; what fails in it takes nothing else down."""
        if self._tasks is None:
            work.close()
        else:
            task = self._tasks.create_task(_supervised(work))
            task.add_done_callback(lambda _task: work.close())  # of use where it was cancelled before it began

    def share(self, said: Share) -> None:
        """The doctor lets a colleague see the devices, or not any more."""
        end = self._ends.get(said.peer_id)
        if said.on:
            self._shared[said.peer_id] = said.key
            if end is not None:
                end.connect()
        elif self._shared.pop(said.peer_id, None) is not None and end is not None:
            self.start(end.drop())


async def _supervised(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:
        log.error("request_failed", error=type(error).__name__, where=where(error))
