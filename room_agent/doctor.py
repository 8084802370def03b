"""`room-agent doctor`: one line for each check and each device, for a person at the room PC.

The running agent is asked over HTTP on this machine; there is no measured value and no person in the answer.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends
from starlette.requests import HTTPConnection

from room_agent.devices.driver import Driver
from room_agent.naming import Names, described
from schemas.base import Id, Message
from schemas.checks import CheckReport, CheckResult, Severity
from schemas.day import MachineKind
from schemas.measurement import MeasurementKind
from schemas.trust import Key
from telemed.kit.i18n import Words
from telemed.kit.refusal import NotFound
from telemed.kit.trust import key_pictures
from telemed.web import tickets

LOOPBACK = ("127.0.0.1", "::1")
_FORWARDED = ("forwarded", "x-forwarded-for")
_COUNTED = ("quarantined", "held today")
"""What `Driver.diagnostics` tells as ``reason=count``."""

routes = APIRouter()


class DeviceCondition(Message):
    """What a driver tells of itself (`Driver.diagnostics`). *name*: what people call it, with colour and place."""

    device_id: Id
    kind: MeasurementKind
    simulated: bool
    diagnostics: dict[str, str]
    name: str = ""


class RoomKey(Message):
    """A machine of this room that is in calls; the operator compares its pictures before he signs."""

    kind: MachineKind
    public_key: Key


class Condition(Message):
    """*report*: None as long as this machine belongs to no room."""

    report: CheckReport | None
    devices: tuple[DeviceCondition, ...]
    keys: tuple[RoomKey, ...] = ()


class Reporting(Protocol):
    async def report(self) -> CheckReport | None: ...


class Equipped(Protocol):
    @property
    def drivers(self) -> Mapping[MeasurementKind, Driver]: ...


class Naming(Protocol):
    @property
    def names(self) -> Names: ...


class DoctorAgent(Protocol):
    """What this edge needs of the agent."""

    @property
    def checks(self) -> Reporting: ...

    @property
    def devices(self) -> Equipped: ...

    @property
    def room(self) -> Naming: ...

    @property
    def keys(self) -> tuple[RoomKey, ...]: ...


def agent_of(connection: HTTPConnection) -> DoctorAgent:
    agent: DoctorAgent = connection.app.state.agent
    return agent


async def on_this_machine(connection: HTTPConnection) -> None:
    """What the route declares: only who sits at this machine, by its own address and not through a proxy.

    Raises:
        NotFound: somebody else, or a page that made a foreign name point here.
    """
    server = connection.scope.get("server") or ("", 0)
    own = {*LOOPBACK, str(server[0])}
    client = connection.client.host if connection.client else ""
    forwarded = any(name in connection.headers for name in _FORWARDED)
    if client not in own or connection.url.hostname not in own or forwarded:
        raise NotFound


@routes.get("/doctor", dependencies=[Depends(on_this_machine)])
async def condition(agent: Annotated[DoctorAgent, Depends(agent_of)]) -> Condition:
    drivers, names = agent.devices.drivers.values(), agent.room.names
    devices = [
        DeviceCondition(
            device_id=driver.device_id,
            kind=driver.kind,
            simulated=driver.simulated,
            diagnostics=dict(driver.diagnostics()),
            name=described(names.of_device(driver.kind, driver.device_id)),
        )
        for driver in drivers
    ]
    return Condition(report=await agent.checks.report(), devices=tuple(devices), keys=agent.keys)


def is_fit(found: Condition) -> bool:
    """Nothing blocks a visit."""
    return found.report is not None and all(each.severity is not Severity.BLOCK for each in found.report.results)


def lines(found: Condition, words: Words) -> Iterator[str]:
    """What is printed: the worst first, then each device, then the pictures of the keys."""
    if found.report is None:
        yield words.text("doctor.no-room")
    else:
        order = list(reversed(Severity))
        for result in sorted(found.report.results, key=lambda each: order.index(each.severity)):
            yield _check(result, words)
    for device in found.devices:
        yield _device(device, words)
    for key in found.keys:
        pictures = ", ".join(tickets.picture_name(each, words) for each in key_pictures(key.public_key))
        yield f"{words.text('doctor.key'):<8} {words.text(f'roster.role.{key.kind.value}')}: {pictures}"


def _check(result: CheckResult, words: Words) -> str:
    mark = words.text(f"doctor.mark.{result.severity.value}" if result.checked else "doctor.unchecked")
    name = result.device_name or words.text(f"check.subject.{result.subject}")
    name += f" ({result.device_id})" if result.device_id else ""
    advice = f" → {words.text(result.fix_key)}" if result.fix_key else ""
    return f"{mark:<8} {name}: {words.text(result.text_key)}{advice}"


def _device(device: DeviceCondition, words: Words) -> str:
    name = f"{device.name or words.text(f'check.subject.{device.kind.value}')} ({device.device_id})"
    simulated = [words.text("doctor.simulated")] if device.simulated else []
    told = [f"{_label(key, words)} {_value(key, value, words)}" for key, value in device.diagnostics.items() if value]
    return f"{words.text('doctor.device'):<8} {name}: {', '.join([*simulated, *told])}"


def _value(key: str, value: str, words: Words) -> str:
    if key == "state":
        return _word(f"doctor.state.{value}", value, words)
    if key == "reason":
        return _word(f"doctor.reason.{value}", value, words)
    return " + ".join(_count(each, words) for each in value.split()) if key in _COUNTED else value


def _count(counted: str, words: Words) -> str:
    reason, _, count = counted.partition("=")
    return f"{count} × {_word(f'doctor.reason.{reason}', reason, words)}"


def _word(key: str, otherwise: str, words: Words) -> str:
    return words.text(key) if key in words else otherwise


def _label(key: str, words: Words) -> str:
    """A driver may tell more than there are words for; then its own word stands there."""
    return _word(f"doctor.says.{key.replace(' ', '-')}", key, words)
