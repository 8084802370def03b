"""The three programs as real processes on one machine, for the demo, the visit and the tests."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Protocol

from ops.exercise_operator import ExerciseOperator

ROOT = Path(__file__).resolve().parent.parent
SEED = ROOT / "ops" / "seed" / "lobeda"
NAMES = {"telemed": "zentrum.localhost", "room-agent": "raum.localhost", "signage": "monitor.localhost"}
PORTS = {"telemed": 8000, "room-agent": 8200, "signage": 8400}
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
NOTHING: Mapping[str, str] = MappingProxyType({})


class Running(Protocol):
    """A started program, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def terminate(self) -> None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class NotStarted(Exception):
    """A program ended or stayed silent; the message is one line and names its log."""


def free_port(wanted: int) -> int:
    """*wanted*, or one that is free where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise NotStarted("no port is free on this machine")


def wait_until_heard(port: int, process: Running, name: str, log: Path) -> None:
    """Return once something listens on *port*.

    Raises:
        NotStarted: *process* ended, or nothing listened in time.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotStarted(f"{name} ended at once; the reason is in {log}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)  # the pause between two looks, not a wait for luck
    raise NotStarted(f"{name} does not answer; its log is {log}")


@dataclass
class Programs:
    """Centre, room agent and signage with their data under *state*; *seed* is the quarter.

    *ports* are made free ones where the wanted are taken; `prepare` comes first. An operator of the exercise signs
    what waits as long as the room runs.
    """

    state: Path
    seed: Path = SEED
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port(port) for name, port in PORTS.items()})
    extra: Mapping[str, str] = field(default_factory=dict)
    _running: dict[str, Running] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    _operator: ExerciseOperator | None = None

    @property
    def operator(self) -> ExerciseOperator:
        """Signs the roster; the key is made on the first start."""
        if self._operator is None:
            self._operator = ExerciseOperator(
                self.state / "operator",
                address=lambda: f"http://127.0.0.1:{self.ports['telemed']}",
                token=lambda: str(self.keys["bearer"]),
            )
        return self._operator

    def url(self, program: str) -> str:
        """The address for a browser."""
        return f"http://{NAMES[program]}:{self.ports[program]}"

    def environment(self) -> dict[str, str]:
        """Settings of all three programs; codes are in it once `prepare` has run."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("TELEMED_")}
        local = {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}
        codes = self.keys["rooms"][0] if self.keys else {"agent": "", "monitor": ""}
        return {
            **kept,
            "TELEMED_CENTRE_STATE_DIR": str(self.state / "centre"),
            "TELEMED_CENTRE_PORT": str(self.ports["telemed"]),
            "TELEMED_CENTRE_PUBLIC_URL": self.url("telemed"),
            "TELEMED_CENTRE_EXERCISE": "1",
            "TELEMED_CENTRE_SIMULATED": "1",
            "TELEMED_CENTRE_SUBSCRIBERS_INSIDE": "localhost,127.0.0.1",  # makers of programs try notices out here
            "TELEMED_CENTRE_OPERATOR_KEYS": self.operator.public,
            "TELEMED_ROOM_CENTRE_URL": local["telemed"],
            "TELEMED_ROOM_STATE_DIR": str(self.state / "room"),
            "TELEMED_ROOM_PORT": str(self.ports["room-agent"]),
            "TELEMED_ROOM_PAIRING_CODE": codes["agent"],
            "TELEMED_ROOM_SIMULATED": "1",
            "TELEMED_ROOM_OPERATOR_KEYS": self.operator.public,
            "TELEMED_SIGNAGE_AGENT_URL": local["room-agent"],
            "TELEMED_SIGNAGE_STATE_DIR": str(self.state / "signage"),
            "TELEMED_SIGNAGE_PORT": str(self.ports["signage"]),
            "TELEMED_SIGNAGE_PAIRING_CODE": codes["monitor"],
            **self.extra,
        }

    def prepare(self) -> dict[str, Any]:
        """Seed the centre and get sign-in links, the bearer token and the pairing codes.

        Raises:
            NotStarted: the centre's data cannot be prepared.
        """
        with TemporaryDirectory(prefix="telemed-prepare-") as folder:  # the keys of all are in it
            out, err = Path(folder) / "out", Path(folder) / "err"
            if self.launch("telemed", "prepare", str(self.seed), out=out, err=err).wait():
                said = err.read_text().strip().splitlines()
                raise NotStarted(said[-1] if said else "the centre's data cannot be prepared")
            keys: dict[str, Any] = json.loads(out.read_text().splitlines()[-1])
        self.keys = keys
        return keys

    def launch(self, module: str, *words: str, out: Path, err: Path, more: Mapping[str, str] = NOTHING) -> Running:
        """Start a command of *module* as a process of its own, with *more* settings.

        What it says is added to *out* and *err*.
        """
        with out.open("ab") as said, err.open("ab") as complained:
            return subprocess.Popen(
                [sys.executable, "-m", module, *words],
                env={**self.environment(), **more},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=complained,
                start_new_session=True,
            )

    def log(self, program: str) -> Path:
        """Where *program* writes its log."""
        return self.state / "log" / f"{program}.log"

    def start(self, program: str) -> None:
        """Start one program and wait until it answers.

        Raises:
            NotStarted: it ended or stayed silent.
        """
        log = self.log(program)
        log.parent.mkdir(parents=True, exist_ok=True)
        module = {"telemed": "telemed", "room-agent": "room_agent", "signage": "signage"}[program]
        self._running[program] = self.launch(module, "serve", out=log, err=log)
        wait_until_heard(self.ports[program], self._running[program], program, log)
        if program == "room-agent":
            self.operator.start()

    def pid(self, program: str) -> int:
        """The process of a program that was started."""
        return self._running[program].pid

    def start_all(self) -> None:
        """Start the three, centre first."""
        for program in NAMES:
            self.start(program)

    def kill(self, program: str) -> None:
        """End *program* without warning, as a power cut would."""
        process = self._running.pop(program)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End everything that was started here."""
        self.operator.stop()
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._running.clear()

    def ended(self) -> str | None:
        """A program that ended by itself, if one did."""
        return next((name for name, process in self._running.items() if process.poll() is not None), None)

    def __enter__(self) -> "Programs":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
