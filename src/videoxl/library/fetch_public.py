"""Which addresses of the internet may be connected to on behalf of somebody else: public ones, of single machines.

Whoever names an address must not be able to make this machine talk to itself, to its neighbours, or to the service that
hands out a cloud machine's keys. Addresses that carry others inside (IPv4 in IPv6) are unwrapped or refused.
"""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Services of clouds that give keys to whoever asks; some of them stand at public or private addresses.
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        *("169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.169.253", "169.254.0.23"),
        *("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"),
    )
)
CARRIERS = {  # networks whose addresses stand for others
    "2002::/16": "6to4",
    "64:ff9b::/96": "NAT64",
    "64:ff9b:1::/48": "NAT64",
    "2001::/32": "Teredo",
    "::/96": "IPv4-compatible",
    "::ffff:0:0:0/96": "IPv4-translated",
}
RESERVED = (  # for protocols and documents; named here because Python's own lists differ from version to version
    *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "100::/64"),
)
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128")

_CARRIERS = {ipaddress.ip_network(network): name for network, name in CARRIERS.items()}
_PRIVATE = tuple(ipaddress.ip_network(network) for network in PRIVATE)
_RESERVED = tuple(ipaddress.ip_network(network) for network in RESERVED)


def why_not(text: str, *, allow_private: bool = False) -> str | None:
    """Why an address may not be connected to, as a word or two; None where it may.

    `allow_private` lets in private networks and this machine itself, and nothing else.
    """
    try:
        address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return "no address"
    if address in METADATA:
        return "a cloud's metadata service"
    if _is_in(address, _PRIVATE):
        return None if allow_private else ("this machine itself" if address.is_loopback else "private")
    for network, name in _CARRIERS.items():
        if _is_in(address, (network,)):
            return f"one that stands for another ({name})"
    if address.is_unspecified:
        return "no machine's"
    if address.is_multicast:
        return "of many machines"
    if address.is_link_local or getattr(address, "is_site_local", False):
        return "local to a link"
    if address.is_reserved or _is_in(address, _RESERVED) or not address.is_global:
        return "reserved"
    return None


def _is_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(network.version == address.version and address in network for network in networks)


def _unwrapped(address: Address) -> Address:
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address
