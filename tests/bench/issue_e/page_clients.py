"""Thousands of open pages in one process of its own, as one epoll loop: for row 5. Loopback only.

Reads one line of JSON: *port*, *count*, what each page sends (*hello*, taken in turn), and then, line by line, what
makes something happen; answers each with one line: when that was sent, and when each page had heard of it, in seconds
of the clock that all processes of this machine share (CLOCK_MONOTONIC).
"""

import json
import resource
import select
import socket
import sys
import time
from collections.abc import Sequence

MARK = b"event: own"
SILENCE_S = 0.5
"""Nothing more comes after so long without a word, beats left out."""
PATIENCE_S = 20.0
PAUSE_S = 0.002
"""Between two looks: pages on thousands of devices do not wake this machine for each word that is sent to them."""
TOGETHER = 50
"""So many are opened before their answers are waited for."""


class Pages:
    """*count* connections that are open."""

    def __init__(self, port: int, hello: Sequence[str], count: int) -> None:
        self._port = port
        self._epoll = select.epoll()
        self._open: dict[int, socket.socket] = {}
        self.size = 0
        for first in range(0, count, TOGETHER):
            fresh = [self._one(hello[number % len(hello)]) for number in range(first, min(first + TOGETHER, count))]
            self._heard(fresh)

    def _one(self, hello: str) -> int:
        made = socket.create_connection(("127.0.0.1", self._port))
        made.sendall(hello.encode())
        made.setblocking(False)
        self._open[made.fileno()] = made
        self._epoll.register(made.fileno(), select.EPOLLIN)
        return made.fileno()

    def _heard(self, wanted: Sequence[int]) -> list[float]:
        """When each of these heard the next event."""
        left, times = set(wanted), []
        ends = time.monotonic() + PATIENCE_S
        while left:
            if time.monotonic() > ends:
                raise TimeoutError(f"{len(left)} pages heard nothing")
            time.sleep(PAUSE_S)
            for number, _ in self._epoll.poll(1.0):
                data = self._open[number].recv(65_536)
                if not data:
                    raise ConnectionError("a page was closed")
                if number in left and MARK in data:
                    left.discard(number)
                    times.append(time.monotonic())
                    self.size = len(data)
        return times

    def drain(self) -> None:
        """Take in whatever else comes."""
        quiet = time.monotonic() + SILENCE_S
        while time.monotonic() < quiet:
            for number, _ in self._epoll.poll(SILENCE_S):
                if MARK in self._open[number].recv(65_536):
                    quiet = time.monotonic() + SILENCE_S

    def after(self, cause: str) -> tuple[float, list[float]]:
        """When *cause* was sent, and when each page had heard of it, the first one first."""
        self.drain()
        with socket.create_connection(("127.0.0.1", self._port)) as made:
            began = time.monotonic()
            made.sendall(cause.encode())
            times = self._heard([*self._open])
            if made.recv(65_536).split()[1] not in (b"204", b"303"):
                raise ConnectionError("it was refused")
        return began, times


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    resource.setrlimit(resource.RLIMIT_NOFILE, (asked["count"] + 100, asked["count"] + 100))
    pages = Pages(asked["port"], asked["hello"], asked["count"])
    pages.drain()
    print(json.dumps({"size": pages.size}), flush=True)
    for cause in sys.stdin:
        print(json.dumps(pages.after(json.loads(cause))), flush=True)


if __name__ == "__main__":
    main()
