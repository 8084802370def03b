"""One event until the last of 5,000 residents' pages has heard of it, against a bare asyncio writer in the same run.

Centre, writer and all pages are processes of their own on one machine. A doctor's press over HTTP makes the event true;
the time runs from when that was on disk. The look at the room with its forecast and the making of the pages' parts are
within it. How long it was from the press is noted as well.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from ops.programs import ROOT, free_port, wait_until_heard
from tests.bench.harness import Figure, note
from tests.bench.plot import Plot, distribution, save
from tests.desk.listening import request

PAGES = 5_000
WARM = 200
"""Pages that are open before memory is counted."""
ROUNDS = 20
LIMIT = 1.5
LIMIT_KIB = 12.0


class Program:
    """A process that speaks JSON lines."""

    def __init__(self, stack: ExitStack, name: str, *words: str) -> None:
        command = [sys.executable, "-m", f"tests.bench.issue_e.{name}", *words]
        self.process = stack.enter_context(_running(command))

    def tells(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def hears(self, what: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    @property
    def memory_kib(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


@contextmanager
def _running(command: list[str]) -> Iterator["subprocess.Popen[str]"]:
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


def measure() -> Iterator[Figure]:
    """The ratio, and what each open page costs in memory."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (PAGES + 500, PAGES + 500))
    with ExitStack() as stack:
        centre = Program(stack, "pages_centre", stack.enter_context(TemporaryDirectory(prefix="telemed-pages-")))
        told = centre.tells()
        wait_until_heard(told["port"], centre.process, "telemed", Path("/dev/null"))
        hello = [request(cookie).decode() for cookie in told["cookies"]]
        warm, _ = _opened(stack, told["port"], hello, WARM)
        before = centre.memory_kib
        pages, size = _opened(stack, told["port"], hello, PAGES)
        each_kib = (centre.memory_kib - before) / PAGES
        warm.process.kill()
        bare_port = free_port(0)
        writer = Program(stack, "bare_writer", str(bare_port), str(size))
        wait_until_heard(bare_port, writer.process, "bare writer", Path("/dev/null"))
        bare, _ = _opened(stack, bare_port, ["HELLO"], PAGES)
        ours, floor, pressed = [], [], []
        for number in range(ROUNDS):
            floor.append(_since(*_after(bare, "GO")))
            began, heard = _after(pages, _press(told, number))
            centre.hears("when")
            ours.append(_since(next(at for at in centre.tells() if at >= began), heard))
            pressed.append(_since(began, heard))
    for name, rounds in (("from the event", ours), ("from the press", pressed), ("bare writer", floor)):
        note(f"{name}: last of each round {', '.join(f'{each[-1]:.0f}' for each in rounds)} ms")
    yield _ratio(ours, floor)
    yield Figure(
        "E", 5, "memory of each open page in the centre", round(each_kib, 1), "KiB", "≤ 12 KiB", each_kib <= LIMIT_KIB
    )


def _opened(stack: ExitStack, port: int, hello: list[str], count: int) -> tuple[Program, int]:
    clients = Program(stack, "page_clients")
    clients.hears({"port": port, "hello": hello, "count": count})
    return clients, clients.tells()["size"]


def _after(clients: Program, cause: str) -> tuple[float, list[float]]:
    clients.hears(cause)
    began, heard = clients.tells()
    assert len(heard) == PAGES
    return began, heard


def _since(began: float, heard: list[float]) -> list[float]:
    """Milliseconds."""
    return [(at - began) * 1000 for at in heard]


def _press(told: dict[str, Any], number: int) -> str:
    """The doctor notes that the first one has not come; then that she has."""
    what, body = ("wieder-offen", "grund=mistake") if number % 2 else ("kommt-nicht", "grund=not-in-room")
    lines = (
        f"POST /arzt/reihe/{told['first']}/{what} HTTP/1.1",
        "Host: zentrum.test",
        "Sec-Fetch-Site: same-origin",
        f"Cookie: {told['doctor']}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines) + f"\r\n\r\n{body}"


def _ratio(ours: list[list[float]], floor: list[list[float]]) -> Figure:
    last, bare = (median(each[-1] for each in rounds) for rounds in (ours, floor))
    curves = [distribution("centre", chain(*ours)), distribution("bare asyncio writer", chain(*floor))]
    save(Plot(f"one event → {PAGES} open pages", "ms", "share of pages", curves), "e-5")
    return Figure(
        issue="E",
        row=5,
        name=f"one event → last of {PAGES} pages, median of {ROUNDS}",
        value=round(last, 1),
        unit="ms",
        baseline=round(bare, 1),
        ratio=round(last / bare, 2),
        target=f"≤ {LIMIT} ×",
        ok=last <= LIMIT * bare,
    )
