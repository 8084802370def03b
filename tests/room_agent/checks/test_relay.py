"""The relay is really asked: a coturn of our own, its password, its silence, and a line that loses packets."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from room_agent.checks import relay
from room_agent.checks.line import NoRelay, Relayed, of_relay
from room_agent.checks.relay import Relay, probe
from telemed.kit.settings import BadSetting
from tests.room_agent.checks.relays import coturn

pytestmark = pytest.mark.anyio


async def measured(way: Relay) -> Relayed | NoRelay:
    """Once it answers: a coturn that has just been started needs a moment."""
    async with asyncio.timeout(20):
        while (found := await probe(way)) is NoRelay.UNREACHABLE:
            continue
        return found


class Lossy(asyncio.DatagramProtocol):
    """Between the room and the relay: throws away *part* of what is larger than a STUN message, and delays the rest."""

    def __init__(self, to: tuple[str, int], *, part: float, delay_s: float) -> None:
        self._to, self._part, self._delay_s = to, part, delay_s
        self._random = random.Random(5)
        self._ways: dict[tuple[str, int], asyncio.Task[asyncio.DatagramTransport]] = {}
        self._carrying: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) > 900 and self._random.random() < self._part:
            return
        if addr not in self._ways:
            self._ways[addr] = asyncio.create_task(self._way(addr))
        carrying = asyncio.create_task(self._carry(data, self._ways[addr]))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _way(self, addr: tuple[str, int]) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        made, _ = await loop.create_datagram_endpoint(lambda: _Back(self, addr), remote_addr=self._to)
        return made

    async def _carry(self, data: bytes, way: asyncio.Task[asyncio.DatagramTransport]) -> None:
        await asyncio.sleep(self._delay_s)
        (await way).sendto(data)

    def back(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(data, addr)

    def close(self) -> None:
        for way in self._ways.values():
            way.result().close()


class _Back(asyncio.DatagramProtocol):
    def __init__(self, between: Lossy, addr: tuple[str, int]) -> None:
        self._between, self._addr = between, addr

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        self._between.back(data, self._addr)


@asynccontextmanager
async def behind(way: Relay, *, part: float = 0.0, delay_s: float = 0.0) -> AsyncIterator[Relay]:
    """The same relay behind a bad line."""
    loop = asyncio.get_running_loop()
    transport, lossy = await loop.create_datagram_endpoint(
        lambda: Lossy((way.host, way.port), part=part, delay_s=delay_s), local_addr=("127.0.0.1", 0)
    )
    try:
        yield replace(way, port=transport.get_extra_info("sockname")[1])
    finally:
        lossy.close()
        transport.close()


async def test_a_good_relay_carries_what_is_sent_and_a_bad_line_shows(tmp_path: Path) -> None:
    async with coturn(tmp_path) as way:
        good = await measured(way)
        assert isinstance(good, Relayed)
        assert (good.lost_part, of_relay(good).code) == (0.0, "ok")
        assert good.round_trip_s < 0.1
        assert 1_200_000 < good.bit_s < 1_700_000

        assert await probe(replace(way, password="wrong")) is NoRelay.REFUSED
        assert await probe(replace(way, user="nobody")) is NoRelay.REFUSED

        async with behind(way, part=0.2) as bad:
            lossy = await probe(bad)
        assert isinstance(lossy, Relayed)
        assert 0.1 < lossy.lost_part < 0.3
        assert of_relay(lossy).code == "lossy"

        async with behind(way, delay_s=0.32) as far:
            slow = await probe(far)
        assert isinstance(slow, Relayed)
        assert 0.3 < slow.round_trip_s < 1.0
        assert of_relay(slow).code == "slow"

        over_tcp = await probe(replace(way, transport="tcp"))
        assert of_relay(over_tcp).code == "ok"


async def test_nobody_there_and_nothing_set_up_are_two_things() -> None:
    nobody = Relay("127.0.0.1", 9, "a", "b", transport="tcp")
    assert await probe(nobody) is NoRelay.UNREACHABLE
    assert await probe(None) is NoRelay.NONE


async def test_a_relay_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "ANSWER_S", 0.2)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    silent = Relay("127.0.0.1", transport.get_extra_info("sockname")[1], "a", "b")
    assert await probe(silent) is NoRelay.UNREACHABLE
    transport.close()


def credential(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "turn-credential"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("turn:relay.example", Relay("relay.example", 3478, "room", "se:cret")),
        ("turn:10.0.0.1:3479?transport=tcp", Relay("10.0.0.1", 3479, "room", "se:cret", "tcp")),
        ("turns:relay.example", Relay("relay.example", 5349, "room", "se:cret", "tcp", tls=True)),
        ("turn:[::1]:5000", Relay("::1", 5000, "room", "se:cret")),
    ],
)
def test_the_address_of_a_relay(url: str, read: Relay, tmp_path: Path) -> None:
    assert relay.read(url, credential(tmp_path, "room:se:cret\n")) == read
    assert "cret" not in repr(read)


@pytest.mark.parametrize(
    ("url", "text", "mode"),
    [
        ("http://relay", "a:b", 0o600),
        ("turn:", "a:b", 0o600),
        ("turn:relay?transport=sctp", "a:b", 0o600),
        ("turn:relay", "a;b", 0o600),
        ("turn:relay", ":b", 0o600),
        ("turn:relay", "a:b", 0o644),
    ],
)
def test_a_wrong_address_or_credential_stops_the_start(url: str, text: str, mode: int, tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as refused:
        relay.read(url, credential(tmp_path, text, mode))
    assert text not in str(refused.value)


def test_a_missing_credential_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSetting):
        relay.read("turn:relay", tmp_path / "none")
