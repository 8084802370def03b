"""The room PC's units: systemd can read them, the sandbox is tight, and what they name is what the programs know."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ops.programs import ROOT
from room_agent.settings import PREFIX, Settings
from signage import settings as monitor
from telemed import wiring
from telemed.kit.settings import read

UNITS = ROOT / "ops" / "units"
SERVICES = (
    *("room-agent.service", "room-kiosk.service", "telemed-centre.service", "telemed-relay.service"),
    *("signage.service", "signage-screen.service"),
)
TIGHT = ("room-agent.service", "telemed-centre.service", "telemed-relay.service", "signage.service")
TIGHTEST = 2.0
"""`systemd-analyze security`: 0 is a program that can do nothing, 10 one that can do everything."""


def analyzed(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def installed(folder: Path, name: str, **changed: str) -> Path:
    """The unit as on a machine where what it starts is there; *changed*: lines to spoil."""
    text = (UNITS / name).read_text()
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE)
    for key, value in changed.items():
        text = re.sub(rf"^{key}=.*", f"{key}={value}", text, flags=re.MULTILINE)
    unit = folder / name
    unit.write_text(text)
    return unit


@pytest.mark.parametrize("name", SERVICES)
def test_systemd_reads_the_unit_without_a_word(tmp_path: Path, name: str) -> None:
    done = analyzed("verify", "--man=no", installed(tmp_path, name))
    assert (done.returncode, [line for line in done.stderr.splitlines() if name in line]) == (0, [])


def test_a_spoilt_unit_would_be_found(tmp_path: Path) -> None:
    done = analyzed("verify", "--man=no", installed(tmp_path, SERVICES[0], WatchdogSec="soon"))
    assert "Failed to parse" in done.stderr


@pytest.mark.parametrize("name", TIGHT)
def test_the_sandbox_is_tight(name: str) -> None:
    done = analyzed("security", "--offline=true", f"--threshold={TIGHTEST * 10:.0f}", UNITS / name)
    found = re.search(rf"exposure level for {name}: ([\d.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= TIGHTEST


def test_the_agent_is_started_anew_whatever_happens_and_watched() -> None:
    unit = (UNITS / SERVICES[0]).read_text()
    for line in ("Type=notify", "Restart=always", "StartLimitIntervalSec=0", "WatchdogSec=20", "TimeoutStartSec=60"):
        assert f"\n{line}\n" in unit
    assert "network-online" not in unit


def test_the_settings_of_the_example_are_settings() -> None:
    lines = [line for line in (UNITS / "room.env.example").read_text().splitlines() if not line.startswith("#")]
    unit = dict(re.findall(rf"^Environment=({PREFIX}\w+)=(\S+)", (UNITS / SERVICES[0]).read_text(), re.MULTILINE))
    environ = {**unit, **dict(line.split("=", 1) for line in lines)}
    assert read(Settings, environ, prefix=PREFIX).state_dir == Path("/var/lib/telemed-room")


def test_the_settings_of_the_centres_example_are_settings() -> None:
    lines = [line for line in (UNITS / "centre.env.example").read_text().splitlines() if not line.startswith("#")]
    text = (UNITS / "telemed-centre.service").read_text()
    unit = dict(re.findall(rf"^Environment=({wiring.PREFIX}\w+)=(\S+)", text, re.MULTILINE))
    environ = {**unit, **dict(line.split("=", 1) for line in lines)}
    found = read(wiring.Settings, environ, prefix=wiring.PREFIX)
    assert found.public_url == "https://zentrum.example"
    assert len(found.relay_urls.split(",")) == 3


def test_the_settings_of_the_monitors_example_are_settings_and_can_be_read() -> None:
    lines = [line for line in (UNITS / "signage.env.example").read_text().splitlines() if not line.startswith("#")]
    for name in ("signage.service", "signage-screen.service"):
        unit = dict(re.findall(rf"^Environment=({monitor.PREFIX}\w+)=(\S+)", (UNITS / name).read_text(), re.MULTILINE))
        found = read(monitor.Settings, {**unit, **dict(line.split("=", 1) for line in lines)}, prefix=monitor.PREFIX)
        assert monitor.face(found).layout == found.layout
        assert f"127.0.0.1:{found.port}/" in (UNITS / "signage-screen.service").read_text()


def test_the_kiosk_may_open_its_own_pages_only() -> None:
    policy = json.loads((UNITS / "chromium-policy.json").read_text())
    templates = ROOT / "room_agent" / "kiosk" / "templates"
    links = {match for name in ("kiosk.html", "assistant.html") for match in hrefs((templates / name).read_text())}
    allowed = {address.partition("8200")[2] for address in policy["URLAllowlist"]}
    assert policy["URLBlocklist"] == ["*"]
    assert links <= allowed == {"/kiosk", "/assistenz"}
    start = re.search(r"(http://\S+)$", (UNITS / SERVICES[1]).read_text(), re.MULTILINE)
    assert start is not None
    assert start[1] in policy["URLAllowlist"]


def hrefs(page: str) -> set[str]:
    """Where a page's links lead."""
    return set(re.findall(r'<a [^>]*href="([^"#{]+)"', page))
