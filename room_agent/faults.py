"""A page to provoke by hand each fault that a simulated device can have. With real devices there is no such page."""

from collections.abc import Sequence
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.requests import HTTPConnection

from room_agent.devices.simulated.room import SimulatedRoom
from room_agent.devices.simulated.scenario import Fault
from room_agent.media.simulated import CameraFault, SimulatedCamera
from room_agent.media.simulated_stethoscope import SimulatedStethoscope, SoundFault
from room_agent.room import Room
from schemas.measurement import MeasurementKind
from telemed.kit.logs import logger
from telemed.kit.refusal import NotFound
from telemed.web.pages import Pages

log = logger("faults")

NONE = "none"

routes = APIRouter()


class Faulty(Protocol):
    """A simulated device. *name_key*: its name in the catalogue; *faults*: what can be wrong with it, `NONE` first."""

    @property
    def device(self) -> str: ...

    @property
    def name_key(self) -> str: ...

    @property
    def faults(self) -> Sequence[str]: ...

    @property
    def fault(self) -> str: ...

    async def set_fault(self, fault: str) -> None: ...


class FaultyDevice:
    """A simulated Bluetooth device."""

    def __init__(self, room: SimulatedRoom, kind: MeasurementKind) -> None:
        self._room = room
        self._kind = kind
        self.device = kind.value
        self.name_key = f"room.device.{kind.value}"
        self.faults = room.peripheral(kind).faults

    @property
    def fault(self) -> str:
        return self._room.peripheral(self._kind).fault

    async def set_fault(self, fault: str) -> None:
        await self._room.set_fault(self._kind, Fault(fault))


class FaultyCamera:
    """A painted camera."""

    def __init__(self, camera: SimulatedCamera) -> None:
        self._camera = camera
        self.device = f"camera-{camera.camera}"
        self.name_key = camera.name_key
        self.faults = (NONE, *CameraFault)

    @property
    def fault(self) -> str:
        return self._camera.fault or NONE

    async def set_fault(self, fault: str) -> None:
        self._camera.set_fault(None if fault == NONE else CameraFault(fault))


class FaultyStethoscope:
    """Synthesised heart sounds."""

    device = "stethoscope"
    name_key = "faults.stethoscope"
    faults = (NONE, *SoundFault)

    def __init__(self, stethoscope: SimulatedStethoscope) -> None:
        self._stethoscope = stethoscope

    @property
    def fault(self) -> str:
        return self._stethoscope.fault or NONE

    async def set_fault(self, fault: str) -> None:
        self._stethoscope.set_fault(None if fault == NONE else SoundFault(fault))


class FaultsAgent(Protocol):
    """What this edge needs of the agent."""

    room: Room
    pages: Pages
    faulty: Sequence[Faulty]


def agent_of(connection: HTTPConnection) -> FaultsAgent:
    agent: FaultsAgent = connection.app.state.agent
    return agent


AgentDep = Annotated[FaultsAgent, Depends(agent_of)]


async def simulated_only(agent: AgentDep) -> None:
    """
    Raises:
        NotFound: the devices are real, and nobody breaks them from a page.
    """
    if not agent.room.simulated:
        raise NotFound


@routes.get("/faults", dependencies=[Depends(simulated_only)])
async def page(request: Request, agent: AgentDep) -> HTMLResponse:
    """Every simulated device and what is wrong with it."""
    return agent.pages.render(request, "faults.html", devices=agent.faulty)


@routes.post("/faults", dependencies=[Depends(simulated_only)])
async def mend_all(agent: AgentDep) -> RedirectResponse:
    """Everything is well again."""
    for each in agent.faulty:
        if each.fault != NONE:
            await each.set_fault(NONE)
    return RedirectResponse("/faults", status_code=303)


@routes.post("/faults/{device}", dependencies=[Depends(simulated_only)])
async def provoke(device: str, agent: AgentDep, fault: Annotated[str, Form()]) -> RedirectResponse:
    """From now on *device* behaves like this.

    Raises:
        NotFound: there is no such device, or it cannot have this fault.
    """
    found = next((each for each in agent.faulty if each.device == device and fault in each.faults), None)
    if found is None:
        raise NotFound
    await found.set_fault(fault)
    log.info("fault", device=device, fault=fault)
    return RedirectResponse("/faults", status_code=303)
