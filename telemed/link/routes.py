"""The line to a room: plans and facts go down, facts, checks and pairing requests come up, each once."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from schemas.channels import (
    CLOSE_BROKEN_CONTRACT,
    CLOSE_NOT_ALLOWED,
    Beat,
    BlockedUp,
    ChecksUp,
    FactsDown,
    FactsTaken,
    FactsUp,
    FromRoom,
    HelpDown,
    HelpIs,
    HelpUp,
    PairAnswer,
    PairAsked,
    PlanDown,
    PractisedUp,
    RefusedUp,
    RosterDown,
    from_room,
)
from schemas.day import DayPlan, MachineKind
from schemas.trust import SignedRoster
from schemas.visit import Challenge, Paired, PairRequest, Proof
from telemed.help import service as helping
from telemed.help.model import Asked, HelpCall, HelpState, Reach, Through
from telemed.identity import roster
from telemed.identity import service as identity
from telemed.identity.model import Actor, CodeUnknown, Machine, Right, Role
from telemed.identity.rights import Needs
from telemed.kit.logs import logger
from telemed.kit.machine import new_challenge
from telemed.kit.refusal import NotAllowed, Refusal
from telemed.link.service import Line, Lines, PairingTries
from telemed.queue import service as queue
from telemed.signalling import model as calls
from telemed.signalling import service as signalling
from telemed.signalling.model import RefusedEnd, SeenBy
from telemed.training import service as training
from telemed.training.model import Place
from telemed.upkeep import service as upkeep
from telemed.visit import service as visit
from telemed.web.centre import Centre, CentreDep

log = logger("link")
routes = APIRouter()

PROOF_TIMEOUT_S = 5.0
BEAT_S = 5.0
SILENCE_S = 20.0
MAX_MESSAGE_BYTES = 262_144
REACHES: dict[Reach, Literal["room", "others", "all"]] = {
    Reach.ROOM: "room",
    Reach.OTHERS: "others",
    Reach.ALL: "all",
}


@routes.post("/pair", dependencies=[Depends(Needs(Right.BE_MACHINE))])
def pair(asked: PairRequest, request: Request, centre: CentreDep) -> Paired:
    """Take in an agent's key for its code; kiosks and monitors pair through their agent."""
    with centre.the(PairingTries).one(request.client.host if request.client else ""):
        if asked.kind != MachineKind.AGENT.value:
            raise CodeUnknown
        with centre.db.transaction() as tx:
            return identity.pair(tx, asked, server=centre.server, now=centre.clock.now())


@routes.websocket("/link")
async def serve(
    socket: WebSocket, centre: CentreDep, _actor: Annotated[Actor, Depends(Needs(Right.BE_MACHINE))]
) -> None:
    """One agent's connection, from its challenge to its end."""
    await socket.accept()
    try:
        machine = await _machine(socket, centre)
        session = _Session(socket, centre, machine)
        await session.run()
    except* (ValidationError, ValueError):
        await _close(socket, CLOSE_BROKEN_CONTRACT)
    except* Refusal:
        await _close(socket, CLOSE_NOT_ALLOWED)
    except* (WebSocketDisconnect, TimeoutError, RuntimeError) as gone:
        log.info("line_closed", reason=type(gone.exceptions[0]).__name__)
        await _close(socket, 1001)


async def _machine(socket: WebSocket, centre: Centre) -> Machine:
    challenge = new_challenge(centre.server)
    await socket.send_text(challenge.model_dump_json())
    try:
        async with asyncio.timeout(PROOF_TIMEOUT_S):
            proof = Proof.model_validate_json(await _text(socket))
    except TimeoutError:
        raise NotAllowed from None
    return await run_in_threadpool(_recognised, centre, proof, challenge)


def _recognised(centre: Centre, proof: Proof, challenge: Challenge) -> Machine:
    with centre.db.reading() as tx:
        machine = identity.recognise(tx, proof, challenge)
    if machine.kind != MachineKind.AGENT.value:
        raise NotAllowed
    return machine


async def _text(socket: WebSocket) -> str:
    """
    Raises:
        ValueError: it is binary, or too long.
        WebSocketDisconnect: the agent has gone.
    """
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text: str | None = message.get("text")
    if text is None or len(text) > MAX_MESSAGE_BYTES:
        raise ValueError("not a message of ours")
    return text


async def _close(socket: WebSocket, code: int) -> None:
    try:
        await socket.close(code)
    except (WebSocketDisconnect, RuntimeError):  # the other end was faster
        log.debug("line_gone")


@dataclass
class _Session:
    """One connection of a known machine. What was sent on it is remembered, so that each thing goes once."""

    socket: WebSocket
    centre: Centre
    machine: Machine
    sent_roster: SignedRoster | None = None
    sent_plan: DayPlan | None = None
    sent_facts: set[str] = field(default_factory=set)
    sent_help: tuple[HelpIs, ...] = ()
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        lines = self.centre.the(Lines)
        line = Line(self.machine.id, self.machine.room_id, asyncio.get_running_loop())
        lines.opened(line)
        log.info("line_opened", machine_id=self.machine.id, room_id=self.machine.room_id)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(lines))
                tasks.create_task(self._speak(line))
        finally:
            lines.closed(line)

    async def _speak(self, line: Line) -> None:
        while True:
            line.woken.clear()
            day, signed, calls = await run_in_threadpool(self._news)
            if signed is not None and signed != self.sent_roster:
                self.sent_roster = signed
                await self._send(RosterDown(signed=signed))
            if self._differs(day.plan):
                self.sent_plan = day.plan
                await self._send(PlanDown(plan=day.plan))
            fresh = tuple(fact for fact in day.facts if fact.fact_id not in self.sent_facts)
            if fresh:
                self.sent_facts.update(fact.fact_id for fact in fresh)
                await self._send(FactsDown(facts=fresh))
            if calls != self.sent_help:
                self.sent_help = calls
                await self._send(HelpDown(calls=calls))
            try:
                async with asyncio.timeout(BEAT_S):
                    await line.woken.wait()
            except TimeoutError:
                await self._send(Beat())

    def _news(self) -> tuple[queue.Day, SignedRoster | None, tuple[HelpIs, ...]]:
        """
        Raises:
            NotAllowed: the machine was revoked meanwhile.
        """
        centre = self.centre
        with centre.db.reading() as tx:
            machines = identity.machines_of(tx, self.machine.room_id)
            if all(machine.revoked for machine in machines if machine.id == self.machine.id):
                raise NotAllowed
            day = queue.day(tx, self.machine.room_id, now=centre.clock.now(), clock=centre.clock)
            signed = roster.signed_roster(tx)
            calls = tuple(_told(each) for each in helping.going_on(tx, self.machine.room_id))
        code = identity.room_code(centre.secrets, self.machine.room_id, day.plan.day)
        return replace(day, plan=day.plan.model_copy(update={"assistant_code": code})), signed, calls

    def _differs(self, plan: DayPlan) -> bool:
        known = self.sent_plan
        return known is None or plan.model_copy(update={"seq": known.seq, "as_of": known.as_of}) != known

    async def _listen(self, lines: Lines) -> None:
        while True:
            async with asyncio.timeout(SILENCE_S):
                message = from_room.validate_json(await _text(self.socket))
            lines.beat(self.machine.room_id, self.centre.clock.now())
            await self._heed(message, lines)

    async def _heed(self, message: FromRoom, lines: Lines) -> None:
        match message:
            case FactsUp(facts=facts):
                self.sent_facts.update(fact.fact_id for fact in facts)
                taken = await run_in_threadpool(self._take_in, message)
                await self._send(FactsTaken(fact_ids=taken))
            case ChecksUp(report=report):
                if report.room_id == self.machine.room_id:
                    lines.checked(report)
            case BlockedUp():
                await run_in_threadpool(self._block, message)
            case RefusedUp():
                await run_in_threadpool(self._refused, message)
                await self._send(FactsTaken(fact_ids=(message.refused_id,)))
            case HelpUp():
                await run_in_threadpool(self._help, message)
                await self._send(FactsTaken(fact_ids=(message.said_id,)))
            case PractisedUp():
                await run_in_threadpool(self._practised)
            case PairAsked():
                await self._send(await run_in_threadpool(self._pair, message))
            case Beat():
                pass

    def _take_in(self, message: FactsUp) -> tuple[str, ...]:
        with self.centre.db.transaction() as tx:
            return visit.take_in(tx, self.machine.room_id, message.facts, now=self.centre.clock.now())

    def _refused(self, told: RefusedUp) -> None:
        role, reason = calls.role_of(told.role), calls.reason_of(told.reason)
        end = RefusedEnd(told.refused_id, told.visit_id, told.at, SeenBy(told.seen_by), role, reason)
        room = Actor(Role.MACHINE, self.machine.id, self.machine.room_id)
        with self.centre.db.transaction() as tx:
            new = signalling.take_in(tx, end, room=room, now=self.centre.clock.now())
        if new:
            log.warning(
                "end_refused", visit_id=end.visit_id, seen_by=told.seen_by, role=role.value, reason=reason.value
            )

    def _help(self, said: HelpUp) -> None:
        told = HelpCall(
            id=said.help_id,
            room_id=self.machine.room_id,
            visit_id=said.visit_id,
            what=Asked(said.what),
            through=Through(said.through),
            asked_at=said.at,
            state=HelpState(said.state),
        )
        with self.centre.db.transaction() as tx:
            helping.take_in(tx, told, now=self.centre.clock.now())

    def _practised(self) -> None:
        with self.centre.db.transaction() as tx:
            training.count(tx, Place.ROOM, now=self.centre.clock.now())

    def _block(self, message: BlockedUp) -> None:
        with self.centre.db.transaction() as tx:
            upkeep.take_in(tx, self.machine.room_id, message.devices, now=self.centre.clock.now())

    def _pair(self, asked: PairAsked) -> PairAnswer:
        centre, room_id = self.centre, self.machine.room_id
        if asked.request.kind == MachineKind.AGENT.value:
            return PairAnswer(request_id=asked.request_id, paired=None)
        try:
            with centre.the(PairingTries).one(room_id), centre.db.transaction() as tx:
                paired = identity.pair(tx, asked.request, server=centre.server, now=centre.clock.now(), room_id=room_id)
        except CodeUnknown:
            return PairAnswer(request_id=asked.request_id, paired=None)
        return PairAnswer(request_id=asked.request_id, paired=paired)

    async def _send(self, message: BaseModel) -> None:
        async with self._sending:
            await self.socket.send_text(message.model_dump_json())


def _told(call: HelpCall) -> HelpIs:
    coming = call.state is HelpState.COMING
    return HelpIs(help_id=call.id, state="coming" if coming else "asked", reach=REACHES[call.reach])
