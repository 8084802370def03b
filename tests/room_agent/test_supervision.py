"""What hangs, is deaf or crashes takes nothing else down: devices, cameras, parts that do not want to end."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import partial
from pathlib import Path

import pytest

from room_agent import supervise
from room_agent.devices.driver import Arm, DeviceEvent, Driver
from room_agent.devices.guarded import Guarded
from room_agent.instruments import Instruments, none
from room_agent.journal import Journal
from room_agent.media import live
from room_agent.media.camera import CameraConfig, V4l2Camera
from room_agent.media.source import CameraGone
from room_agent.peers import Media
from room_agent.room import Room
from room_agent.settings import Settings
from room_agent.wiring import Agent, Devices, build
from schemas.day import FactKind
from schemas.measurement import MeasurementKind
from schemas.visit import Paired
from telemed.kit.i18n import words
from tests.room_agent.test_visit import HandDriver
from tests.room_agent.world import ROOM, fact, plan, until, visit

pytestmark = pytest.mark.anyio
BP, OX = MeasurementKind.BLOOD_PRESSURE, MeasurementKind.OXIMETER


class Ill(Enum):
    """What can be wrong with a piece of work."""

    HANGS = auto()
    DEAF = auto()
    """It hangs and does not heed its cancellation."""
    CRASHES = auto()


@dataclass
class Ward:
    """Ill work; at the end of a test all of it is let go."""

    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def suffer(self, ill: Ill) -> None:
        match ill:
            case Ill.CRASHES:
                raise RuntimeError("crashed")
            case Ill.HANGS:
                await self.over.wait()
            case Ill.DEAF:
                while not self.over.is_set():
                    try:
                        await self.over.wait()
                    except asyncio.CancelledError:
                        continue


@pytest.fixture
async def ward() -> AsyncIterator[Ward]:
    made = Ward()
    yield made
    made.over.set()
    await until(lambda: not supervise._left)


@dataclass
class IllDriver(HandDriver):
    """A device that is ill in these *verbs*."""

    ward: Ward = field(default_factory=Ward)
    ill: Ill = Ill.HANGS
    verbs: frozenset[str] = frozenset()

    async def _do(self, verb: str) -> None:
        self.did.append(verb)
        if verb.partition(" ")[0] in self.verbs:
            await self.ward.suffer(self.ill)

    async def events(self) -> AsyncIterator[DeviceEvent]:
        await self._do("events")
        async for event in super().events():
            yield event


VERBS = ("open", "drain", "preflight", "start", "stop", "events", "close")


async def call(driver: Driver, verb: str) -> object:
    return await {
        "drain": driver.drain,
        "preflight": driver.preflight,
        "start": lambda: driver.start(Arm("visit-1")),
        "stop": driver.stop,
    }[verb]()


@pytest.mark.parametrize("ill", Ill)
@pytest.mark.parametrize("verb", ["drain", "preflight", "start", "stop"])
async def test_a_driver_that_is_ill_does_not_answer_in_time_whatever_it_does(ward: Ward, verb: str, ill: Ill) -> None:
    guarded = Guarded(IllDriver(BP, ward=ward, ill=ill, verbs=frozenset({verb})), work_s=0.05, look_s=0.05)
    async with asyncio.timeout(2):
        with pytest.raises(TimeoutError):
            await call(guarded, verb)
        for other in {"drain", "preflight", "start", "stop"} - {verb}:
            await call(guarded, other)


async def test_without_the_guard_a_deaf_driver_would_take_its_caller_down(ward: Ward) -> None:
    """The control: `asyncio.timeout` alone waits for whoever does not heed it."""

    async def asked() -> None:
        async with asyncio.timeout(0.05):
            await IllDriver(BP, ward=ward, ill=Ill.DEAF, verbs=frozenset({"drain"})).drain()

    task = asyncio.create_task(asked())
    done, _ = await asyncio.wait({task}, timeout=0.5)
    assert not done
    ward.over.set()
    await asyncio.gather(task, return_exceptions=True)


async def test_who_is_cancelled_while_a_driver_is_deaf_ends_at_once(ward: Ward) -> None:
    guarded = Guarded(IllDriver(BP, ward=ward, ill=Ill.DEAF, verbs=frozenset({"drain"})))
    task = asyncio.create_task(guarded.drain())
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=1)
    assert done


@dataclass
class Running:
    """An agent without a centre: a device that is ill, one that is well, and instruments as a test wants them."""

    agent: Agent
    well: HandDriver

    async def call(self, visit_id: str) -> None:
        self.agent.room.hear([fact(FactKind.ARRIVED, visit_id), fact(FactKind.CALLED, visit_id)])
        await until(lambda: self.agent.meeting is not None and self.agent.meeting.visit.visit_id == visit_id)

    async def farewell(self, visit_id: str) -> None:
        self.agent.room.hear([fact(FactKind.ENDED, visit_id), fact(FactKind.CLEANED, visit_id)])
        await until(lambda: self.agent.meeting is None)


@asynccontextmanager
async def agent_with(folder: Path, ill: Driver, has: Instruments | None = None) -> AsyncIterator[Running]:
    well = HandDriver(OX, "device-2")
    journal = Journal(folder / "journal.sqlite")
    journal.keep_pairing(Paired(machine_id="agent-1", room_id=ROOM, server="centre.test"))
    room = Room(journal, simulated=True)
    room.take_plan(plan(visit(), visit("visit-2")))
    settings = Settings(centre_url="http://127.0.0.1:9", state_dir=folder)
    made = build(settings, room, Devices({BP: ill, OX: well}), has or none(words()))
    task = asyncio.create_task(made.run())
    try:
        yield Running(made, well)
    finally:
        await supervise.end(task)
        journal.close()


@pytest.mark.parametrize("ill", Ill)
async def test_a_device_that_is_ill_in_everything_leaves_visits_and_the_other_device_alone(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ill: Ill
) -> None:
    monkeypatch.setattr("room_agent.supervise.END_S", 0.1)
    driver = IllDriver(BP, ward=ward, ill=ill, verbs=frozenset(VERBS))
    async with agent_with(tmp_path, driver) as it:
        for visit_id in ("visit-1", "visit-2"):
            it.well.did.clear()
            await it.call(visit_id)
            await until(lambda: "drain" in it.well.did)
            await it.farewell(visit_id)
    assert {"open", "events", "drain"} <= set(driver.did)


@pytest.mark.parametrize("ill", Ill)
@pytest.mark.parametrize("when", ["opening", "closing"])
async def test_a_camera_that_is_ill_leaves_values_and_the_next_visit_alone(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ill: Ill, when: str
) -> None:
    monkeypatch.setattr("room_agent.wiring.OPEN_S", 0.1)
    monkeypatch.setattr("room_agent.supervise.END_S", 0.1)
    well = none(words())

    @asynccontextmanager
    async def for_visit() -> AsyncIterator[Media]:
        if when == "opening":
            await ward.suffer(ill)
        async with well.for_visit() as media:
            yield media
            await ward.suffer(ill)

    async with agent_with(tmp_path, HandDriver(BP), replace(well, for_visit=for_visit)) as it:
        for visit_id in ("visit-1", "visit-2"):
            it.well.did.clear()
            await it.call(visit_id)
            await until(lambda: "drain" in it.well.did)
            await it.farewell(visit_id)


async def test_a_camera_whose_thread_hangs_is_gone_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread stands in a call of the system that does not return: a pipe into which nobody writes."""
    monkeypatch.setattr("room_agent.media.camera._PATIENCE_S", 0.3)
    pipe = tmp_path / "camera"
    os.mkfifo(pipe)
    camera = V4l2Camera(CameraConfig("room", str(pipe)), container="mpegts")
    opened = partial(live.for_visit, (camera,), None, word=words().text, simulated=False)
    has = replace(none(words()), cameras=(camera,), for_visit=opened)
    try:
        async with agent_with(tmp_path, HandDriver(BP), has) as it:
            for visit_id in ("visit-1", "visit-2"):
                it.well.did.clear()
                await it.call(visit_id)
                with pytest.raises(CameraGone):
                    await camera.frame()
                assert any(str(pipe) in thread.name for thread in threading.enumerate())
                await until(lambda: "drain" in it.well.did)
                await it.farewell(visit_id)
    finally:
        os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))  # lets the threads go
        await until(lambda: not any(str(pipe) in thread.name for thread in threading.enumerate()))


async def test_the_end_of_something_that_does_not_end_is_not_waited_for(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("room_agent.supervise.END_S", 0.05)

    @asynccontextmanager
    async def radio() -> AsyncIterator[str]:
        yield "radio"
        await ward.suffer(Ill.DEAF)

    async with asyncio.timeout(2), supervise.left_in_time("radio", radio()) as entered:
        assert entered == "radio"


async def test_what_crashes_is_done_again_and_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("room_agent.supervise.FIRST_PAUSE_S", 0.01)
    crashes, beats = [0], [0]

    async def crash() -> None:
        crashes[0] += 1
        raise RuntimeError

    async def beat() -> None:
        while True:
            beats[0] += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(supervise.keep_running("part", work)) for work in (crash, beat)]
        await until(lambda: crashes[0] >= 3)
        before = beats[0]
        await until(lambda: beats[0] > before)
        for task in running:
            task.cancel()
