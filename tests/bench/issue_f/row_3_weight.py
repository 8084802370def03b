"""What a page for people weighs when it comes for the first time, and how long the server takes for it.

The server is a process of its own; beside its pages it serves one of them as a plain file, by turns with the others in
the same minute. A figure of pages that everybody may see, and one of those of one person, for which a session is looked
up, the day is forecast or an audit line is committed before the answer.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from fastapi.staticfiles import StaticFiles
from playwright.sync_api import Browser, Response
from starlette.routing import Mount

from tests.bench.harness import Figure, note, percentile
from tests.databases import SqliteFiles, opened
from tests.e2e.chromium import chromium
from tests.e2e.every_page import PAGES, Look
from tests.e2e.looks import at_rest
from tests.e2e.walk import PEOPLE
from tests.e2e.whole_centre import House, Who, whole_centre

ROUNDS = 40
MOST_BYTES = 150_000
MOST_RATIO = 3.0
STATIC = "/statisch/start.html"
MINE = [look for look in PAGES if look.who in PEOPLE]


def measure() -> Iterator[Figure]:
    with TemporaryDirectory() as folder, _house(Path(folder)) as house:
        with chromium() as browser:
            weights = {look.name: _weight(house, browser, look) for look in MINE}
        heaviest = max(weights, key=lambda name: weights[name])
        note(f"heaviest: {heaviest}")
        yield Figure(
            issue="F",
            row=3,
            name=f"bytes over the line of the heaviest of {len(MINE)} pages for people, cold, fonts included",
            value=weights[heaviest],
            unit="B",
            target=f"<= {MOST_BYTES}",
            ok=weights[heaviest] <= MOST_BYTES,
        )
    with _served() as told:
        for name, is_open in (("that everybody may see", True), ("of one person", False)):
            yield _speed(name, told, [look for look in MINE if (look.who is Who.ANYONE) is is_open])


@contextmanager
def _house(folder: Path) -> Iterator[House]:
    with opened(SqliteFiles(folder).fresh_url()) as database, whole_centre(folder / "state", database) as house:
        yield house


def _weight(house: House, browser: Browser, look: Look) -> int:
    """All bytes of heads and bodies until the page is at rest, in a browser that has seen nothing before."""
    context = house.open(browser, look.who, {"width": 1280, "height": 900})
    came: list[Response] = []
    page = context.new_page()
    page.on("response", lambda one: came.append(one))  # noqa: PLW0108 - a bound method of a list is refused
    page.goto(house.address + look.at(house))
    at_rest(page)
    sizes = [one.request.sizes() for one in came if one.ok and "/strom" not in one.url]
    context.close()
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)


@contextmanager
def _served() -> Iterator[dict[str, Any]]:
    """The house in another process; where it is, and what opens its doors."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        yield json.loads(child.stdout.readline())
        child.stdin.close()


def _speed(name: str, told: dict[str, Any], looks: list[Look]) -> Figure:
    line = HTTPConnection("127.0.0.1", told["port"])
    house = House(app=None, world=None, address="", facts=told["facts"])  # type: ignore[arg-type]
    plain, ours = [], []
    for look in looks:
        address = look.at(house)
        _ask(line, told, look.who, address)  # what is made once is not counted
        took = []
        for _ in range(ROUNDS):
            plain.append(_ask(line, told, Who.ANYONE, STATIC))
            took.append(_ask(line, told, look.who, address))
        note(f"{look.name}: median {percentile(took, 0.5):.2f} ms, p95 {percentile(took, 0.95):.2f} ms")
        ours += took
    value, base = percentile(ours, 0.95), percentile(plain, 0.95)
    return Figure(
        issue="F",
        row=3,
        name=f"server time, p95 over {len(looks)} pages {name}; baseline: a static page of the same server",
        value=round(value, 2),
        unit="ms",
        target=f"<= {MOST_RATIO} x",
        ok=value <= MOST_RATIO * base,
        baseline=round(base, 2),
        ratio=round(value / base, 2),
    )


def _ask(line: HTTPConnection, told: dict[str, Any], who: Who, address: str) -> float:
    """How long one page takes, in ms."""
    cookie = "; ".join(f"{name}={value}" for name, value in told["cookies"][who].items())
    headers = {"Host": told["host"], "Accept": "text/html", "Accept-Encoding": "gzip"}
    began = perf_counter()
    line.request("GET", address, headers={**headers, "Cookie": cookie} if cookie else headers)
    answer = line.getresponse()
    answer.read()
    took_ms = (perf_counter() - began) * 1000
    assert answer.status == 200, (address, answer.status)
    return took_ms


def serve() -> None:
    """The other process: until nobody reads from it any more."""
    with TemporaryDirectory() as folder, _house(Path(folder)) as house:
        beside = Path(folder) / "static"
        beside.mkdir()
        (beside / "start.html").write_bytes(house.client().get("/").content)
        house.app.router.routes.insert(0, Mount("/statisch", StaticFiles(directory=beside)))
        host = house.address.removeprefix("http://")
        told = {"host": host, "port": int(host.rpartition(":")[2]), "facts": house.facts, "cookies": house.cookies}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    serve()
