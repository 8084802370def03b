"""The commands for whoever sets up a room: one line and an exit code when they cannot."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.programs import ROOT, free_port
from room_agent.__main__ import commands
from room_agent.app import create_app
from room_agent.devices.driver import DeviceState
from room_agent.settings import Settings
from room_agent.wiring import Agent, running
from tests.room_agent.devices.bluez_mock import private_bus
from tests.room_agent.world import until
from tests.serving import served

NO_ROOM = "Dieser Computer gehört noch zu keinem Raum. Darum gibt es keine Prüfung."
NO_AGENT = "Hier läuft kein Raum-Programm."


def run(*words: str, **settings: str) -> Result:
    """``room-agent`` on a computer without a bus, unless *settings* name one."""
    return CliRunner().invoke(commands, words, env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere", **settings})


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
            assert len(rest) == len(drivers)
            assert all(line.startswith("Gerät ") and "simuliert, Zustand ready" in line for line in rest)
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
