"""Whether the monitor's page lives, seen from outside it: it tells after each picture that it has really painted.

A frozen page, a crashed one, one that shows an error or nothing at all: none of them tells. `signage watch` starts the
browser, listens, and starts it anew.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event

import httpx
from fastapi import FastAPI, Response

from telemed.kit.logs import logger

log = logger("watch")


@dataclass(frozen=True)
class Patience:
    """In seconds. The page tells every 5 s (sign.js): *silent_s* is three times missed; *first_s*: for a slow start."""

    silent_s: float = 15.0
    first_s: float = 60.0
    look_s: float = 1.0


class Pulse:
    """When the page told last, and whether it ever did."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self.at_s: float | None = None
        self.count = 0

    def tell(self) -> None:
        self.at_s = self._seconds()
        self.count += 1

    def said(self) -> dict[str, float | int | None]:
        """How often it told, and how long ago for the last time."""
        return {"count": self.count, "silent_s": None if self.at_s is None else self._seconds() - self.at_s}


def mount_alive(app: FastAPI, pulse: Pulse) -> None:
    """The page tells here, and the watch asks."""

    @app.post("/alive", status_code=204)
    def tell() -> Response:
        pulse.tell()
        return Response(status_code=204)

    @app.get("/alive")
    def said() -> dict[str, float | int | None]:
        return pulse.said()


def watch(command: Sequence[str], url: str, stop: Event, *, times: int, patience: Patience | None = None) -> None:
    """Run *command*, a browser that shows *url*, until *stop*, and start it anew whenever its page does not live.

    Returns after *times* starts in a row whose page never lived: whoever started us may know a stronger remedy.
    """
    in_vain = 0
    while in_vain < times and not stop.is_set():
        lived, why = _one_run(command, url, stop, patience or Patience())
        in_vain = 0 if lived else in_vain + 1
        log.warning("screen_ended", why=why, in_vain=in_vain)


def _one_run(command: Sequence[str], url: str, stop: Event, patience: Patience) -> tuple[bool, str]:
    """Whether the page of one run ever lived, and why the run ended."""
    browser = subprocess.Popen(command, start_new_session=True)
    before, lived = asked(url), False
    deadline_s = time.monotonic() + patience.first_s
    try:
        while browser.poll() is None:
            if stop.wait(patience.look_s):
                return lived, "stopped"
            now = asked(url)
            if now is None:  # our own program is away: the page says so itself, and a new browser would show nothing
                before, deadline_s = None, time.monotonic() + patience.first_s
            elif before is not None and now != before:
                lived, deadline_s = True, time.monotonic() + patience.silent_s
            before = now
            if time.monotonic() > deadline_s:
                return lived, "silent"
        return lived, "ended"
    finally:
        _end(browser)


def asked(url: str) -> int | None:
    """How often the page told; None where nobody answers."""
    try:
        return int(httpx.get(f"{url}/alive", timeout=2.0, trust_env=False).json()["count"])
    except (httpx.HTTPError, ValueError, KeyError):
        return None


def _end(browser: subprocess.Popen[bytes]) -> None:
    """End the browser and all that it started, frozen or not."""
    with suppress(ProcessLookupError):
        os.killpg(browser.pid, signal.SIGKILL)
    browser.wait()
