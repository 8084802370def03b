"""Kiosk and monitors at the agent's door: pairing, proof, revocation, and what they may say."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from room_agent.app import create_app
from room_agent.instruments import none
from room_agent.journal import Journal
from room_agent.room import Room
from room_agent.settings import Settings
from room_agent.wiring import Agent, Devices, build
from schemas.board import Board, RowState
from schemas.channels import CLOSE_BROKEN_CONTRACT, CLOSE_NOT_ALLOWED
from schemas.day import FactKind
from schemas.signalling import CLOSE_VISIT_OVER, Here, Role
from schemas.visit import Challenge, CheckedIn, CheckIn, KioskRefused, KioskReport, KioskRoster, Paired, Show
from telemed.kit.i18n import words
from telemed.kit.machine import MachineKey
from tests.room_agent.world import (
    CODE,
    KIOSK_CODE,
    MONITOR_CODE,
    SmallCentre,
    fact,
    offset_to_noon,
    ticket,
    until,
    visit,
)
from tests.rosters import OPERATOR_KEY
from tests.serving import served

pytestmark = pytest.mark.anyio
M = TypeVar("M", Show, CheckedIn, KioskRoster)


class World:
    """A centre and an agent, both served."""

    def __init__(self, centre: SmallCentre, agent: Agent, url: str, folder: Path) -> None:
        self.centre = centre
        self.agent = agent
        self.url = url
        self.folder = folder

    async def pair(self, kind: str, code: str) -> tuple[MachineKey, Paired]:
        key = MachineKey.load_or_make(self.folder / f"{kind}.key")
        answer = await self.post(kind, code, key)
        assert answer.status_code == 200, answer.text
        return key, Paired.model_validate_json(answer.content)

    async def post(self, kind: str, code: str, key: MachineKey) -> httpx.Response:
        body = {"code": code, "kind": kind, "public_key": key.public}
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.post(f"{self.url}/pair", json=body, headers={"Accept": "application/json"})

    @asynccontextmanager
    async def socket(self, path: str, key: MachineKey, paired: Paired) -> AsyncIterator[ClientConnection]:
        async with connect(self.url.replace("http", "ws") + path, proxy=None, close_timeout=1) as socket:
            challenge = Challenge.model_validate_json(await socket.recv())
            assert challenge.server == paired.server
            await socket.send(key.prove(challenge, paired.machine_id).model_dump_json())
            yield socket


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    centre = SmallCentre()
    async with served(centre.app()) as centre_url:
        settings = Settings(
            centre_url=centre_url, state_dir=tmp_path, pairing_code=CODE, simulated=True, operator_keys=OPERATOR_KEY
        )
        journal = Journal(tmp_path / "journal.sqlite")
        agent = build(settings, Room(journal, simulated=True, operator_keys=[OPERATOR_KEY]), Devices(), none(words()))

        @asynccontextmanager
        async def running() -> AsyncIterator[Agent]:
            task = asyncio.create_task(agent.run())
            yield agent
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        async with served(create_app(running)) as url:
            await until(lambda: centre.links)
            await centre.send_plan(visit(), seq=1)
            await until(lambda: agent.room.plan)
            yield World(centre, agent, url, tmp_path)
        journal.close()


async def close_code(socket: ClientConnection) -> int | None:
    try:
        async with asyncio.timeout(8):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


async def board(socket: ClientConnection) -> Board:
    return Board.model_validate_json(await asyncio.wait_for(socket.recv(), 8))


async def test_a_paired_monitor_gets_the_board_at_once_and_at_each_change(world: World) -> None:
    key, paired = await world.pair("monitor", MONITOR_CODE)
    async with world.socket("/feed", key, paired) as socket:
        first = await board(socket)
        assert (first.room_name, first.simulated, first.rows) == ("Raum 1", True, ())
        began = time.monotonic()
        world.agent.room.check_in(ticket())
        second = await board(socket)
        assert time.monotonic() - began < 1
        assert [row.state for row in second.rows] == [RowState.NEXT]
        assert second.seq > first.seq


async def test_the_board_comes_without_a_change_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("room_agent.feed.TICK_S", 0.1)
    key, paired = await world.pair("monitor", MONITOR_CODE)
    async with world.socket("/feed", key, paired) as socket:
        boards = [await board(socket) for _ in range(3)]
    assert boards[0].as_of < boards[1].as_of < boards[2].as_of


async def test_a_delay_reaches_the_monitor_when_the_clock_moves(world: World) -> None:
    noon = offset_to_noon()
    start, offset_s = datetime.now(UTC) + noon, noon.total_seconds()
    first, second = visit(start=start), visit("visit-2", start=start, code=ticket("owl", "B", "29"))
    key, paired = await world.pair("monitor", MONITOR_CODE)
    await world.centre.send_plan(first, second, seq=2, exercise=True, clock_offset_s=offset_s)
    await world.centre.tell(
        *(fact(kind, at=start) for kind in (FactKind.ARRIVED, FactKind.CALLED)),
        fact(FactKind.ARRIVED, "visit-2", at=start),
    )
    async with world.socket("/feed", key, paired) as socket:
        before = await board(socket)
        while len(before.rows) < 2:
            before = await board(socket)
        await world.centre.send_plan(first, second, seq=3, exercise=True, clock_offset_s=offset_s + 3600)
        began = time.monotonic()
        after = await board(socket)
        while after.clock_offset_s != offset_s + 3600:
            after = await board(socket)
        assert time.monotonic() - began < 5
        assert after.rows[1].delay is not None


async def test_a_revoked_monitor_is_closed_within_five_seconds_and_not_let_in_again(world: World) -> None:
    key, paired = await world.pair("monitor", MONITOR_CODE)
    await world.centre.send_plan(visit(), seq=2)
    await until(lambda: world.agent.room.plan and world.agent.room.plan.seq == 2)
    async with world.socket("/feed", key, paired) as socket:
        await board(socket)
        began = time.monotonic()
        await world.centre.send_plan(visit(), seq=3, machines=())
        assert await close_code(socket) == CLOSE_NOT_ALLOWED
        assert time.monotonic() - began < 5
    async with world.socket("/feed", key, paired) as socket:
        assert await close_code(socket) == CLOSE_NOT_ALLOWED


async def test_another_key_a_kiosk_and_a_stranger_see_no_board(world: World) -> None:
    _, paired = await world.pair("monitor", MONITOR_CODE)
    kiosk_key, kiosk = await world.pair("kiosk", KIOSK_CODE)
    other = MachineKey.load_or_make(world.folder / "other.key")
    stranger = Paired(machine_id="nobody", room_id="room-1", server=paired.server)
    for key, who in ((other, paired), (kiosk_key, kiosk), (other, stranger)):
        async with world.socket("/feed", key, who) as socket:
            assert await close_code(socket) == CLOSE_NOT_ALLOWED


async def test_a_monitor_that_speaks_breaks_the_contract(world: World) -> None:
    key, paired = await world.pair("monitor", MONITOR_CODE)
    async with world.socket("/feed", key, paired) as socket:
        await board(socket)
        await socket.send("hello")
        assert await close_code(socket) == CLOSE_BROKEN_CONTRACT


async def test_a_garbled_proof_breaks_the_contract(world: World) -> None:
    async with connect(world.url.replace("http", "ws") + "/feed", proxy=None) as socket:
        await socket.recv()
        await socket.send("{}")
        assert await close_code(socket) == CLOSE_BROKEN_CONTRACT


async def test_a_monitor_that_does_not_read_holds_up_nobody(world: World) -> None:
    key, paired = await world.pair("monitor", MONITOR_CODE)
    async with world.socket("/feed", key, paired) as lazy, world.socket("/feed", key, paired) as quick:
        await board(lazy)
        await board(quick)
        for seq in range(2, 200):
            await world.centre.send_plan(visit(), seq=seq)
        newest = await board(quick)
        while newest.seq and world.agent.room.plan and world.agent.room.plan.seq < 199:
            newest = await board(quick)
    assert world.agent.room.plan
    assert world.agent.room.plan.seq == 199


async def test_every_refused_code_is_answered_alike_and_many_tries_are_cut_off(world: World) -> None:
    key = MachineKey.load_or_make(world.folder / "monitor.key")
    answers = [await world.post("monitor", code, key) for code in ("WRONG234", "OTHER234")]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.content for answer in answers}) == 1
    for _ in range(8):
        await world.post("monitor", "WRONG234", key)
    cut_off = await world.post("monitor", MONITOR_CODE, key)
    assert (cut_off.status_code, cut_off.content) == (403, answers[0].content)
    assert MONITOR_CODE in world.centre.codes


async def test_an_agent_is_not_paired_here(world: World) -> None:
    key = MachineKey.load_or_make(world.folder / "monitor.key")
    assert (await world.post("agent", MONITOR_CODE, key)).status_code == 403


async def test_check_in_by_kiosk_is_recorded_once_and_a_wrong_ticket_is_not_known(world: World) -> None:
    key, paired = await world.pair("kiosk", KIOSK_CODE)
    async with world.socket("/kiosk/socket", key, paired) as socket:
        answers = []
        for code in (ticket(), ticket(), ticket("fox"), ticket(digits="22")):
            await socket.send(CheckIn(ticket=code).model_dump_json())
            answers.append(await _next(socket, CheckedIn))
    assert [answer.known for answer in answers] == [True, True, False, False]
    await until(world.centre.all_facts_up)
    assert len(world.centre.all_facts_up()) == 1


async def _next(socket: ClientConnection, kind: type[M]) -> M:
    async with asyncio.timeout(8):
        while True:
            text = await socket.recv()
            if f'"type":"{kind.model_fields["type"].default}"' in str(text):
                return kind.model_validate_json(text)


async def test_without_the_centre_the_board_goes_on_and_says_how_old_its_knowledge_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("room_agent.feed.TICK_S", 0.1)
    monitor, kiosk = await world.pair("monitor", MONITOR_CODE), await world.pair("kiosk", KIOSK_CODE)
    await world.centre.send_plan(visit(), seq=2)
    await until(lambda: world.agent.room.plan and world.agent.room.plan.seq == 2)
    world.centre.away = True
    await world.centre.links[0].close(1012)
    async with world.socket("/feed", *monitor) as screen, world.socket("/kiosk/socket", *kiosk) as page:
        first = await board(screen)
        await page.send(CheckIn(ticket=ticket()).model_dump_json())
        assert (await _next(page, CheckedIn)).known
        later = await board(screen)
        while not later.rows:
            later = await board(screen)
        assert later.as_of > first.as_of
        assert later.centre_heard == first.centre_heard
    world.centre.away = False
    await until(world.centre.all_facts_up)
    await until(lambda: not world.agent.room.journal.untaken())
    assert len(world.centre.all_facts_up()) == 1


async def test_the_kiosk_hears_of_the_call(world: World) -> None:
    key, paired = await world.pair("kiosk", KIOSK_CODE)
    async with world.socket("/kiosk/socket", key, paired) as socket:
        assert (await _next(socket, Show)).screen == "welcome"
        await world.centre.tell(fact(FactKind.ARRIVED), fact(FactKind.CALLED))
        show = await _next(socket, Show)
        while show.screen == "welcome":
            show = await _next(socket, Show)
        assert (show.screen, show.doctor_name, show.help_phone) == ("call", "Dr. Ada Weiß", "03641 12345")


async def test_the_kiosks_signals_are_carried_in_its_role_until_it_is_revoked(world: World) -> None:
    key, paired = await world.pair("kiosk", KIOSK_CODE)
    await world.centre.send_plan(visit(), seq=2)
    await world.centre.tell(fact(FactKind.ARRIVED), fact(FactKind.CALLED))
    await until(lambda: world.agent.room.current()[0] and world.agent.room.plan and world.agent.room.plan.seq == 2)
    async with world.socket("/kiosk/signalling?peer=kiosk-7", key, paired) as socket:
        here = Here.model_validate_json(await asyncio.wait_for(socket.recv(), 8))
        me = next(each for each in here.participants if each.peer_id == here.you)
        assert (me.role, me.peer_id) == (Role.KIOSK, "kiosk-7")
        await world.centre.send_plan(visit(), seq=3, machines=())
        assert await close_code(socket) == CLOSE_NOT_ALLOWED


async def test_outside_a_call_there_is_nothing_to_signal(world: World) -> None:
    key, paired = await world.pair("kiosk", KIOSK_CODE)
    async with world.socket("/kiosk/signalling?peer=kiosk-7", key, paired) as socket:
        assert await close_code(socket) == CLOSE_VISIT_OVER
    for peer in ("", "?peer=../other", f"?peer={'a' * 65}"):
        async with world.socket(f"/kiosk/signalling{peer}", key, paired) as socket:
            assert await close_code(socket) == CLOSE_BROKEN_CONTRACT


async def test_the_kiosk_gets_the_roster_and_each_newer_one(world: World) -> None:
    key, paired = await world.pair("kiosk", KIOSK_CODE)
    await until(lambda: world.agent.room.rosters.seq == world.centre.roster_seq)
    async with world.socket("/kiosk/socket", key, paired) as socket:
        first = await _next(socket, KioskRoster)
        assert first.operator_keys == (OPERATOR_KEY,)
        assert key.public in first.signed.roster
        await world.centre.enrol("A" * 43)
        assert "A" * 43 in (await _next(socket, KioskRoster)).signed.roster


async def test_whom_the_kiosk_did_not_trust_is_said_to_the_centre_until_it_has_it(world: World) -> None:
    key, paired = await world.pair("kiosk", KIOSK_CODE)
    await world.centre.tell(fact(FactKind.ARRIVED), fact(FactKind.CALLED))
    await until(lambda: world.agent.room.current()[0])
    world.centre.takes = False
    async with world.socket("/kiosk/socket", key, paired) as socket:
        for role, reason in [("doctor", "signature"), ("doctor", "signature"), ("Frau Sommer", "signature")]:
            await socket.send(KioskRefused(role=role, reason=reason).model_dump_json())
        await until(lambda: world.centre.refused)
        assert [(each.visit_id, each.seen_by, each.role, each.reason) for each in world.centre.refused] == [
            ("visit-1", "kiosk", "doctor", "signature")
        ]
        assert len(world.agent.room.journal.refusals()) == 1
        world.centre.takes = True
        await world.centre.links[0].close(1012)
        await until(lambda: not world.agent.room.journal.refusals())
        assert len({each.refused_id for each in world.centre.refused}) == 1


async def test_what_the_kiosk_says_of_its_camera_goes_into_the_checks(world: World) -> None:
    key, paired = await world.pair("kiosk", KIOSK_CODE)
    async with world.socket("/kiosk/socket", key, paired) as socket:
        await socket.send(KioskReport(camera="black", microphone="ok").model_dump_json())
        await until(lambda: _code(world, "camera") == "black")
        assert _code(world, "microphone") == "ok"
        await socket.send('{"type": "report", "camera": "fine"}')
        assert await close_code(socket) == CLOSE_BROKEN_CONTRACT


def _code(world: World, subject: str) -> str:
    reports = world.centre.reports()
    found = reports[-1].report.results if reports else ()
    return next((each.code for each in found if each.subject == subject), "")


async def test_the_centre_hears_who_keeps_the_key_of_the_rooms_disk(world: World) -> None:
    await until(world.centre.reports, within_s=20)
    assert world.centre.reports()[0].report.sealed_by == "file"
