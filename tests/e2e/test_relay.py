"""The own relay as a city runs it: a real coturn from ``ops/turnserver.conf``, asked by an honest client and by one
that wants into networks that are not its own."""

import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from ops import relay
from room_agent.checks.line import Relayed, of_relay
from room_agent.checks.relay import Relay as Probed
from room_agent.checks.relay import probe
from tests.relay import IN_NAMESPACE, WAYS, Running, coturn
from tests.turn import IPV6, Turn

NONCE_S = 1
REFUSED_S = 3.0
FORBIDDEN = (
    *(
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "10.99.0.2",
        "172.16.0.1",
        "172.31.255.254",
        "192.168.1.1",
    ),
    *("100.64.0.1", "169.254.169.254", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
)
FORBIDDEN_IPV6 = (
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:192.0.32.7", "64:ff9b::7f00:1"),
    *("64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "fc00::1", "fd12::1", "fe80::1", "ff02::1"),
)
WORLD, WORLD_IPV6 = ("192.0.32.7", "8.8.8.8"), ("2001:500:88:200::7", "2a00::1")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One relay for all tests here; a second address lends IPv6. Its nonces are old after a second."""
    folder = tmp_path_factory.mktemp("relay")
    with coturn(folder, f"--stale-nonce={NONCE_S}", addresses=(IN_NAMESPACE, "::1")) as made:
        yield made


@pytest.mark.parametrize("way", WAYS)
def test_with_the_centres_credential_it_lends_an_address_and_carries_over_each_way(
    running: Running, way: Literal["udp", "tcp", "tls"]
) -> None:
    with running.client(way) as one, running.client() as other:
        assert (one.allocate(), other.allocate()) == (0, 0)
        assert (one.permit(other.relayed[0]), other.permit(one.relayed[0])) == (0, 0)
        one.send(other.relayed, b"sealed")
        assert other.received() == b"sealed"
        other.send(one.relayed, b"back")
        assert one.received() == b"back"


@pytest.mark.anyio
async def test_the_rooms_own_probe_is_content_with_such_a_credential(running: Running) -> None:
    given = running.client()
    found = await probe(Probed(given.host, given.port, given.user, given.password))
    assert isinstance(found, Relayed)
    assert of_relay(found).code == "ok"


def refused(client: Turn, address: str) -> bool:
    """By permission and by channel."""
    return (client.permit(address), client.bind(address)) == (403, 403)


def test_it_carries_into_the_world_and_into_no_network_that_is_somebodys_own(running: Running) -> None:
    with running.client() as client:
        assert client.allocate() == 0
        assert [each for each in FORBIDDEN if not refused(client, each)] == []
        assert [each for each in (*WORLD, IN_NAMESPACE) if refused(client, each)] == []
    with running.client() as client:
        assert client.allocate(IPV6) == 0
        assert [each for each in FORBIDDEN_IPV6 if not refused(client, each)] == []
        assert [each for each in WORLD_IPV6 if refused(client, each)] == []


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_and_an_expired_credential_are_refused_at_once(
    running: Running, way: Literal["udp", "tcp", "tls"]
) -> None:
    began = time.monotonic()
    with running.client(way, secret=b"another" * 8) as stranger:
        assert stranger.allocate() == 401
    with running.client(way, lasts=timedelta(seconds=-1)) as late:
        assert late.allocate() == 401
    assert time.monotonic() - began < REFUSED_S


def is_refused(client: Turn) -> bool:
    with client:
        return client.allocate() == 401


def test_what_was_set_up_in_time_goes_on_after_its_credential_has_ended_and_nothing_new_begins(
    running: Running,
) -> None:
    """Why ten minutes are enough (decision 0013)."""
    with running.client(lasts=timedelta(seconds=2)) as client:
        assert client.allocate() == 0
        asked = client.challenges
        after = Turn(client.host, client.port, client.user, client.password)
        while not is_refused(after):
            time.sleep(0.1)  # the pause between two looks
        assert client.refresh() == 0
        assert client.challenges > asked  # it was asked anew, with a new nonce, and known still
        assert (client.permit(WORLD[0]), client.bind(IN_NAMESPACE)) == (0, 0)


GOOD = ("", "-cipher ECDHE-ECDSA-AES128-GCM-SHA256", "-groups P-384:P-256")
WEAK = (
    "-tls1_1 -cipher DEFAULT@SECLEVEL=0",
    "-tls1_2 -cipher AES256-GCM-SHA384:AES128-SHA",
    "-tls1_2 -cipher ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA256",
    "-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305",
)


def test_its_tls_has_the_suites_of_the_bsi_and_no_weaker_ones(running: Running) -> None:
    def agreed(words: str, within_s: float = 10) -> bool:
        asked = f"openssl s_client -connect {IN_NAMESPACE}:{running.relay.tls_port} -CAfile {running.ca}"
        command = [*asked.split(), "-verify_return_error", *words.split()]
        try:
            return (
                subprocess.run(command, input=b"", capture_output=True, timeout=within_s, check=False).returncode == 0
            )
        except subprocess.TimeoutExpired:  # to TLS 1.1 it may say nothing at all
            return False

    assert [words for words in GOOD if not agreed(words)] == []
    assert [words for words in WEAK if agreed(words, 1)] == []


def test_its_log_has_neither_secret_nor_password(running: Running) -> None:
    with running.client() as client:
        assert client.allocate() == 0
        said = running.log.read_text()
    assert client.user in said or "turn server id" in said
    assert running.relay.secret not in said
    assert client.password not in said


def test_the_command_writes_what_the_tests_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "--realm relay.example --certificate /c.crt --key /c.key --room-network 10.20.0.0/16 --public 192.0.32.7"
    assert relay.main([*words.split(), "--secret", str(tmp_path / "secret")]) == 0
    written = capsys.readouterr().out
    assert "@" not in written
    assert "allowed-peer-ip=10.20.0.0-10.20.255.255\n" in written
    assert f"static-auth-secret={(tmp_path / 'secret').read_text()}\n" in written
    assert relay.main([*words.split(), "--secret", str(tmp_path / "secret"), "--room-network", "10.1/x"]) == 2
