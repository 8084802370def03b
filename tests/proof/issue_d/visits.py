"""200 visits, one after the other, with one agent: what it keeps of memory and open files. By ops/in_namespace.sh."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ops.programs import ROOT, free_port
from schemas.day import FactKind
from schemas.measurement import Pong
from schemas.signalling import Came, Here, Role, Signal
from telemed.kit.ids import to_base64
from telemed.signalling.hub import Entrant, Seat
from tests.proof.harness import Failed, Proof
from tests.room_agent.far import FarDoctor
from tests.room_agent.world import CODE, SmallCentre, fact, until, visit
from tests.rosters import OPERATOR_KEY
from tests.serving import served

VISITS = 200
WARM = 20
"""Visits before the first that counts: code is loaded, pools are filled."""
WINDOW = 20
MOST_GROWTH = 0.05
LOOK_S, SETTLE_S, STEADY = 0.3, 6.0, 0.002
PATIENCE_S, START_S = 20.0, 60.0


@dataclass(frozen=True)
class Kept:
    """After each visit: resident memory in KiB, and open files, of the agent."""

    memory_kib: list[int]
    files: list[int]

    def growth(self, warm: int = WARM, window: int = WINDOW) -> float:
        """Of the medians of the first visits that count and of the last, as a share."""
        counted = self.memory_kib[warm:]
        return median(counted[-window:]) / median(counted[:window]) - 1

    def more_files(self, warm: int = WARM, window: int = WINDOW) -> int:
        counted = self.files[warm:]
        return int(median(counted[-window:]) - median(counted[:window]))


@asynccontextmanager
async def agent_of(centre: SmallCentre) -> AsyncIterator[int]:
    """The real program, in a process of its own; its id."""
    with TemporaryDirectory(prefix="telemed-visits-") as folder:
        async with served(centre.app()) as url:
            settings = {"CENTRE_URL": url, "STATE_DIR": folder, "PAIRING_CODE": CODE, "SIMULATED": "1"}
            settings |= {"OPERATOR_KEYS": OPERATOR_KEY, "PORT": str(free_port(0))}
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "room_agent", "serve"),
                cwd=ROOT,
                env=os.environ | {f"TELEMED_ROOM_{name}": text for name, text in settings.items()},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                await until(lambda: centre.links, within_s=START_S)
                yield process.pid
            finally:
                process.terminate()
                await process.wait()


async def one(centre: SmallCentre, key: Ed25519PrivateKey, number: int) -> None:
    """A visit: called, connected, a ping answered, ended; until the agent has left."""
    visit_id = f"visit-{number}"
    await centre.send_plan(visit(visit_id, start=datetime.now(UTC)), seq=number + 1)
    await centre.tell(fact(FactKind.ARRIVED, visit_id), fact(FactKind.CALLED, visit_id))
    await until(lambda: visit_id in centre.hub.visits, within_s=PATIENCE_S)
    seat = centre.hub.join(visit_id, Entrant(Role.DOCTOR, "doctor-1"), peer_id=f"doctor-{number}")

    async def send(signal: Signal) -> None:
        centre.hub.carry(seat, signal)

    doctor = FarDoctor(visit_id, send, key=key, peer_id=f"doctor-{number}")
    listening = asyncio.create_task(listen(seat, doctor))
    try:
        await until(lambda: len(doctor.tracks) >= 3 and doctor.state == "connected", within_s=PATIENCE_S)
        await until(lambda: any(isinstance(each, Pong) for each in doctor.heard), within_s=PATIENCE_S)
        await centre.tell(fact(FactKind.ENDED, visit_id), fact(FactKind.CLEANED, visit_id))
        centre.hub.end(visit_id)
        await until(lambda: any(each.type == "closing" for each in doctor.heard), within_s=PATIENCE_S)
    finally:
        listening.cancel()
        await doctor.close()


async def listen(seat: Seat, doctor: FarDoctor) -> None:
    while not isinstance(message := await seat.outbox.next(), int):
        match message:
            case Here(participants=participants):
                for each in participants:
                    if each.role is Role.AGENT:
                        await doctor.greet(each.peer_id)
            case Came(participant=participant) if participant.role is Role.AGENT:
                await doctor.greet(participant.peer_id)
            case Signal():
                await doctor.hear(message)


async def visits(count: int) -> Kept:
    centre, key = SmallCentre(), Ed25519PrivateKey.generate()
    kept = Kept([], [])
    async with agent_of(centre) as pid:
        await centre.enrol(to_base64(key.public_key().public_bytes_raw()), subject="doctor-1", name="Test")
        for number in range(count):
            await one(centre, key, number)
            kept.memory_kib.append(await settled(pid))
            kept.files.append(len(os.listdir(f"/proc/{pid}/fd")))
    return kept


def memory_kib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])


async def settled(pid: int) -> int:
    """The memory, once the farewell is over and it changes no more; what it is after `SETTLE_S` at the latest."""
    before, looks = 0, 0
    while abs((now := memory_kib(pid)) - before) > now * STEADY and looks * LOOK_S < SETTLE_S:
        before, looks = now, looks + 1
        await asyncio.sleep(LOOK_S)
    return now


def step(_seed: int, _number: int) -> str:
    """
    Raises:
        Failed: memory or open files grew, or a visit did not come about.
    """
    try:
        kept = asyncio.run(visits(VISITS))
    except TimeoutError as error:
        raise Failed("a visit did not come about, or did not end") from error
    growth, files = kept.growth(), kept.more_files()
    said = f"{VISITS} visits, counted after {WARM}: memory {growth:+.1%}, open files {files:+d}"
    if growth >= MOST_GROWTH or files > 0:
        raise Failed(said)
    return said


PROOF = Proof(issue="d", name="visits", seed=20_261_126, count=1, step=step)
