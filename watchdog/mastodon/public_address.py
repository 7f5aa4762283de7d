"""
Which addresses are those of somebody out there, and not of this machine, its network, or a cloud that trusts it. Pure.

A table of our own after the IANA special-purpose registries (RFC 6890 and its successors): what Python's `is_global` says has changed between versions, and is true of multicast.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_NOT_V4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by customers of a provider, RFC 6598
        "127.0.0.0/8",
        "169.254.0.0/16",  # where clouds tell machines their secrets
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
_UNICAST: Final = IPv6Network("2000::/3")
"""All that was ever given to anybody; loopback, link-local, unique local and multicast lie elsewhere."""
_NOT_V6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, ORCHID, benchmarks: tunnels and no hosts
        "2001:db8::/32",
        "2002::/16",  # 6to4: any IPv4 address can stand in it
        "3fff::/20",
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""How a host with IPv6 alone reaches IPv4 (RFC 6052): what counts is the address at its end."""


def is_public(text: str) -> bool:
    """Whether a connection may be made to that address. False for what is no address, or has a zone."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return _is_v4(address) if isinstance(address, IPv4Address) else _is_v6(address)


def _is_v4(address: IPv4Address) -> bool:
    return not any(address in network for network in _NOT_V4)


def _is_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        # The kernel would make an IPv4 connection of it, and no name server has a reason to say it so.
        return False
    if address in _NAT64:
        return _is_v4(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in _UNICAST and not any(address in network for network in _NOT_V6)
