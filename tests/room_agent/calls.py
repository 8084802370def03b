"""Real calls of the agent with a doctor over a real hub, run inside a network namespace by `test_calls`; prints what
happened as JSON."""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from room_agent.centre import Centre
from room_agent.journal import Journal
from room_agent.media.aiortc_inside import Certificate, close, suite
from room_agent.media.live import for_visit
from room_agent.media.simulated import simulated_cameras
from room_agent.meeting import Meeting
from room_agent.peers import DoctorPeer
from room_agent.room import Room
from schemas.measurement import Pong, Sources
from schemas.signalling import Came, Here, Relay, Role, Signal, from_hub
from schemas.visit import Paired
from telemed.kit.clock import real_now
from telemed.kit.ids import to_base64
from telemed.kit.machine import MachineKey
from tests.relay import WAYS, coturn
from tests.room_agent.far import FarDoctor
from tests.room_agent.world import ROOM, SERVER, SmallCentre, plan, until, visit
from tests.rosters import OPERATOR_KEY
from tests.serving import served

KEY = Ed25519PrivateKey.generate()
VISIT = "visit-1"
VISITS = 5
Found = dict[str, Any]


class Strange(Certificate):
    """A far end that speaks DTLS with a suite of before 2010 only."""

    def _create_ssl_context(self, srtp_profiles: Any) -> Any:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(b"ECDHE-ECDSA-AES128-SHA")
        return context


class Call:
    """The room, and the doctor on the hub."""

    def __init__(self, centre: SmallCentre, url: str, room: Room, key: MachineKey) -> None:
        self.centre, self.url, self.room = centre, url, room
        self._agent = Centre(url, key)
        self.doctor = FarDoctor(VISIT, self._send, key=KEY)
        self.hub: ClientConnection | None = None
        self.agents: list[str] = []
        self.meeting: Meeting | None = None

    async def _send(self, signal: Signal) -> None:
        if self.hub is not None:
            with suppress(ConnectionClosed):
                await self.hub.send(signal.model_dump_json())

    async def _follow(self) -> None:
        """The doctor's line to the hub, again after each break."""
        address = f"{self.url.replace('http', 'ws', 1)}/signalling/{VISIT}?role=doctor&peer={self.doctor.me.peer_id}"
        while True:
            with suppress(OSError, ConnectionClosed, InvalidHandshake):
                async with connect(address, proxy=None) as self.hub:
                    async for text in self.hub:
                        await self._take(from_hub.validate_json(text))
            self.hub = None
            await asyncio.sleep(0.05)

    async def _take(self, message: Any) -> None:
        match message:
            case Here(participants=participants):
                for each in participants:
                    await self._met(each.role, each.peer_id)
            case Came(participant=participant):
                await self._met(participant.role, participant.peer_id)
            case Signal():
                await self.doctor.hear(message)

    async def _met(self, role: Role, peer_id: str) -> None:
        if role is Role.AGENT:
            if peer_id not in self.agents:
                await self.doctor.greet(peer_id)
            self.agents.append(peer_id)

    @asynccontextmanager
    async def going(self, *, relay_only: bool = False) -> AsyncIterator[None]:
        """A visit, until the caller has seen enough."""
        cameras = simulated_cameras(lambda key: key, fps=10)
        async with for_visit(cameras, None, word=lambda key: key, simulated=True) as media:
            self.meeting = Meeting(
                VISIT, room=self.room, centre=self._agent, drivers={}, media=media, relay_only=relay_only
            )
            tasks = [asyncio.create_task(work) for work in (self.meeting.run(), self._follow())]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self.doctor.close()

    @property
    def peer(self) -> DoctorPeer | None:
        assert self.meeting is not None
        return next(iter(self.meeting._peers.values()), None)

    def heard(self, kind: type) -> int:
        return sum(isinstance(each, kind) for each in self.doctor.heard)

    async def until(self, true: Callable[[], object]) -> float:
        """So many seconds until it was so."""
        began = time.monotonic()
        await until(true, within_s=12)
        return round(time.monotonic() - began, 3)

    async def connected(self) -> float:
        return await self.until(lambda: self.heard(Sources))

    @property
    def way(self) -> str:
        return self.peer._connection.stats().way if self.peer else ""


@dataclass
class House:
    """A centre that runs, and a folder for rooms."""

    centre: SmallCentre
    url: str
    folder: Path
    key: MachineKey

    @asynccontextmanager
    async def call(self, *, relays: tuple[Relay, ...] = ()) -> AsyncIterator[Call]:
        """A room of its own, paired and in the roster."""
        self.centre.relays = relays
        journal = Journal(Path(tempfile.mkdtemp(dir=self.folder)) / "journal.sqlite")
        room = Room(journal, simulated=True, operator_keys=[OPERATOR_KEY])
        room.belong(Paired(machine_id="agent-1", room_id=ROOM, server=SERVER))
        room.take_plan(plan(visit(VISIT)))
        room.take_roster(self.centre.roster())
        yield Call(self.centre, self.url, room, self.key)
        await until(lambda: not self.centre.signallers)
        journal.close()


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    centre = SmallCentre()
    await centre.enrol(to_base64(KEY.public_key().public_bytes_raw()))
    with tempfile.TemporaryDirectory() as name:
        key = MachineKey.load_or_make(Path(name) / "agent.key")
        centre.keys["agent-1"] = ("agent", key.public)
        async with served(centre.app()) as url:
            yield House(centre, url, Path(name), key)


async def honest(at: House) -> Found:
    """It stands; then the hub goes away and comes back; then the doctor's end breaks."""
    found: Found = {}
    async with at.call() as it, it.going():
        found["connected_s"] = await it.connected()
        found["way"], found["tracks"] = it.way, it.doctor.tracks
        assert it.peer is not None
        found["suite"] = suite(it.peer._connection._connection)
        found["genuine"] = it.peer._connection.far_fingerprint() == it.doctor.me.fingerprint
        found["pictures"] = it.doctor.handshake.pictures is not None
        it.centre.away, pongs = True, it.heard(Pong)
        for socket in list(it.centre.signallers):
            await socket.close(1012)
        await it.until(lambda: it.heard(Pong) > pongs + 2)
        it.centre.away = False
        found["back_on_hub_s"] = await it.until(lambda: len(it.agents) > 1 and len(it.centre.signallers) == 2)
        found["agents"], found["offers"] = len(set(it.agents)), len(it.doctor.offers)
        pongs = it.heard(Pong)
        await it.until(lambda: it.heard(Pong) > pongs + 2)
        assert it.doctor.connection is not None
        await close(it.doctor.connection)
        found["replaced_s"] = await it.until(lambda: it.heard(Sources) == 2)
        found["attempts"] = [offer.attempt for offer in it.doctor.offers]
        found["refusals"] = len(it.room.journal.refusals())
    return found


async def strangers(at: House) -> Found:
    """Whoever has another certificate than the signed one, or speaks weakly, gets no media."""
    found: Found = {}
    for name, certificate in {
        "other certificate": Certificate.generateCertificate(),
        "weak suite": Strange.generateCertificate(),
    }.items():
        async with at.call() as it:
            if name == "weak suite":
                it.doctor = FarDoctor(VISIT, it._send, key=KEY, certificate=certificate)
            it.doctor.certificate = certificate
            async with it.going():
                await it.until(lambda: "failed" in it.doctor.states or "closed" in it.doctor.states)
                found[name] = [it.heard(Sources), it.peer is not None and it.peer.stands]
    async with at.call() as it, it.going():
        await it.until(lambda: it.peer is not None and it.peer.is_answered)
        assert it.peer is not None
        it.peer._signed = "AB"  # aiortc would let it pass
        await it.until(it.room.journal.refusals)
        found["impostor"] = [it.heard(Sources), [each.reason for each in it.room.journal.refusals()]]
    return found


async def visits(at: House) -> list[tuple[int, int]]:
    """One after the other: open files and tasks after each."""
    counts = []
    async with at.call() as it:
        for _ in range(VISITS):
            it.doctor = FarDoctor(VISIT, it._send, key=KEY)
            it.agents.clear()
            async with it.going():
                await it.connected()
            await it.until(lambda: not it.centre.signallers)
            counts.append((len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())))
    return counts


def named(*urls: str, user: str, password: str) -> tuple[Relay, ...]:
    return (Relay(urls=urls, username=user, credential=password),)


async def relays(at: House) -> Found:
    """Only over the relay, each way; and what is wrong with it is said soon, and keeps nobody waiting."""
    found: Found = {}
    with coturn(at.folder) as running:
        os.environ["SSL_CERT_FILE"] = str(running.ca)
        for way in WAYS:
            good = running.only(way).given_for(VISIT, now=real_now())
            async with at.call(relays=good) as it, it.going(relay_only=True):
                found[way] = [await it.connected(), it.way]
        wrong = named(running.own.urls[0], running.own.urls[1], user="1:x", password="no")
        dead = named("turn:10.99.0.77:3478?transport=udp", "turn:10.99.0.77:3478?transport=tcp", user="u", password="p")
        for name, given in {"refused": wrong, "unreachable": dead}.items():
            async with at.call(relays=given) as it, it.going():
                connected = await it.connected()
                said = await it.until(lambda: it.room.visit_relay)
                found[name] = [connected, round(connected + said, 3), it.room.visit_relay, it.way]
        both = (*dead, *running.own.given_for(VISIT, now=real_now()))
        async with at.call(relays=both) as it, it.going(relay_only=True):
            found["one of them dead"] = [await it.connected(), it.way]
    return found


async def main() -> Found:
    async with house() as at:
        return {
            "honest": await honest(at),
            "strangers": await strangers(at),
            "visits": await visits(at),
            "relays": await relays(at),
        }


if __name__ == "__main__":
    found = asyncio.run(main())
    print(json.dumps(found))  # noqa: T201 - the answer to the test that started us
