"""Is the relay (TURN, RFC 8656) there, and does it carry a talk? Packets go through it and come back to ourselves.

Two allocations of our own send to each other: what leaves here crosses the line up to the relay and down again, behind
whatever NAT, and both clocks are one. The relay sees random bytes.
"""

import asyncio
import os
import re
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLError
from typing import cast

from aioice import stun
from aioice.turn import TurnTransport, create_turn_endpoint

from room_agent.checks.line import NoRelay, Relayed
from telemed.kit.settings import BadSetting

_URL = re.compile(r"(turns?):([^:?\[\]]+|\[[0-9a-f:]+\])(?::(\d+))?(?:\?transport=(udp|tcp))?")
_PORTS = {"turn": 3478, "turns": 5349}
_HEAD = struct.Struct("!Id")
ANSWER_S = 4.0
"""An allocation takes two round trips; aioice itself would try for half a minute."""
PACKET_BYTES = 1000
PACKETS = 240
PACKET_EVERY_S = 0.005
"""Together 1.6 Mbit/s for 1.2 s: a talk with a picture, and no more."""
STRAGGLERS_S = 0.5


@dataclass(frozen=True)
class Relay:
    """Where the relay is and what it knows us by. *transport*: ``udp`` or ``tcp``."""

    host: str
    port: int
    user: str = field(repr=False)
    password: str = field(repr=False)
    transport: str = "udp"
    tls: bool = False


def read(url: str, credential: Path) -> Relay:
    """*url*: ``turn:host[:port][?transport=udp|tcp]`` (RFC 7065). *credential*: a file with ``user:password``.

    Raises:
        BadSetting: the URL or the file cannot be read, or others may read the file.
    """
    if relay_at(url, "", "") is None:
        raise BadSetting("TELEMED_ROOM_TURN_URL is not like turn:host:port?transport=udp")
    try:
        mode, text = credential.stat().st_mode, credential.read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise BadSetting(f"the relay's credential {credential.name} cannot be read") from None
    user, colon, password = text.partition(":")
    if mode & 0o077 or not (user and colon and password):
        raise BadSetting(f"the relay's credential {credential.name} is not user:password, readable by its owner alone")
    found = relay_at(url, user, password)
    assert found is not None  # looked at above
    return found


def relay_at(url: str, user: str, password: str) -> Relay | None:
    """The relay at *url* (RFC 7065); None if it is no such address."""
    found = _URL.fullmatch(url)
    if found is None:
        return None
    scheme, host, port, transport = found.groups()
    tls = scheme == "turns"
    return Relay(
        host.strip("[]"), int(port or _PORTS[scheme]), user, password, transport or ("tcp" if tls else "udp"), tls
    )


class _End(asyncio.DatagramProtocol):
    """One end of the way: what arrived, by number, with how long it took and when."""

    def __init__(self) -> None:
        self.arrived: dict[int, tuple[float, float]] = {}
        self.changed = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio's signature
        if len(data) >= _HEAD.size:
            number, sent = _HEAD.unpack_from(data)
            now = time.monotonic()
            self.arrived.setdefault(number, (now - sent, now))
            self.changed.set()


async def probe(relay: Relay | None) -> Relayed | NoRelay:
    """Send packets through *relay* and see what comes back."""
    if relay is None:
        return NoRelay.NONE
    try:
        async with _end(relay) as (one, _), _end(relay) as (other, there):
            to_one, to_other = one.get_extra_info("sockname"), other.get_extra_info("sockname")
            async with asyncio.timeout(ANSWER_S):
                await _open_way(one, to_other, other, to_one, there)
            return await _measure(one, to_other, there)
    except stun.TransactionFailed:
        return NoRelay.REFUSED
    except (TimeoutError, OSError, SSLError, stun.TransactionTimeout):
        return NoRelay.UNREACHABLE


@asynccontextmanager
async def _end(relay: Relay) -> AsyncIterator[tuple[TurnTransport, _End]]:
    async with asyncio.timeout(ANSWER_S):
        transport, end = await create_turn_endpoint(
            _End,
            server_addr=(relay.host, relay.port),
            username=relay.user,
            password=relay.password,
            lifetime=60,
            ssl=relay.tls,
            transport=relay.transport,
        )
    try:
        yield transport, cast(_End, end)
    finally:
        transport.close()


Address = tuple[str, int]


async def _open_way(one: TurnTransport, to_other: Address, other: TurnTransport, to_one: Address, there: _End) -> None:
    """Each end lets the other in by sending to it; number 0 says hello until it is heard."""
    other.sendto(_packet(0), to_one)
    while 0 not in there.arrived:
        one.sendto(_packet(0), to_other)
        there.changed.clear()
        try:
            async with asyncio.timeout(0.2):
                await there.changed.wait()
        except TimeoutError:
            continue


async def _measure(one: TurnTransport, to_other: Address, there: _End) -> Relayed:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(1, PACKETS + 1):
        one.sendto(_packet(number), to_other)
        await asyncio.sleep(max(0.0, began + number * PACKET_EVERY_S - loop.time()))
    await _stragglers(there)
    arrived = [found for number, found in there.arrived.items() if number]
    if not arrived:
        return Relayed(1.0, 0.0, 0.0)
    trips, moments = sorted(trip for trip, _ in arrived), [moment for _, moment in arrived]
    lasted = max(max(moments) - min(moments), PACKETS * PACKET_EVERY_S)
    lost = 1 - len(arrived) / PACKETS
    return Relayed(lost, trips[len(trips) // 2], len(arrived) * PACKET_BYTES * 8 / lasted)


async def _stragglers(there: _End) -> None:
    """Until all have arrived, or nothing more comes."""
    while len(there.arrived) <= PACKETS:
        there.changed.clear()
        try:
            async with asyncio.timeout(STRAGGLERS_S):
                await there.changed.wait()
        except TimeoutError:
            return


def _packet(number: int) -> bytes:
    return _HEAD.pack(number, time.monotonic()) + os.urandom(PACKET_BYTES - _HEAD.size)
