"""The three programs as processes that begin with everything imported, so that a test's room is there sooner.

A process that has imported all three forks each of them: a process of its own as before, with its own settings, files
and end, but without the seconds that importing takes. `tests/e2e/test_demo.py` starts them as everybody does.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from ops.programs import NOTHING, ROOT, Programs, Running

IMPORTED = ["telemed.__main__", "room_agent.__main__", "signage.__main__"]


class Forked:
    """A forked process, as `subprocess.Popen` would have it."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self._process.name), timeout or 0.0)
        return self._process.exitcode


class WarmPrograms(Programs):
    """`Programs` whose processes are forked, and whose simulated devices do not keep a test waiting."""

    def environment(self) -> dict[str, str]:
        return {"TELEMED_ROOM_SIMULATED_MEASURING_S": "0.5", **super().environment()}

    def launch(self, module: str, *words: str, out: Path, err: Path, more: Mapping[str, str] = NOTHING) -> Running:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(IMPORTED)
        process = context.Process(
            target=_become, args=(module, words, {**self.environment(), **more}, out, err), name=module
        )
        process.start()
        return Forked(process)


def _become(module: str, words: tuple[str, ...], environment: dict[str, str], out: Path, err: Path) -> None:
    """In the forked process: be ``python -m module words``."""
    os.setsid()
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((1, out), (2, err)):
        with path.open("ab") as file:
            os.dup2(file.fileno(), number)
    sys.argv = [module, *words]
    del sys.modules[f"{module}.__main__"]  # it is run anew, under the name that it has when it is started
    runpy.run_module(module, run_name="__main__", alter_sys=True)
