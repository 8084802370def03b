"""A real coturn of our own on this machine, without a file of the system's."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from room_agent.checks import relay
from room_agent.checks.relay import Relay

USER, PASSWORD = "room-1", "secret"
TURNSERVER = shutil.which("turnserver") or "/usr/bin/turnserver"


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def coturn(folder: Path, *options: str) -> AsyncIterator[Relay]:
    """It listens on loopback, for one user; gives what the room must know.

    Raises:
        FileNotFoundError: Debian's package coturn is not installed.
    """
    port = _free_port()
    asked = f"""
        -n --no-cli --no-tls --no-dtls --no-stdout-log --log-file={folder}/coturn.log --pidfile={folder}/coturn.pid
        --userdb={folder}/coturn.db --listening-ip=127.0.0.1 --relay-ip=127.0.0.1 --listening-port={port}
        --lt-cred-mech --realm=telemed --user={USER}:{PASSWORD} --allow-loopback-peers
    """
    process = await asyncio.create_subprocess_exec(
        TURNSERVER, *asked.split(), *options, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield relay.Relay("127.0.0.1", port, USER, PASSWORD)
    finally:
        process.terminate()
        await process.wait()
