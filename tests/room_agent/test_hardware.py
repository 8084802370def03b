"""A room that is not simulated, from its file alone: the whole agent on a mock of BlueZ, and a stethoscope's sound."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from dbus_fast import Variant

from room_agent.devices.bluez.adapter import BluezAdapter
from room_agent.devices.driver import DeviceState, Driver, Reason
from room_agent.media.ear import CapturedEar
from room_agent.settings import Settings
from room_agent.wiring import Agent, running
from schemas.measurement import MeasurementKind
from tests.room_agent.devices.bluez_mock import Mock, private_bus, speak

ADDRESS = "AA:BB:CC:00:00:02"
FILE = f"""version = 1
[[device]]
id = "cuff-1"
kind = "blood-pressure"
address = "{ADDRESS}"
serial = "CUFF-77"
[[device]]
id = "ear-1"
kind = "otoscope"
path = "/dev/v4l/by-id/usb-not-there"
[[device]]
id = "chest-1"
kind = "stethoscope"
alsa = "hw:CARD=NotThere,DEV=0"
"""
MEASUREMENT = "00002a35-0000-1000-8000-00805f9b34fb=indicate="
SERIAL = f"00002a25-0000-1000-8000-00805f9b34fb=read={b'CUFF-77'.hex()}"


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Path]:
    with private_bus(tmp_path) as log, pytest.MonkeyPatch.context() as environment:
        environment.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
        yield log


async def until(driver: Driver, state: DeviceState, reason: Reason = Reason.NONE) -> None:
    async with asyncio.timeout(20):
        while (driver.state, driver.reason) != (state, reason):
            await asyncio.sleep(0.02)  # the pause between two looks: the agent itself reads the events


def settings(folder: Path) -> Settings:
    file = folder / "devices.toml"
    file.write_text(FILE)
    return Settings(centre_url="http://127.0.0.1:1", state_dir=folder, devices=file)


def test_a_cuff_in_the_file_is_connected_by_the_agent_and_let_go_at_its_end(bus: Path, tmp_path: Path) -> None:
    async def story() -> None:
        mock = await Mock.connect(bus)
        await mock.do("AddRadio", "s", "hci0")
        cuff = await mock.do("AddCuff", "sssasb", "hci0", ADDRESS, "just-works", [MEASUREMENT, SERIAL], False)
        await mock.call(cuff, "org.bluez.Device1.Connect")
        speaking = asyncio.create_task(speak(mock, cuff))
        async with running(settings(tmp_path)) as agent:
            driver = agent.devices.drivers[MeasurementKind.BLOOD_PRESSURE]
            await until(driver, DeviceState.READY)
            assert (driver.device_id, driver.simulated, driver.identity.serial) == ("cuff-1", False, "CUFF-77")
            assert await mock.is_so(cuff, "Connected")
            assert_rest_is_there(agent)
        assert not await mock.is_so(cuff, "Connected")
        speaking.cancel()
        mock.bus.disconnect()

    asyncio.run(story())


def assert_rest_is_there(agent: Agent) -> None:
    """Camera and stethoscope are known, although neither is plugged in."""
    assert [camera.camera for camera in agent.instruments.cameras] == ["otoscope"]
    assert agent.instruments.ear is not None


def test_an_agent_without_bluetooth_runs_and_says_what_is_missing(tmp_path: Path) -> None:
    async def story() -> None:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
            async with running(settings(tmp_path)) as agent:
                driver = agent.devices.drivers[MeasurementKind.BLOOD_PRESSURE]
                await until(driver, DeviceState.ERROR, Reason.NO_RADIO)
                (check,) = await driver.preflight()
                assert check.code == "no-radio"

    asyncio.run(story())


def test_without_a_file_there_are_no_devices_and_the_agent_runs(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(Settings(centre_url="http://127.0.0.1:1", state_dir=tmp_path)) as agent:
            assert agent.devices.drivers == {}
            assert (agent.instruments.cameras, agent.instruments.ear) == ((), None)

    asyncio.run(story())


def test_a_bond_is_looked_for_on_the_right_adapter(bus: Path) -> None:
    async def story() -> None:
        mock = await Mock.connect(bus)
        for name in ("hci0", "hci1"):
            await mock.do("AddRadio", "s", name)
        cuff = await mock.do("AddCuff", "sssasb", "hci1", ADDRESS, "just-works", [MEASUREMENT], False)
        await mock.do("Change", "ssv", cuff, "Bonded", Variant("b", True))
        first, second = BluezAdapter(), BluezAdapter("hci1")
        assert [await first.bonded(ADDRESS), await second.bonded(ADDRESS)] == [False, True]
        first.close()
        second.close()
        mock.bus.disconnect()

    asyncio.run(story())


def test_the_ear_hears_the_seconds_that_it_is_asked_for_and_says_when_there_is_no_stethoscope() -> None:
    async def story() -> None:
        heard = await CapturedEar("sine=frequency=440:sample_rate=48000", container="lavfi")(0.5)
        assert heard is not None
        samples, rate_hz = heard
        assert (samples.size, rate_hz) == (24_000, 48_000)
        loudest = int(np.abs(np.fft.rfft(samples)).argmax() * rate_hz / samples.size)
        assert abs(loudest - 440) <= 2
        assert await CapturedEar("/no/such", container="wav")(0.1) is None

    asyncio.run(story())
