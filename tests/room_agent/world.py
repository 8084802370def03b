"""A small real centre for the agent's tests: HTTP, WebSockets and a hub, speaking the contract, in this very loop."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI, WebSocket
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.websockets import WebSocketDisconnect

from room_agent.day import civil_day
from schemas.channels import (
    CLOSE_NOT_ALLOWED,
    Beat,
    ChecksUp,
    FactsDown,
    FactsTaken,
    FactsUp,
    FromRoom,
    HelpUp,
    PairAnswer,
    PairAsked,
    PlanDown,
    RefusedUp,
    RosterDown,
    from_room,
)
from schemas.day import DayPlan, Fact, FactKind, MachineKey, MachineKind, PlannedVisit, Ticket
from schemas.signalling import HubBeat, Relay, Role, Signal, to_hub
from schemas.trust import RosterKey, SignedRoster
from schemas.visit import Challenge, Paired, PairRequest, Proof
from telemed.kit.ids import new_id
from telemed.kit.machine import new_challenge, proves
from telemed.signalling.hub import Entrant, Hub, Seat
from tests.rosters import doctor_key, machine_key, signed

ROOM = "room-1"
SERVER = "centre.test"
CODE = "ABCD2345"
KIOSK_CODE = "KKKK2345"
MONITOR_CODE = "MMMM2345"

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


async def until(true: Callable[[], object], *, within_s: float = 10.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.01)


def offset_to_noon() -> timedelta:
    """What makes it noon in the room now: a test that moves the clock must not meet midnight."""
    now = datetime.now(UTC)
    return now.replace(hour=11, minute=0, second=0, microsecond=0) - now


def ticket(picture: str = "fish", letter: str = "K", digits: str = "47") -> Ticket:
    return Ticket(picture=picture, letter=letter, digits=digits)


def visit(visit_id: str = "visit-1", *, start: datetime | None = None, code: Ticket | None = None) -> PlannedVisit:
    begins = start or datetime.now(UTC)
    return PlannedVisit(
        visit_id=visit_id,
        ticket=code or ticket(),
        start=begins,
        end=begins + timedelta(minutes=20),
        doctor_id="doctor-1",
        doctor_name="Dr. Ada Weiß",
        devices=("blood-pressure",),
    )


def plan(*visits: PlannedVisit, seq: int = 1, machines: tuple[MachineKey, ...] = (), **rest: object) -> DayPlan:
    now = datetime.now(UTC)
    there = now + timedelta(seconds=float(str(rest.get("clock_offset_s", 0.0))))
    values = {
        "room_id": ROOM,
        "room_name": "Raum 1",
        "day": civil_day(there),
        "as_of": now,
        "help_phone": "03641 12345",
    }
    return DayPlan.model_validate({**values, "seq": seq, "visits": visits, "machines": machines, **rest})


def fact(kind: FactKind, visit_id: str = "visit-1", *, at: datetime | None = None) -> Fact:
    return Fact(fact_id=new_id(), visit_id=visit_id, kind=kind, at=at or datetime.now(UTC), by="doctor")


async def _tell(socket: WebSocket, seat: Seat) -> None:
    while not isinstance(message := await seat.outbox.next(), int):
        await socket.send_text(message.model_dump_json())
    await socket.close(message)


async def _beat(hub: Hub, seat: Seat) -> None:
    while True:
        await asyncio.sleep(hub.beat_s)
        seat.outbox.put(HubBeat())


@dataclass
class SmallCentre:
    """Remembers what the room said. *takes*: whether facts are acknowledged. *codes*: what may be paired.

    While it is *away* every connection is cut at once. *expected*: codes of slips; *arrived*: what was said of such.
    """

    takes: bool = True
    away: bool = False
    codes: set[str] = field(default_factory=lambda: {CODE, KIOSK_CODE, MONITOR_CODE})
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    doctors: list[RosterKey] = field(default_factory=list)
    roster_seq: int = 0
    heard: list[FromRoom] = field(default_factory=list)
    plan: DayPlan | None = None
    facts: list[Fact] = field(default_factory=list)
    hub: Hub = field(default_factory=Hub)
    relays: tuple[Relay, ...] = ()
    signallers: list[WebSocket] = field(default_factory=list)
    links: list[WebSocket] = field(default_factory=list)
    link_codes: list[int] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)
    arrived: list[Mapping[str, str]] = field(default_factory=list)

    def arrive(self, said: dict[str, str]) -> Response:
        """Somebody's slip at the kiosk; *expected* are those of today."""
        self.arrived.append(said)
        return Response(status_code=204 if said["code"] in self.expected else 404)

    def pair(self, request: PairRequest) -> Paired | None:
        if request.code not in self.codes:
            return None
        self.codes.discard(request.code)
        machine_id = f"{request.kind}-{len(self.keys) + 1}"
        self.keys[machine_id] = (request.kind, request.public_key)
        return Paired(machine_id=machine_id, room_id=ROOM, server=SERVER)

    def machines(self) -> tuple[MachineKey, ...]:
        return tuple(
            MachineKey(machine_id=each, kind=MachineKind(kind), public_key=key)
            for each, (kind, key) in self.keys.items()
        )

    @property
    def helps(self) -> list[HelpUp]:
        return [each for each in self.heard if isinstance(each, HelpUp)]

    @property
    def refused(self) -> list[RefusedUp]:
        return [each for each in self.heard if isinstance(each, RefusedUp)]

    def all_facts_up(self) -> list[Fact]:
        return [each for message in self.heard if isinstance(message, FactsUp) for each in message.facts]

    async def down(self, message: BaseModel | str) -> None:
        """Tell every room that is connected."""
        text = message if isinstance(message, str) else message.model_dump_json()
        for socket in list(self.links):
            await socket.send_text(text)

    async def send_plan(self, *visits: PlannedVisit, seq: int, **rest: object) -> None:
        """A new plan with all machines that are paired."""
        rest.setdefault("machines", self.machines())
        self.plan = plan(*visits, seq=seq, **rest)  # type: ignore[arg-type]
        await self.down(PlanDown(plan=self.plan))

    async def tell(self, *facts: Fact) -> None:
        self.facts.extend(facts)
        await self.down(FactsDown(facts=facts))

    def roster(self) -> SignedRoster:
        """All machines and doctors of this centre, signed by the operator of the tests."""
        machines = (
            machine_key(key, Role(kind), subject=each)
            for each, (kind, key) in self.keys.items()
            if kind != MachineKind.MONITOR.value
        )
        return signed((*machines, *self.doctors), seq=max(1, self.roster_seq))

    async def send_roster(self, roster: SignedRoster | None = None) -> None:
        """A newer roster, or a given one, to every room that is connected."""
        self.roster_seq += roster is None
        await self.down(RosterDown(signed=roster or self.roster()))

    async def enrol(self, public_key: str, *, subject: str = "doctor-1", name: str = "Dr. Ada Weiß") -> None:
        """A doctor's browser, signed into the roster at once."""
        if public_key not in [each.key for each in self.doctors]:
            self.doctors.append(doctor_key(public_key, subject=subject, name=name))
            await self.send_roster()

    async def prove(self, socket: WebSocket) -> str | None:
        await socket.accept()
        challenge: Challenge = new_challenge(SERVER)
        await socket.send_text(challenge.model_dump_json())
        proof = Proof.model_validate_json(await socket.receive_text())
        _, key = self.keys.get(proof.machine_id, ("", ""))
        if not proves(proof, challenge, key):
            await socket.close(CLOSE_NOT_ALLOWED)
            return None
        return proof.machine_id

    async def link(self, socket: WebSocket) -> None:
        if self.away or await self.prove(socket) is None:
            return
        self.links.append(socket)
        try:
            await self.send_roster()
            if self.plan:
                await socket.send_text(PlanDown(plan=self.plan).model_dump_json())
            await socket.send_text(FactsDown(facts=tuple(self.facts)).model_dump_json())
            while True:
                await self.take(socket, from_room.validate_json(await socket.receive_text()))
        except WebSocketDisconnect as closed:
            self.link_codes.append(closed.code)
        finally:
            self.links.remove(socket)

    async def take(self, socket: WebSocket, message: FromRoom) -> None:
        self.heard.append(message)
        match message:
            case FactsUp(facts=facts) if self.takes:
                self.facts.extend(facts)
                taken = FactsTaken(fact_ids=tuple(each.fact_id for each in facts))
                await socket.send_text(taken.model_dump_json())
            case HelpUp(said_id=said_id) if self.takes:
                await socket.send_text(FactsTaken(fact_ids=(said_id,)).model_dump_json())
            case RefusedUp(refused_id=refused_id) if self.takes:
                await socket.send_text(FactsTaken(fact_ids=(refused_id,)).model_dump_json())
            case Beat():
                await socket.send_text(message.model_dump_json())
            case PairAsked(request_id=request_id, request=request):
                answer = PairAnswer(request_id=request_id, paired=self.pair(request))
                await socket.send_text(answer.model_dump_json())
                await self.send_roster()

    async def signalling(self, socket: WebSocket, visit_id: str, role: str, peer: str = "") -> None:
        """A doctor needs no proof here."""
        if self.away:
            return
        if role == "doctor":
            await socket.accept()
        elif await self.prove(socket) is None:
            return
        entrant = Entrant(Role(role), role if role == "doctor" else "agent", role)
        seat = self.hub.join(visit_id, entrant, peer_id=peer, relays=self.relays)

        tasks = [asyncio.create_task(work) for work in (_tell(socket, seat), _beat(self.hub, seat))]
        self.signallers.append(socket)
        try:
            while True:
                message = to_hub.validate_json(await socket.receive_text())
                if isinstance(message, Signal):
                    self.hub.carry(seat, message)
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            for task in tasks:
                task.cancel()
            self.signallers.remove(socket)
            self.hub.leave(seat)

    def reports(self) -> list[ChecksUp]:
        return [message for message in self.heard if isinstance(message, ChecksUp)]

    def app(self) -> FastAPI:
        app = FastAPI()

        async def pair(request: PairRequest) -> JSONResponse:
            paired = self.pair(request)
            return JSONResponse(paired.model_dump() if paired else {}, status_code=200 if paired else 403)

        async def link(socket: WebSocket) -> None:
            await self.link(socket)

        async def signalling(socket: WebSocket, visit_id: str, role: str = "agent", peer: str = "") -> None:
            await self.signalling(socket, visit_id, role, peer)

        def roster() -> SignedRoster:
            return self.roster()

        async def enrol(public_key: str, subject: str = "doctor-1", name: str = "Dr. Ada Weiß") -> None:
            await self.enrol(public_key, subject=subject, name=name)

        app.post("/api/arrivals", response_model=None)(self.arrive)
        app.get("/roster")(roster)
        app.post("/enrol")(enrol)
        app.post("/pair")(pair)
        app.websocket("/link")(link)
        app.websocket("/signalling/{visit_id}")(signalling)
        return app
