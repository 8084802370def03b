"""A thin line between two networks, in user space: rate, delay and a bounded queue, over two TUN devices.

This kernel has no `tc netem`. `thin_link` makes a second network namespace beside the one it runs in, with one address
on each side, and a process that carries the packets; run as a program, this file is that process.
"""

import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CDLL, get_errno
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from random import Random
from typing import IO

HERE, THERE = "10.98.0.1", "10.98.0.2"
_TUNSETIFF, _TUN, _NO_HEADER = 0x400454CA, 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_MTU = 1500


@dataclass
class Link:
    """A running link. *starter* starts Chromium at the other end; *prefix* any other command."""

    starter: Path
    prefix: tuple[str, ...]
    _orders: IO[str]

    def order(self, *words: str) -> None:
        """``rate BITS``, ``loss SHARE``, ``down``, ``up``: for packets that come from now on, both ways."""
        self._orders.write(" ".join(words) + "\n")
        self._orders.flush()


@contextmanager
def thin_link(bits_per_s: int, *, delay_s: float = 0.02, queue_bytes: int = 32 * 1024) -> Iterator[Path]:
    """A script that starts Chromium at the other end. Each way has the rate, the delay and a queue of its own."""
    with link(bits_per_s, delay_s=delay_s, queue_bytes=queue_bytes) as made:
        yield made.starter


@contextmanager
def link(bits_per_s: int, *, delay_s: float = 0.02, queue_bytes: int = 32 * 1024) -> Iterator[Link]:
    """The same, to be ordered about meanwhile."""
    other = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    carrier = None
    try:
        _until_apart(other.pid)
        arguments = [str(other.pid), str(bits_per_s), str(delay_s), str(queue_bytes)]
        command, pipe = [sys.executable, __file__, *arguments], subprocess.PIPE
        carrier = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        assert carrier.stdin is not None
        assert carrier.stdout is not None
        assert carrier.stdout.readline().strip() == "ready"
        prefix = ("nsenter", f"--net=/proc/{other.pid}/ns/net")
        starter = Path(f"/tmp/chromium-over-there-{other.pid}")
        starter.write_text(f'#!/bin/sh\nexec {" ".join(prefix)} /usr/bin/chromium "$@"\n')
        starter.chmod(0o755)
        try:
            yield Link(starter, prefix, carrier.stdin)
        finally:
            starter.unlink()
    finally:
        for process in (carrier, other):
            if process is not None:
                process.kill()
                process.wait()


def _until_apart(pid: int) -> None:
    """Until *pid* has a network of its own."""
    own = os.readlink("/proc/self/ns/net")
    deadline = time.monotonic() + 5
    while os.readlink(f"/proc/{pid}/ns/net") == own:
        if time.monotonic() > deadline:
            raise TimeoutError("no second network")
        time.sleep(0.01)  # the pause between two looks


@dataclass
class _Way:
    """One direction. Packets leave one after the other at the rate, and arrive after the delay."""

    target: int
    bits_per_s: int
    delay_s: float
    queue_bytes: int
    loss: float = 0.0
    is_up: bool = True
    free_at: float = 0.0
    on_the_way: list[tuple[float, int, bytes]] = field(default_factory=list)
    count: int = 0
    chance: Random = field(default_factory=lambda: Random(1))

    def take(self, packet: bytes, now: float) -> None:
        """A packet that finds the queue full is lost, and by chance so many others."""
        if not self.is_up or self.chance.random() < self.loss:
            return
        waiting = max(0.0, self.free_at - now) * self.bits_per_s / 8
        if waiting + len(packet) > self.queue_bytes:
            return
        self.free_at = max(self.free_at, now) + len(packet) * 8 / self.bits_per_s
        self.count += 1
        heapq.heappush(self.on_the_way, (self.free_at + self.delay_s, self.count, packet))

    def deliver(self, now: float) -> float | None:
        """Hand over what is due; when the next one is."""
        while self.on_the_way and self.on_the_way[0][0] <= now:
            os.write(self.target, heapq.heappop(self.on_the_way)[2])
        return self.on_the_way[0][0] if self.on_the_way else None


def carry(other_pid: int, bits_per_s: int, delay_s: float, queue_bytes: int) -> None:
    """For ever. Orders come as lines (`Link.order`)."""
    here = _tun("thin0", HERE, THERE, None)
    there = _tun("thin0", THERE, HERE, other_pid)
    ways = {here: _Way(there, bits_per_s, delay_s, queue_bytes), there: _Way(here, bits_per_s, delay_s, queue_bytes)}
    orders = sys.stdin.fileno()
    print("ready", flush=True)
    while True:
        due = [moment for way in ways.values() if (moment := way.deliver(time.monotonic())) is not None]
        patience = max(0.0, min(due) - time.monotonic()) if due else None
        for readable in select.select([*ways, orders], [], [], patience)[0]:
            if readable == orders:
                obey(os.read(orders, _MTU).decode(), list(ways.values()))
            else:
                ways[readable].take(os.read(readable, _MTU + 100), time.monotonic())


def obey(orders: str, ways: list[_Way]) -> None:
    """
    Raises:
        SystemExit: nobody gives orders any more.
    """
    if not orders:
        raise SystemExit
    for order, way in product(orders.splitlines(), ways):
        match order.split():
            case ["rate", bits]:
                way.bits_per_s = int(bits)
            case ["loss", share]:
                way.loss = float(share)
            case [word]:
                way.is_up = word == "up"


def _tun(name: str, own: str, peer: str, pid: int | None) -> int:
    """A TUN device in this network, or in that of *pid*; this process comes back to its own."""
    prefix = [] if pid is None else ["nsenter", f"--net=/proc/{pid}/ns/net"]
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    if pid is not None:
        _enter(os.open(f"/proc/{pid}/ns/net", os.O_RDONLY))
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TUN | _NO_HEADER))
    _enter(home)
    for command in (
        ["ip", "link", "set", "lo", "up"],
        ["ip", "address", "add", own, "peer", peer, "dev", name],
        ["ip", "link", "set", name, "up", "mtu", str(_MTU)],
    ):
        subprocess.run([*prefix, *command], check=True, env=os.environ | {"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"})
    return device


def _enter(network: int) -> None:
    if CDLL(None, use_errno=True).setns(network, _CLONE_NEWNET) != 0:
        raise OSError(get_errno(), "setns")


if __name__ == "__main__":
    carry(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
