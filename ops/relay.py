"""The own relay's configuration, filled in from ``ops/turnserver.conf``; on the relay's machine:

    .venv/bin/python -m ops.relay --realm relay.example --secret /etc/telemed/relay_secret \
        --certificate /etc/telemed/relay.crt --key /etc/telemed/relay.key >/etc/telemed/turnserver.conf
"""

import argparse
import datetime
import ipaddress
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OPS = Path(__file__).resolve().parent
TEMPLATE = OPS / "turnserver.conf"
OPENSSL = OPS / "openssl.cnf"
TURNSERVER = shutil.which("turnserver") or "/usr/bin/turnserver"
STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Relay:
    """What differs from one relay to the next.

    *folder*: where it keeps its pid and its (empty) list of users. *addresses*: where it listens and what it lends;
    none: all that the machine has. *public*: how it is seen from outside, behind a NAT. *rooms*: networks among the
    forbidden ones that it may carry to, like ``10.20.0.0/16``.
    """

    realm: str
    secret: str
    certificate: Path
    key: Path
    folder: Path
    port: int = 3478
    tls_port: int = 5349
    ports: tuple[int, int] = (49152, 65535)
    addresses: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()


def configuration(relay: Relay) -> str:
    """What coturn reads.

    Raises:
        ValueError: a room's network is none.
    """
    listening = [f"{name}={one}" for one in relay.addresses for name in ("listening-ip", "relay-ip")]
    filled = {
        "REALM": relay.realm,
        "SECRET": relay.secret,
        "PORT": str(relay.port),
        "TLS_PORT": str(relay.tls_port),
        "FIRST_PORT": str(relay.ports[0]),
        "LAST_PORT": str(relay.ports[1]),
        "ADDRESSES": "\n".join([*listening, *(f"external-ip={one}" for one in relay.public)]),
        "CERTIFICATE": str(relay.certificate),
        "KEY": str(relay.key),
        "ROOMS": "\n".join(f"allowed-peer-ip={_range(one)}" for one in relay.rooms),
        "PIDFILE": str(relay.folder / "turnserver.pid"),
        "USERDB": str(relay.folder / "turnserver.db"),
    }
    text = TEMPLATE.read_text().partition("\n\n")[2]
    for name, value in filled.items():
        text = text.replace(f"@{name}@", value)
    return text


def _range(network: str) -> str:
    found = ipaddress.ip_network(network)
    return f"{found[0]}-{found[-1]}"


def urls(relay: Relay, host: str, *, tls: bool = True) -> tuple[str, ...]:
    """The setting ``TELEMED_CENTRE_RELAY_URLS`` of the centre, the best way first."""
    plain = (f"turn:{host}:{relay.port}?transport=udp", f"turn:{host}:{relay.port}?transport=tcp")
    return (*plain, f"turns:{host}:{relay.tls_port}?transport=tcp") if tls else plain


@contextmanager
def running(relay: Relay, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """coturn, for the demo and the tests; its log and all it writes is in the relay's folder. *options*: more of its
    own. It may not have opened its ports yet."""
    config = relay.folder / "turnserver.conf"
    config.touch(mode=0o600)
    config.write_text(configuration(relay))
    with (relay.folder / "turnserver.log").open("wb") as log:
        process = subprocess.Popen(
            [TURNSERVER, "-c", str(config), *options],
            env={**os.environ, "OPENSSL_CONF": str(OPENSSL)},
            cwd=relay.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_ports(host: str) -> tuple[int, int]:
    """Two that nobody has."""
    with socket.create_server((host, 0)) as one, socket.create_server((host, 0)) as other:
        return int(one.getsockname()[1]), int(other.getsockname()[1])


def self_signed(folder: Path, address: str) -> tuple[Path, Path]:
    """A certificate for *address* that nobody but this machine's demo and tests trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "exercise relay")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "relay.crt", folder / "relay.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.touch(mode=0o600)
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


def new_secret(path: Path) -> str:
    """The text that centre and relay share, made on the first start."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text().strip()


def main(words: list[str] | None = None) -> int:
    """Write the configuration to standard output."""
    told = argparse.ArgumentParser(prog="ops.relay", description="The own relay's configuration.")
    told.add_argument("--realm", required=True, help="the relay's name in the network")
    told.add_argument("--secret", required=True, type=Path, help="the file that the centre reads too; made if missing")
    told.add_argument("--certificate", required=True, type=Path, help="PEM, with the chain")
    told.add_argument("--key", required=True, type=Path)
    told.add_argument("--folder", type=Path, default=Path("/var/lib/telemed-relay"))
    told.add_argument("--address", action="append", default=[], help="where it listens; all, if none is named")
    told.add_argument("--public", action="append", default=[], help="its address seen from outside, behind a NAT")
    told.add_argument("--room-network", action="append", default=[], help="an own network that it may carry to")
    asked = told.parse_args(words)
    relay = Relay(
        asked.realm,
        new_secret(asked.secret),
        asked.certificate,
        asked.key,
        asked.folder,
        addresses=tuple(asked.address),
        public=tuple(asked.public),
        rooms=tuple(asked.room_network),
    )
    try:
        sys.stdout.write(configuration(relay))
    except ValueError as error:
        print(f"ops.relay: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
