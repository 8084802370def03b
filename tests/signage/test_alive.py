"""A page that does not live is found from outside and started anew; one that lives is left alone."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI

from signage.alive import Patience, Pulse, mount_alive, watch
from tests.serving import served_beside

QUICK = Patience(silent_s=1.0, first_s=3.0, look_s=0.05)
TELLS = """
import sys, time, urllib.request, pathlib
log = pathlib.Path(sys.argv[2]); log.write_text(log.read_text() + "started ")
for _ in range(int(sys.argv[3])):
    urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/alive", method="POST"))
    time.sleep(0.1)
time.sleep(60 if sys.argv[4] == "hang" else 0)
"""
"""A browser in miniature: its page tells so many times, and then hangs or ends."""


@contextmanager
def program() -> Iterator[str]:
    app = FastAPI()
    mount_alive(app, Pulse())
    with served_beside(app) as server:
        yield server.address


def browser(url: str, log: Path, tells: int, then: str) -> list[str]:
    log.write_text("")
    return [sys.executable, "-c", TELLS, url, str(log), str(tells), then]


def beside(command: list[str], url: str, stop: threading.Event) -> threading.Thread:
    """Watch in a thread of its own."""
    watching = threading.Thread(
        target=lambda: watch(command, url, stop, times=1, patience=QUICK), daemon=True, name="watch"
    )
    watching.start()
    return watching


def test_a_browser_that_ends_at_once_is_started_as_often_as_it_is_worth(tmp_path: Path) -> None:
    with program() as url:
        watch(browser(url, tmp_path / "log", 0, "end"), url, threading.Event(), times=3, patience=QUICK)
    assert (tmp_path / "log").read_text() == "started " * 3


def test_a_page_that_falls_silent_is_started_anew_and_one_that_tells_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with program() as url:
        command = browser(url, log, 5, "hang")
        watching = beside(command, url, threading.Event())
        while log.read_text().count("started") < 2:
            watching.join(0.05)
            assert watching.is_alive()
        command[5] = "0"
        watching.join(15)
        assert not watching.is_alive()


def test_whoever_stops_the_watch_stops_the_browser(tmp_path: Path) -> None:
    log, stop = tmp_path / "log", threading.Event()
    with program() as url:
        watching = beside(browser(url, log, 100, "hang"), url, stop)
        while not log.read_text():
            watching.join(0.05)
        stop.set()
        watching.join(15)
        assert not watching.is_alive()
    assert log.read_text() == "started "
