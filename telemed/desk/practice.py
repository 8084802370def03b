"""Where a doctor's browser may hand values over to: the practice's own FHIR server. Pure.

The centre only says which address is allowed, in a page's Content Security Policy; it never sees what goes there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

NAMED = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*|::1")
LOCAL = ("localhost", "127.0.0.1", "::1")
ALL = "*"


class BadAddress(ValueError):
    """A setting that names no address that a browser may send values to."""


@dataclass(frozen=True)
class PracticeServers:
    """The address of the practice of each doctor, by id; under `ALL` that of everybody else."""

    addresses: Mapping[str, str] = field(default_factory=dict)

    def of(self, doctor_id: str) -> str:
        """The base address of the FHIR server; empty when the operator has set none."""
        return self.addresses.get(doctor_id, self.addresses.get(ALL, ""))


def parse(setting: str) -> PracticeServers:
    """Read ``weiss=https://fhir.praxis.example/r4,*=https://…``; an address alone is everybody's.

    Raises:
        BadAddress: not https (but on this computer), or with anything that is more than host, port and path.
    """
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in setting.split(","))):
        doctor, equals, address = part.partition("=")
        who, where = (doctor, address) if equals else (ALL, part)
        found[who] = _checked(where)
    return PracticeServers(found)


def _checked(address: str) -> str:
    parts = urlsplit(address)
    host = parts.hostname or ""
    local = host in LOCAL or host.endswith(".localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise BadAddress(f"{address} is not https")
    plain = address == f"{parts.scheme}://{parts.netloc}{parts.path}" and not set(address) & set(" ;'\"")
    if not NAMED.fullmatch(host) or "@" in parts.netloc or not plain:
        raise BadAddress(f"{address} is more than an address")
    return address
