"""The line of a room, over a real server and a real socket."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from schemas.channels import (
    CLOSE_BROKEN_CONTRACT,
    CLOSE_NOT_ALLOWED,
    Beat,
    BlockedUp,
    ChecksUp,
    FactsDown,
    FactsTaken,
    FactsUp,
    FromCentre,
    PairAnswer,
    PairAsked,
    PlanDown,
    RefusedUp,
    RosterDown,
    from_centre,
)
from schemas.checks import BlockedDevice, CheckReport
from schemas.day import Fact, FactKind
from schemas.visit import Challenge, PairRequest
from telemed.booking.model import BookingConfirmed
from telemed.directory import service as directory
from telemed.identity import service as identity
from telemed.identity.model import MachinesChanged, RosterPublished
from telemed.kit.db import Database
from telemed.kit.machine import MachineKey
from telemed.kit.outbox import Relay, Subscription
from telemed.kit.trust import read_roster
from telemed.link import routes
from telemed.link.reactions import send_plan, send_plan_to_all
from telemed.link.service import Lines
from telemed.signalling import service as signalling
from telemed.visit import service as visit
from telemed.visit import store as visit_store
from telemed.visit.model import FactKnown
from telemed.web import refusals
from telemed.web.pages import FrameInfo, Pages
from tests.builders import SERVER, World, make_booking, make_fact, make_machine, make_world
from tests.rosters import OPERATOR_KEY, publish_all
from tests.serving import served_beside

pytestmark = pytest.mark.anyio
WAIT_S = 10.0
AT_ONCE_S = 4.0
"""Less than a beat: what is heard sooner was pushed, not found by looking again."""


@dataclass(frozen=True)
class Running:
    """A centre that serves on *port*."""

    world: World
    port: int
    key: MachineKey


@pytest.fixture
def centre(sqlite_database: Database, tmp_path: Path) -> Iterator[Running]:
    world = make_world(sqlite_database, rooms=2)
    reacts = send_plan(world.centre.the(Lines))
    told = [
        Subscription(f"send {kind.__name__}", kind, reacts) for kind in (BookingConfirmed, FactKnown, MachinesChanged)
    ]
    told.append(Subscription("send roster", RosterPublished, send_plan_to_all(world.centre.the(Lines))))
    relay = Relay(world.db, told, world.clock)
    relaying = threading.Thread(target=relay.run)
    relaying.start()
    with served(world) as port:
        yield Running(world, port, MachineKey.load_or_make(tmp_path / "key"))
    relay.stop()
    relaying.join(WAIT_S)


@contextmanager
def served(world: World) -> Iterator[int]:
    """A real server in a thread; its port."""
    app = FastAPI()
    app.state.centre = world.centre
    app.include_router(routes.routes)
    frame = FrameInfo(simulated=False, exercise=False, offset=lambda: timedelta(0), program="centre")
    refusals.install(app, Pages(frame=frame))
    with served_beside(app, lifespan="off") as server:
        yield server.port


@asynccontextmanager
async def line(centre: Running, *, machine_id: str | None = None) -> AsyncIterator[ClientConnection]:
    """An agent's line, proven."""
    machine_id = machine_id or make_machine(centre.world, centre.key)
    async with connect(f"ws://127.0.0.1:{centre.port}/link", proxy=None) as socket:
        challenge = Challenge.model_validate_json(await socket.recv())
        assert challenge.server == SERVER
        await socket.send(centre.key.prove(challenge, machine_id).model_dump_json())
        yield socket


async def heard(socket: ClientConnection, kind: type, within_s: float = WAIT_S) -> Any:
    """The next message of *kind*."""
    async with asyncio.timeout(within_s):
        while True:
            message: FromCentre = from_centre.validate_json(await socket.recv())
            if isinstance(message, kind):
                return message


async def closed(socket: ClientConnection, within_s: float = WAIT_S) -> int:
    """The code with which the centre closes."""
    with pytest.raises(ConnectionClosed) as end:
        async with asyncio.timeout(within_s):
            await drained(socket)
    assert end.value.rcvd is not None
    return end.value.rcvd.code


async def drained(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


def facts_kept(world: World) -> int:
    with world.db.reading() as tx:
        return tx.execute(select(func.count()).select_from(visit_store.facts)).scalar_one()


async def test_a_room_hears_its_day_at_once_and_again_when_it_changes(centre: Running) -> None:
    make_booking(centre.world, at="10:00")
    async with line(centre) as socket:
        first = await heard(socket, PlanDown)
        assert (first.plan.room_id, len(first.plan.visits)) == ("room-1", 1)
        assert len(first.plan.machines) == 1
        await asyncio.to_thread(make_booking, centre.world, at="11:00")
        second = await heard(socket, PlanDown, AT_ONCE_S)
        assert len(second.plan.visits) == 2
        assert second.plan.seq > first.plan.seq


async def test_a_room_hears_the_newest_roster_at_once_and_again_when_there_is_another(centre: Running) -> None:
    machine_id = make_machine(centre.world, centre.key)
    publish_all(centre.world.centre)
    async with line(centre, machine_id=machine_id) as socket:
        first = read_roster((await heard(socket, RosterDown)).signed, [OPERATOR_KEY])
        assert [(each.key, each.subject) for each in first.keys] == [(centre.key.public, machine_id)]
        await heard(socket, PlanDown)
        await asyncio.to_thread(publish_all, centre.world.centre)
        assert read_roster((await heard(socket, RosterDown, AT_ONCE_S)).signed, [OPERATOR_KEY]).seq == first.seq + 1


async def test_what_happens_elsewhere_comes_down_once(centre: Running) -> None:
    booked = make_booking(centre.world)
    async with line(centre) as socket:
        await heard(socket, PlanDown)
        with centre.world.db.transaction() as tx:
            fact = visit.record(tx, visit_id=booked.id, kind=FactKind.ARRIVED, by="assistant", now=centre.world.now)
        assert (await heard(socket, FactsDown, AT_ONCE_S)).facts == (fact,)


async def test_a_fact_that_is_told_again_is_taken_once_and_answered_each_time(centre: Running) -> None:
    fact = make_fact(make_booking(centre.world).id, "arrived", centre.world.now)
    async with line(centre) as socket:
        for _ in range(3):
            await socket.send(FactsUp(facts=(fact, fact)).model_dump_json())
            assert set((await heard(socket, FactsTaken)).fact_ids) == {fact.fact_id}
            assert facts_kept(centre.world) == 1
    async with line(centre) as socket:
        await socket.send(FactsUp(facts=(fact,)).model_dump_json())
        assert (await heard(socket, FactsTaken)).fact_ids == (fact.fact_id,)
    assert facts_kept(centre.world) == 1


async def test_what_is_told_as_taken_is_committed(centre: Running) -> None:
    facts = tuple(make_fact(make_booking(centre.world, at=f"{hour}:00").id, "arrived", centre.world.now)
                  for hour in range(10, 15))  # fmt: skip
    async with line(centre) as socket:
        await socket.send(FactsUp(facts=facts).model_dump_json())
        assert (await heard(socket, FactsTaken)).fact_ids == tuple(fact.fact_id for fact in facts)
        assert facts_kept(centre.world) == 5


async def test_facts_of_a_foreign_room_and_of_unknown_visits_are_not_taken(centre: Running) -> None:
    own = make_fact(make_booking(centre.world).id, "arrived", centre.world.now)
    foreign = make_booking(centre.world, room="room-2", doctor="brandt", at="11:00").id
    others = [make_fact(visit_id, "arrived", centre.world.now) for visit_id in (foreign, "unheard-of")]
    async with line(centre) as socket:
        await socket.send(FactsUp(facts=(*others, own)).model_dump_json())
        assert (await heard(socket, FactsTaken)).fact_ids == (own.fact_id,)
    assert facts_kept(centre.world) == 1


async def test_a_room_s_own_facts_do_not_come_back_to_it(centre: Running) -> None:
    one, other = make_booking(centre.world).id, make_booking(centre.world, at="11:00").id
    async with line(centre) as socket:
        await socket.send(FactsUp(facts=(make_fact(one, "arrived", centre.world.now),)).model_dump_json())
        await heard(socket, FactsTaken)
        with centre.world.db.transaction() as tx:
            fact = visit.record(tx, visit_id=other, kind=FactKind.ARRIVED, by="doctor", now=centre.world.now)
        assert (await heard(socket, FactsDown, AT_ONCE_S)).facts == (fact,)


def broken(fact: Fact) -> list[str | bytes]:
    """Messages of which nothing may be applied, though a good fact is in them."""
    good = json.loads(FactsUp(facts=(fact,)).model_dump_json())
    return [
        "not json",
        "[]",
        "null",
        json.dumps(good | {"type": "unheard-of"}),
        json.dumps({key: value for key, value in good.items() if key != "type"}),
        json.dumps(good | {"facts": [*good["facts"], good["facts"][0] | {"kind": "vanished"}]}),
        json.dumps(good | {"facts": [*good["facts"], good["facts"][0] | {"at": "2026-11-24T09:00:00"}]}),
        json.dumps(good).encode(),
        json.dumps(good) + " " * 300_000,
    ]


@pytest.mark.parametrize("number", range(9))
async def test_a_broken_message_closes_with_4400_and_nothing_of_it_is_applied(centre: Running, number: int) -> None:
    fact = make_fact(make_booking(centre.world).id, "arrived", centre.world.now)
    async with line(centre) as socket:
        await heard(socket, PlanDown)
        await socket.send(broken(fact)[number])
        assert await closed(socket) == CLOSE_BROKEN_CONTRACT
    assert facts_kept(centre.world) == 0


async def test_who_cannot_prove_its_key_hears_nothing(centre: Running, tmp_path: Path) -> None:
    world, other = centre.world, MachineKey.load_or_make(tmp_path / "other")
    machine_id = make_machine(world, centre.key)
    monitor = make_machine(world, other, kind="monitor")
    for key, who in ((other, machine_id), (centre.key, "unheard-of"), (other, monitor)):
        async with connect(f"ws://127.0.0.1:{centre.port}/link", proxy=None) as socket:
            challenge = Challenge.model_validate_json(await socket.recv())
            await socket.send(key.prove(challenge, who).model_dump_json())
            with pytest.raises(ConnectionClosed) as end:
                await asyncio.wait_for(socket.recv(), WAIT_S)
            assert end.value.rcvd is not None
            assert end.value.rcvd.code == CLOSE_NOT_ALLOWED


async def test_an_old_proof_does_not_open_a_new_line(centre: Running) -> None:
    machine_id = make_machine(centre.world, centre.key)
    async with connect(f"ws://127.0.0.1:{centre.port}/link", proxy=None) as socket:
        old = centre.key.prove(Challenge.model_validate_json(await socket.recv()), machine_id)
        await socket.send(old.model_dump_json())
        await heard(socket, PlanDown)
    async with connect(f"ws://127.0.0.1:{centre.port}/link", proxy=None) as socket:
        await socket.recv()
        await socket.send(old.model_dump_json())
        assert await closed(socket) == CLOSE_NOT_ALLOWED


@pytest.mark.parametrize("sent", ["not a proof", b"\x00"])
async def test_what_is_no_proof_breaks_the_contract(centre: Running, sent: str | bytes) -> None:
    async with connect(f"ws://127.0.0.1:{centre.port}/link", proxy=None) as socket:
        await socket.recv()
        await socket.send(sent)
        assert await closed(socket) == CLOSE_BROKEN_CONTRACT


async def test_a_revoked_machine_is_shut_out_within_five_seconds_and_stays_out(centre: Running) -> None:
    machine_id = make_machine(centre.world, centre.key)
    async with line(centre, machine_id=machine_id) as socket:
        await heard(socket, PlanDown)
        with centre.world.db.transaction() as tx:
            identity.revoke(tx, machine_id, now=centre.world.now)
        assert await closed(socket, within_s=5.0) == CLOSE_NOT_ALLOWED
    async with line(centre, machine_id=machine_id) as socket:
        assert await closed(socket) == CLOSE_NOT_ALLOWED


async def test_an_end_that_a_room_refused_is_kept_once_and_answered_each_time(centre: Running) -> None:
    own = make_booking(centre.world).id
    foreign = make_booking(centre.world, room="room-2", doctor="brandt", at="11:00").id

    def kept() -> int:
        with centre.world.db.reading() as tx:
            return sum(each.count for each in signalling.refusals(tx))

    async with line(centre) as socket:
        for refused_id, visit_id in (("r-1", own), ("r-1", own), ("r-2", foreign), ("r-3", "unheard-of")):
            told = RefusedUp(
                refused_id=refused_id,
                visit_id=visit_id,
                at=centre.world.now,
                seen_by="kiosk",
                role="doctor",
                reason="signature",
            )
            await socket.send(told.model_dump_json())
            assert (await heard(socket, FactsTaken)).fact_ids == (refused_id,)
            assert kept() == 1


async def test_both_ends_know_that_the_line_is_up(centre: Running) -> None:
    lines = centre.world.centre.the(Lines)
    assert (lines.online("room-1"), lines.heard("room-1")) == (False, None)
    async with line(centre) as socket:
        await heard(socket, PlanDown)
        assert lines.online("room-1")
        await socket.send(Beat().model_dump_json())
        report = CheckReport(room_id="room-1", at=centre.world.now, simulated=True, results=())
        foreign = report.model_copy(update={"room_id": "room-2"})
        for one in (foreign, report):
            await socket.send(ChecksUp(report=one).model_dump_json())
        await heard(socket, Beat)
        assert (lines.heard("room-1"), lines.report("room-1")) == (centre.world.now, report)
        assert lines.report("room-2") is None
    async with asyncio.timeout(WAIT_S):
        while lines.online("room-1"):
            await asyncio.sleep(0)


async def test_what_a_room_has_blocked_is_planned_without_until_it_says_otherwise(centre: Running) -> None:
    cuff = BlockedDevice(device_id="cuff-1", kind="blood-pressure", code="not-found", since=centre.world.now)

    def blocked() -> set[str]:
        with centre.world.db.reading() as tx:
            return {one.id for one in directory.load(tx).devices.values() if one.blocked_since is not None}

    async with line(centre) as socket:
        for devices in ((cuff,), ()):
            await socket.send(BlockedUp(devices=devices).model_dump_json())
            async with asyncio.timeout(WAIT_S):
                while blocked() != {one.device_id for one in devices}:
                    await asyncio.sleep(0.01)


def code_for(world: World, kind: str, room: str = "room-1") -> str:
    with world.db.transaction() as tx:
        return identity.new_pairing(tx, kind=kind, room_id=room, now=world.now)


async def _machines(socket: ClientConnection) -> set[str]:
    down = await heard(socket, PlanDown, AT_ONCE_S)
    return {machine.machine_id for machine in down.plan.machines}


async def test_a_monitor_pairs_through_its_agent_and_only_into_its_room(centre: Running, tmp_path: Path) -> None:
    public = MachineKey.load_or_make(tmp_path / "monitor").public

    async def asked(socket: ClientConnection, kind: str, code: str) -> PairAnswer:
        request = PairRequest.model_validate({"code": code, "kind": kind, "public_key": public})
        await socket.send(PairAsked(request_id="r1", request=request).model_dump_json())
        answer = await heard(socket, PairAnswer)
        assert isinstance(answer, PairAnswer)
        return answer

    async with line(centre) as socket:
        foreign = await asked(socket, "monitor", code_for(centre.world, "monitor", "room-2"))
        agent = await asked(socket, "agent", code_for(centre.world, "agent"))
        assert foreign.paired is None
        assert agent.paired is None
        good = await asked(socket, "monitor", code_for(centre.world, "monitor"))
        assert good.paired is not None
        assert (good.paired.room_id, good.request_id) == ("room-1", "r1")
        async with asyncio.timeout(AT_ONCE_S):  # a plan from before may still be on the way
            while good.paired.machine_id not in await _machines(socket):
                pass


async def test_an_agent_pairs_by_its_code_and_a_guesser_is_stopped(centre: Running) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{centre.port}", trust_env=False) as client:

        async def tried(code: str, kind: str = "agent") -> int:
            asked = {"code": code, "kind": kind, "public_key": centre.key.public}
            answer = await client.post("/pair", json=asked, headers={"accept": "application/json"})
            return answer.status_code

        assert await tried(code_for(centre.world, "agent")) == 200
        wrong = [await tried("0000-0000") for _ in range(4)]
        assert wrong == [403] * 4
        assert await tried(code_for(centre.world, "monitor"), "monitor") == 403
        assert await tried(code_for(centre.world, "agent")) == 403
