"""The own relay for tests: a real coturn from ``ops/turnserver.conf``, over UDP, TCP and TLS, with what a centre must
know of it. Its certificate is its own, so who shall trust it is told *ca* (Python: ``SSL_CERT_FILE``; Chromium:
``--ignore-certificate-errors``).

A talk needs an address that is not loopback: ``ops/in_namespace.sh`` gives 10.99.0.1.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from ops import relay
from telemed.kit.clock import real_now
from telemed.signalling.relays import OwnRelays
from tests.turn import Turn

IN_NAMESPACE = "10.99.0.1"
WAYS: tuple[Literal["udp", "tcp", "tls"], ...] = ("udp", "tcp", "tls")
START_S = 10.0


@dataclass(frozen=True)
class Running:
    """*own* is what belongs in the centre's ``live``; *log* is what coturn says."""

    relay: relay.Relay
    host: str
    own: OwnRelays
    ca: Path
    log: Path

    @property
    def settings(self) -> dict[str, str]:
        """For a centre that runs as a program of its own."""
        secret = self.relay.folder / "relay_secret"
        return {"TELEMED_CENTRE_RELAY_URLS": ",".join(self.own.urls), "TELEMED_CENTRE_RELAY_SECRET": str(secret)}

    def only(self, way: Literal["udp", "tcp", "tls"]) -> OwnRelays:
        """The same relay by one way alone."""
        return OwnRelays((self.own.urls[WAYS.index(way)],), self.own.secret)

    def client(
        self,
        way: Literal["udp", "tcp", "tls"] = "udp",
        *,
        lasts: timedelta = timedelta(minutes=10),
        secret: bytes = b"",
    ) -> Turn:
        """A client with a credential as the centre gives it, made with another *secret* if one is named."""
        made = OwnRelays(self.own.urls, secret or self.own.secret, lasts)
        (given,) = made.given_for("visit-1", now=real_now())
        port = self.relay.tls_port if way == "tls" else self.relay.port
        return Turn(self.host, port, given.username, given.credential, way, str(self.ca))


@contextmanager
def coturn(
    folder: Path, *options: str, host: str = IN_NAMESPACE, addresses: tuple[str, ...] = (), rooms: tuple[str, ...] = ()
) -> Iterator[Running]:
    """coturn on *host* (and more *addresses*), once it answers; it may carry to *rooms*, by default to *host*.

    Raises:
        FileNotFoundError: Debian's package coturn is not installed.
    """
    certificate, key = relay.self_signed(folder, host)
    secret = relay.new_secret(folder / "relay_secret")
    (port, tls_port), ports = relay.free_ports(host), (50000, 50999)
    made = relay.Relay(
        "relay.example",
        secret,
        certificate,
        key,
        folder,
        port,
        tls_port,
        ports,
        addresses=addresses or (host,),
        rooms=rooms or (f"{host}/32",),
    )
    with relay.running(made, *options):
        _await(host, made)
        own = OwnRelays(relay.urls(made, host), secret.encode())
        yield Running(made, host, own, certificate, folder / "turnserver.log")


def _await(host: str, made: relay.Relay) -> None:
    """Until it answers over UDP and TLS."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            with Turn(host, made.port, "nobody", "", answer_s=0.1) as asking:
                asking.allocate()
            with socket.create_connection((host, made.tls_port), 1):
                return
        except OSError:
            time.sleep(0.02)  # the pause between two looks, not a wait for luck
    raise TimeoutError("coturn does not answer")
