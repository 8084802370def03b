"""How the ends of a benchmark find each other: straight, by our relay, or straight beside a relay that is dead."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops import relay
from tests.bench.issue_c.thin_link import HERE

ROOMS = ("10.98.0.0/16", "10.99.0.0/16")
PORT, TLS_PORT = 3478, 5349


@dataclass(frozen=True)
class Way:
    """*open* sets it up, with the programs' data in a folder, and tells their settings. *only*: no other way."""

    name: str
    open: Callable[[Path], AbstractContextManager[dict[str, str]]]
    only: bool = False


@contextmanager
def _straight(_folder: Path) -> Iterator[dict[str, str]]:
    yield {}


@contextmanager
def _dead(folder: Path) -> Iterator[dict[str, str]]:
    """A port that takes everything and answers nothing."""
    _secret(folder)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((HERE, 0))
        yield {"TELEMED_CENTRE_RELAY_URLS": f"turn:{HERE}:{silent.getsockname()[1]}?transport=udp"}


def _secret(folder: Path) -> str:
    (folder / "centre").mkdir(exist_ok=True)
    return relay.new_secret(folder / "centre" / "relay_secret")


def relayed(kind: str, address: str = HERE) -> Way:
    """By a relay at *address*, over ``udp``, ``tcp`` or ``tls``, and not otherwise."""

    @contextmanager
    def opened(folder: Path) -> Iterator[dict[str, str]]:
        own = folder / "relay"
        own.mkdir()
        certificate, key = relay.self_signed(own, address)
        made = relay.Relay(
            "relay.test",
            _secret(folder),
            certificate,
            key,
            own,
            port=PORT,
            tls_port=TLS_PORT,
            addresses=(address,),
            rooms=ROOMS,
        )
        (url,) = (each for each in relay.urls(made, address) if _kind(each) == kind)
        settings = {"TELEMED_CENTRE_RELAY_URLS": url, "TELEMED_ROOM_RELAY_ONLY": "1", "SSL_CERT_FILE": str(certificate)}
        with relay.running(made):
            yield settings

    return Way(f"relayed over {kind.upper()}", opened, only=True)


def _kind(url: str) -> str:
    return "tls" if url.startswith("turns:") else url.rpartition("=")[2]


DIRECT = Way("direct", _straight)
DEAD = Way("direct, beside a dead relay", _dead)
RELAYED = {kind: relayed(kind) for kind in ("udp", "tcp", "tls")}
