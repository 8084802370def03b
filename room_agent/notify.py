"""What systemd is told (sd_notify(3)): that the agent is ready, and every few seconds that it still lives.

Without systemd nothing is told. When the loop stands still for longer than WatchdogSec, systemd starts the agent anew.
"""

import asyncio
import os
import socket
from collections.abc import Mapping

PER_PERIOD = 3
"""So often within the time that systemd waits for a sign of life."""


def tell(state: str, environ: Mapping[str, str] = os.environ) -> None:
    """Send ``READY=1``, ``WATCHDOG=1`` or ``STOPPING=1``."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        out.connect("\0" + address[1:] if address.startswith("@") else address)
        out.send(state.encode())


async def live(environ: Mapping[str, str] = os.environ) -> None:
    """Give signs of life for ever, where systemd waits for them."""
    every_s = int(environ.get("WATCHDOG_USEC", "0")) / 1_000_000 / PER_PERIOD
    while every_s > 0:
        tell("WATCHDOG=1", environ)
        await asyncio.sleep(every_s)
