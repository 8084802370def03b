"""The page that provokes faults: every simulated device, at once, and only where all is simulated."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from room_agent.app import create_app
from room_agent.devices.driver import DeviceState
from room_agent.devices.simulated.scenario import Fault
from room_agent.settings import Settings
from room_agent.wiring import Agent, running
from schemas.measurement import MeasurementKind
from tests.room_agent.world import until
from tests.serving import served

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def agent(folder: Path, *, simulated: bool) -> AsyncIterator[tuple[Agent, httpx.AsyncClient]]:
    settings = Settings(centre_url="http://127.0.0.1:9", state_dir=folder, simulated=simulated)
    made: list[Agent] = []

    @asynccontextmanager
    async def kept() -> AsyncIterator[Agent]:
        async with running(settings) as one:
            made.append(one)
            yield one

    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    async with (
        served(create_app(kept)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, headers=headers, timeout=20) as client,
    ):
        yield made[0], client
        # bumble does not like to be left in the middle of a connection
        connecting = (DeviceState.CONNECTING,)
        await until(lambda: all(each.state not in connecting for each in made[0].devices.drivers.values()), within_s=20)


async def test_a_fault_takes_effect_at_once_and_goes_again(tmp_path: Path) -> None:
    async with agent(tmp_path, simulated=True) as (room, client):
        cuff = room.devices.drivers[MeasurementKind.BLOOD_PRESSURE]
        await until(lambda: cuff.state is DeviceState.READY, within_s=20)
        said = await client.post("/faults/blood-pressure", data={"fault": "absent"})
        assert said.headers["location"] == "/faults"
        await until(lambda: cuff.state is not DeviceState.READY)
        shown = (await client.get("/faults")).text
        assert 'value="absent" checked' in shown
        await client.post("/faults")
        assert 'value="absent" checked' not in (await client.get("/faults")).text
        await until(lambda: cuff.state is DeviceState.READY, within_s=20)


async def test_every_simulated_device_stands_there_with_every_fault_it_can_have(tmp_path: Path) -> None:
    async with agent(tmp_path, simulated=True) as (room, client):
        shown = (await client.get("/faults")).text
        kinds = {each.device for each in room.faulty}
        assert {kind.value for kind in room.devices.drivers} <= kinds
        for each in room.faulty:
            assert f'data-device="{each.device}"' in shown
            assert each.faults[0] == "none"
            for fault in each.faults:
                assert f'value="{fault}"' in shown
            last = next(fault for fault in reversed(each.faults) if fault != "absent")
            await each.set_fault(last)
            assert each.fault == last
        for path in ("/faults/kettle", "/faults/blood-pressure"):
            assert (await client.post(path, data={"fault": "sulking"})).status_code == 404
        assert set(Fault) <= {fault for each in room.faulty for fault in each.faults}
        assert "⟦" not in shown


async def test_where_devices_are_real_there_is_no_such_page(tmp_path: Path) -> None:
    async with agent(tmp_path, simulated=False) as (_, client):
        answers = [
            await client.get("/faults"),
            await client.post("/faults"),
            await client.post("/faults/blood-pressure", data={"fault": "absent"}),
        ]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
