"""Addresses that somebody outside has chosen: whether they are of the public network, asked before anything is sent."""

import ipaddress
import socket
from collections.abc import Callable, Iterable

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
