"""`room-agent doctor`: who may ask, what it says, and how it ends."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from room_agent import doctor
from room_agent.checks.result import result
from room_agent.devices.config import Label
from room_agent.devices.driver import Driver
from room_agent.devices.simulated.room import SimulatedRoom
from room_agent.doctor import Condition, DeviceCondition, RoomKey
from room_agent.naming import Names
from schemas.checks import UNCHECKED, CheckReport, CheckResult, Severity
from schemas.day import MachineKind
from schemas.measurement import MeasurementKind
from telemed.kit.clock import RealClock
from telemed.kit.i18n import words
from telemed.kit.ids import to_base64
from telemed.roster_commands import pictures
from telemed.web import refusals
from telemed.web.pages import FrameInfo, Pages

OK = CheckResult(
    subject="oximeter", code="ok", severity=Severity.OK, device_id="clip-1", text_key="check.device.ok", fix_key=""
)
GONE = CheckResult(
    subject="blood-pressure",
    code="not-found",
    severity=Severity.BLOCK,
    device_id="cuff-1",
    text_key="check.device.not-found",
    fix_key="check.device.not-found.fix",
)


def report(*results: CheckResult) -> CheckReport:
    return CheckReport(room_id="room-1", at=datetime(2026, 1, 1, tzinfo=UTC), simulated=False, results=results)


@dataclass
class Reports:
    last: CheckReport | None

    async def report(self) -> CheckReport | None:
        return self.last


@dataclass
class Equipment:
    drivers: Mapping[MeasurementKind, Driver] = field(default_factory=dict)


@dataclass
class Named:
    names: Names = field(default_factory=lambda: Names({"blutdruck-1": Label("Manschette", "blau", "Schublade")}, None))


@dataclass
class SmallAgent:
    """As much of the agent as the doctor asks."""

    checks: Reports
    devices: Equipment
    room: Named = field(default_factory=Named)
    keys: tuple[RoomKey, ...] = ()


def app_with(agent: SmallAgent) -> FastAPI:
    app = FastAPI()
    app.include_router(doctor.routes)
    frame = FrameInfo(simulated=False, exercise=False, offset=timedelta, program="room_agent")
    refusals.install(app, Pages(frame=frame))
    app.state.agent = agent
    return app


async def ask(agent: SmallAgent, client: str = "127.0.0.1", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app_with(agent), client=(client, 4000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8200") as http:
        return await http.get("/doctor", headers={name.replace("_", "-"): text for name, text in headers.items()})


def test_the_operator_compares_the_pictures_of_the_rooms_keys_at_the_machine() -> None:
    keys = tuple(
        RoomKey(kind=kind, public_key=to_base64(bytes([n]) * 32))
        for n, kind in enumerate((MachineKind.AGENT, MachineKind.KIOSK), 1)
    )
    answer = asyncio.run(ask(SmallAgent(Reports(None), Equipment(), keys=keys)))
    said = list(doctor.lines(Condition.model_validate_json(answer.content), words()))[-2:]
    assert [line.split(": ") for line in said] == [
        ["Schlüssel Raum-PC", pictures(keys[0].public_key)],
        ["Schlüssel Bildschirm im Raum", pictures(keys[1].public_key)],
    ]


def test_whoever_sits_at_the_machine_is_told() -> None:
    async def story() -> None:
        async with SimulatedRoom(clock=RealClock()) as room:
            drivers = {MeasurementKind(kind): driver for kind, driver in room.drivers.items()}
            answer = await ask(SmallAgent(Reports(report(OK)), Equipment(drivers)))
            found = Condition.model_validate_json(answer.content)
            assert found.report == report(OK)
            assert {each.kind for each in found.devices} == set(drivers)
            named = {each.kind.value: each.name for each in found.devices}
            assert named["blood-pressure"] == "Manschette (blau, Schublade)"
            assert named["oximeter"] == "Puls-Oximeter"
            assert all(each.simulated and each.diagnostics["state"] == "absent" for each in found.devices)

    asyncio.run(story())


@pytest.mark.parametrize(
    "way",
    [
        {"client": "192.168.1.7"},
        {"host": "evil.example:8200"},
        {"x_forwarded_for": "192.168.1.7"},
        {"forwarded": "for=192.168.1.7"},
    ],
)
def test_nobody_else_is_told_anything(way: dict[str, str]) -> None:
    agent = SmallAgent(Reports(report(OK)), Equipment())
    assert asyncio.run(ask(agent)).status_code == 200
    assert asyncio.run(ask(agent, **way)).status_code == 404


def test_the_worst_comes_first_with_what_to_do_and_each_device_has_its_line() -> None:
    device = DeviceCondition(
        device_id="cuff-1",
        kind=MeasurementKind.BLOOD_PRESSURE,
        simulated=False,
        diagnostics={"state": "absent", "signal": "-54 dBm", "battery": "", "new thing": "7"},
    )
    found = Condition(report=report(OK, GONE), devices=(device,))
    first, second, third = doctor.lines(found, words())
    assert first.startswith("FEHLER   Blutdruck-Gerät (cuff-1): ")
    assert " → " in first
    assert second.startswith("gut      Puls-Oximeter (clip-1): ")
    assert "→" not in second
    assert third == "Gerät    Blutdruck-Gerät (cuff-1): Zustand nicht da, Signal -54 dBm, new thing 7"
    called = found.model_copy(
        update={
            "report": report(GONE.model_copy(update={"device_name": "Manschette (blau)"})),
            "devices": (device.model_copy(update={"name": "Manschette (blau)"}),),
        }
    )
    first, second = doctor.lines(called, words())
    assert first.startswith("FEHLER   Manschette (blau) (cuff-1): ")
    assert second.startswith("Gerät    Manschette (blau) (cuff-1): ")
    assert not doctor.is_fit(found)
    assert doctor.is_fit(Condition(report=report(OK), devices=()))


def test_what_could_not_be_checked_is_not_called_good() -> None:
    heat = result("temperature", UNCHECKED)
    (line,) = doctor.lines(Condition(report=report(heat), devices=()), words())
    assert line.startswith("nicht geprüft ")
    assert doctor.is_fit(Condition(report=report(heat), devices=()))


def test_states_and_reasons_are_in_words_and_what_was_kept_back_is_counted() -> None:
    device = DeviceCondition(
        device_id="clip-1",
        kind=MeasurementKind.OXIMETER,
        simulated=True,
        diagnostics={
            "state": "error",
            "reason": "bond-lost",
            "quarantined": "no-request=50 stored=2",
            "held today": "no-request=7 new-reason=1",
        },
        name="Clip (weiß)",
    )
    _, line = doctor.lines(Condition(report=None, devices=(device,)), words())
    assert line == (
        "Gerät    Clip (weiß) (clip-1): simuliert, Zustand gestört, Grund Kopplung vergessen, "
        "nicht gezeigt 50 × nicht angefordert + 2 × gespeichert, "
        "heute zurückgehalten 7 × nicht angefordert + 1 × new-reason"
    )


def test_a_machine_without_a_room_says_so_and_is_not_fit() -> None:
    found = Condition(report=None, devices=())
    assert list(doctor.lines(found, words())) == [
        "Dieser Computer gehört noch zu keinem Raum. Darum gibt es keine Prüfung."
    ]
    assert not doctor.is_fit(found)
