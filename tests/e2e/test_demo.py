"""``make demo`` as a newcomer meets it: a taken port, Ctrl-C, and the second start."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ops.programs import PORTS, ROOT
from tests.bench.issue_a.row_6_fhir_read import book
from tests.e2e.stage import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@contextmanager
def demo(state: Path) -> Iterator[str]:
    """The demo running; gives what it printed. Ends it by Ctrl-C and checks that it ended well."""
    out = state.with_suffix(".out")
    with out.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.demo"],
            env={**os.environ, "DEMO_STATE": str(state)},
            cwd=ROOT,
            stdout=file,
            stderr=file,
        )
    try:
        wait_for(lambda: "Ctrl-C" in out.read_text() or process.poll() is not None, timeout_s=60, what="the table")
        yield out.read_text()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, out.read_text()


def appointments(said: str) -> int:
    """How many the demo's centre knows."""
    base = re.findall(r"http://zentrum\.localhost:(\d+)/fhir", said)[0]
    token = re.findall(r"Bearer token: (\S+)", said)[0]
    answer = httpx.get(f"http://127.0.0.1:{base}/fhir/Appointment", headers={"Authorization": f"Bearer {token}"})
    total: int = answer.json()["total"]
    return total


def test_a_taken_port_is_one_clear_line_and_the_next_start_finds_the_data_again(tmp_path: Path) -> None:
    state = tmp_path / "demo"
    with socket.create_server(("127.0.0.1", PORTS["telemed"])), demo(state) as said:
        assert said.count("is taken") == 1
        port = re.findall(rf"Port {PORTS['telemed']} is taken, so telemed uses (\d+)\.", said)[0]
        book(f"http://127.0.0.1:{port}")
        assert appointments(said) == 1
        assert "turn server id" in (state / "relay" / "turnserver.log").read_text()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health")
    with demo(state) as said:
        assert "is taken" not in said
        assert appointments(said) == 1
        assert all(name in said for name in ("zentrum.localhost", "raum.localhost", "monitor.localhost"))
