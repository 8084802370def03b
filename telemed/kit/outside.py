"""Addresses that somebody outside has chosen: whether they are of the public network, asked before anything is sent."""

import ipaddress
import re
import socket
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from telemed.kit.settings import BadSetting

_WRAPPING = (
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("2002::/16"),
)
"""IPv6 addresses that are an IPv4 address on the way: whose, the outside cannot be asked."""

_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
"""All that is given out of IPv6; what lies outside of it may be called global and means this machine or its network."""
_OF_THE_HOUSE = frozenset({ipaddress.ip_address("168.63.129.16")})
"""Public by its number, and yet of the machine's own cloud: it answers to whoever stands in there (Azure)."""

Resolve = Callable[[str, int], Iterable[str]]
"""The addresses of a host and port."""


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAME = re.compile(r"[a-z]([a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True)
class Inside:
    """What the operator allows beside the public network, for a test or a network of his own: machines by their names,
    whatever these stand for, and networks by their numbers. All else of the own network stays shut."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, name: str, text: str) -> "Inside":
        """From a setting such as ``praxis.test,10.1.0.0/16``. *name*: the setting's.

        Raises:
            BadSetting: something is neither a name nor a network.
        """
        hosts, networks = set[str](), list[Network]()
        for one in filter(None, (part.strip().lower() for part in text.split(","))):
            try:
                networks.append(ipaddress.ip_network(one))
            except ValueError:
                if not _NAME.fullmatch(one):
                    why = "is neither a host name nor a network; such as praxis.test,10.1.0.0/16"
                    raise BadSetting(f"{name}: {one[:50]} {why}") from None
                hosts.add(one)
        return cls(frozenset(hosts), tuple(networks))

    def names(self, host: str) -> bool:
        """Whether the operator means this machine: by its name, or by its number."""
        return host.lower() in self.hosts or self._holds(host)

    def allows(self, host: str, addresses: Collection[str]) -> bool:
        """Whether something may be sent to *host*, which stands for these *addresses*."""
        if not addresses:
            return False
        return host.lower() in self.hosts or all(is_outside(one) or self._holds(one) for one in addresses)

    def _holds(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        return any(ip in network for network in self.networks if network.version == ip.version)


NOTHING = Inside()


def is_outside(address: str) -> bool:
    """Whether an address is one of the public network."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip in _OF_THE_HOUSE or (ip.version == 6 and ip not in _PUBLIC_V6):
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in net for net in _WRAPPING if net.version == ip.version)


def addresses_of(host: str, port: int) -> list[str]:
    """As the system resolves it.

    Raises:
        OSError: it is not known.
    """
    return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
