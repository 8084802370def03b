"""The commands for whoever sets up a room: one line and an exit code when they cannot."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.programs import ROOT, free_port
from room_agent.__main__ import commands
from room_agent.app import create_app
from room_agent.devices.config import parse
from room_agent.devices.driver import DeviceState
from room_agent.settings import Settings
from room_agent.wiring import Agent, running
from schemas.measurement import MeasurementKind
from tests.room_agent.devices.bluez_mock import Mock, private_bus, speak
from tests.room_agent.world import until
from tests.serving import served

NO_ROOM = "Dieser Computer gehört noch zu keinem Raum. Darum gibt es keine Prüfung."
MEASUREMENT = "00002a35-0000-1000-8000-00805f9b34fb=indicate="
SERIAL = f"00002a25-0000-1000-8000-00805f9b34fb=read={b'CUFF-77'.hex()}"
NO_AGENT = "Hier läuft kein Raum-Programm."


def run(*words: str, typed: str = "", **settings: str) -> Result:
    """``room-agent`` on a computer without a bus, unless *settings* name one. *typed*: what the technician types."""
    environment = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere", **settings}
    return CliRunner().invoke(commands, words, env=environment, input=typed)


def with_a_cuff(folder: Path, pairing: str, *words: str, typed: str = "") -> Result:
    """``room-agent`` beside a cuff that is heard again and again, on the mock of BlueZ."""
    bus = f"unix:path={folder}/bus"

    async def story(log: Path) -> Result:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
            mock = await Mock.connect(log)
        await mock.do("AddRadio", "s", "hci0")
        values = [MEASUREMENT, SERIAL]
        cuff = await mock.do("AddCuff", "sssasb", "hci0", "AA:BB:CC:00:00:02", pairing, values, True)
        speaking = asyncio.create_task(speak(mock, cuff))
        done = await asyncio.to_thread(run, *words, typed=typed, DBUS_SYSTEM_BUS_ADDRESS=bus)
        speaking.cancel()
        mock.bus.disconnect()
        return done

    with private_bus(folder) as log:
        return asyncio.run(story(log))


def test_discovery_finds_a_cuff_and_prints_a_file_that_can_be_read(tmp_path: Path) -> None:
    done = with_a_cuff(tmp_path, "just-works", "discover", "--seconds", "1")
    assert done.exit_code == 0
    (found,) = parse(done.stdout).bluetooth
    assert (found.kind, found.address) == (MeasurementKind.BLOOD_PRESSURE, "AA:BB:CC:00:00:02")


@pytest.mark.parametrize(
    ("pairing", "options", "typed"), [("just-works", (), ""), ("passkey", ("--passkey",), "123456\n")]
)
def test_pairing_prints_the_entry_with_the_serial_number(
    tmp_path: Path, pairing: str, options: tuple[str, ...], typed: str
) -> None:
    words = ("pair", "aa:bb:cc:00:00:02", "--port", str(free_port(0)), *options)
    done = with_a_cuff(tmp_path, pairing, *words, typed=typed)
    assert done.exit_code == 0, done.output
    (found,) = parse("version = 1\n" + done.stdout[done.stdout.index("[[device]]") :]).bluetooth
    assert (found.kind, found.serial) == (MeasurementKind.BLOOD_PRESSURE, "CUFF-77")


def test_wrong_digits_are_said_in_words_and_exit_2(tmp_path: Path) -> None:
    words = ("pair", "AA:BB:CC:00:00:02", "--port", str(free_port(0)), "--passkey")
    done = with_a_cuff(tmp_path, "passkey", *words, typed="654321\n")
    assert (done.exit_code, done.stderr.startswith("Das Koppeln ist gescheitert.")) == (2, True)


def test_the_doctor_without_an_agent_is_one_line_and_exit_2() -> None:
    done = run("doctor", TELEMED_ROOM_PORT=str(free_port(0)))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(NO_AGENT)
    assert len(done.stderr.splitlines()) == 1


def test_the_doctor_tells_of_the_running_agent_and_nothing_is_paired_meanwhile(tmp_path: Path) -> None:
    settings = Settings(centre_url="http://127.0.0.1:1", state_dir=tmp_path, simulated=True)

    async def story() -> None:
        app = create_app(lambda: running(settings))
        async with served(app) as url:
            agent: Agent = app.state.agent
            drivers = agent.devices.drivers.values()
            await until(lambda: all(driver.state is DeviceState.READY for driver in drivers), within_s=20)
            port = url.rpartition(":")[2]
            done = await asyncio.to_thread(run, "doctor", "--port", port)
            first, *rest = done.stdout.splitlines()
            assert (done.exit_code, first) == (1, NO_ROOM)
            devices, keys = rest[: len(drivers)], rest[len(drivers) :]
            assert all(line.startswith("Gerät ") and "simuliert, Zustand bereit" in line for line in devices)
            assert [line.split()[0] for line in keys] == ["Schlüssel"]
            refused = await asyncio.to_thread(run, "pair", "AA:BB:CC:00:00:02", "--port", port)
            assert (refused.exit_code, refused.stderr.startswith("Das Raum-Programm läuft")) == (2, True)

    asyncio.run(story())


def test_discovery_without_bluetooth_still_finds_the_rest_and_says_so() -> None:
    done = run("discover", "--seconds", "0.1")
    assert done.exit_code == 0
    assert done.stdout.startswith("version = 1\n")
    assert "kein Bluetooth" in done.stderr


def test_pairing_without_bluetooth_is_said_in_words_and_exit_2(tmp_path: Path) -> None:
    port = str(free_port(0))
    done = run("pair", "AA:BB:CC:00:00:02", "--port", port)
    assert done.exit_code == 2
    assert done.stderr.splitlines() == ["Dieser Computer hat kein Bluetooth, das geht."]
    with private_bus(tmp_path):
        done = run("pair", "AA:BB:CC:00:00:02", "--port", port, DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={tmp_path}/bus")
    assert done.exit_code == 2
    assert done.stderr.splitlines() == ["Dieser Computer hat kein Bluetooth, das geht."]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"TELEMED_ROOM_DEVICES": "/no/such.toml"}, "/no/such.toml cannot be read"),
        ({"TELEMED_ROOM_DEVICES": "{file}"}, "devices.toml, line 4: kind 'toaster' is none of"),
        ({"TELEMED_ROOM_DEVICES": str(ROOT / "ops/devices.example.toml"), "TELEMED_ROOM_SIMULATED": "1"}, "exclude"),
    ],
)
def test_a_wrong_file_of_devices_stops_the_start_with_one_line(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    file = tmp_path / "devices.toml"
    file.write_text('version = 1\n[[device]]\nid = "a"\nkind = "toaster"\n')
    given = {name: text.format(file=file) for name, text in settings.items()}
    done = run("serve", TELEMED_ROOM_CENTRE_URL="http://127.0.0.1:1", TELEMED_ROOM_STATE_DIR=str(tmp_path), **given)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert said in line
