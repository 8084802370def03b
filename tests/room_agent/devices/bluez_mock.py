"""BlueZ without hardware: python-dbusmock on a private bus, in two processes of its own."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tests.e2e.stage import wait_for

TEMPLATE = Path(__file__).with_name("bluez_template.py")
SYSTEM_PYTHON = "/usr/bin/python3"
"""Debian's own, which sees Debian's python3-dbusmock."""


@contextmanager
def private_bus(folder: Path) -> Iterator[Path]:
    """A bus and BlueZ's mock on it; the path of the mock's log."""
    address, log = f"unix:path={folder}/bus", folder / "mock.log"
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}"], stderr=subprocess.DEVNULL
    )
    try:
        wait_for((folder / "bus").exists, timeout_s=10, what="the bus")
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address}
        mock = subprocess.Popen(
            [SYSTEM_PYTHON, "-m", "dbusmock", "--template", str(TEMPLATE), "--logfile", str(log)], env=environment
        )
        try:
            yield log
        finally:
            mock.kill()
            mock.wait()
    finally:
        daemon.kill()
        daemon.wait()


@dataclass
class Mock:
    """Commands to the mock, over a connection of the test's own."""

    bus: MessageBus
    log: Path

    @classmethod
    async def connect(cls, log: Path) -> "Mock":
        mock = cls(await MessageBus(bus_type=BusType.SYSTEM).connect(), log)
        async with asyncio.timeout(10):
            while "org.bluez" not in await mock.names():
                await asyncio.sleep(0.02)  # the pause between two looks
        return mock

    async def names(self) -> list[str]:
        """Who is on the bus."""
        reply = await self.bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="ListNames",
            )
        )
        return reply.body[0] if reply else []

    async def do(self, member: str, signature: str = "", *body: Any) -> Any:
        """A command of the template."""
        return await self.call("/", f"org.bluez.Mock.{member}", signature, *body)

    async def call(self, path: str, member: str, signature: str = "", *body: Any) -> Any:
        interface, _, name = member.rpartition(".")
        reply = await self.bus.call(
            Message(
                destination="org.bluez",
                path=path,
                interface=interface,
                member=name,
                signature=signature,
                body=list(body),
            )
        )
        assert reply is not None
        assert reply.message_type is MessageType.METHOD_RETURN, reply.body
        return reply.body[0] if reply.body else None

    async def is_so(self, path: str, name: str, interface: str = "org.bluez.Device1") -> Any:
        value = await self.call(path, "org.freedesktop.DBus.Properties.Get", "ss", interface, name)
        return value.value if isinstance(value, Variant) else value

    def said(self, words: str) -> int:
        """How often *words* are in the mock's log."""
        return self.log.read_text().count(words)


async def speak(mock: Mock, device: str) -> None:
    """The device is heard again and again, a little nearer each time; for ever."""
    rssi = -90
    while True:
        await mock.do("Advertise", "sn", device, rssi)
        rssi = -90 if rssi > -50 else rssi + 1
        await asyncio.sleep(0.02)
