"""Which addresses a stranger may have us connect to."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watchdog.mastodon.public_address import is_public


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "193.0.0.1",
        "2a01:4f8::1",
        "2606:4700::1111",
        "2001:4860:4860::8888",
        "64:ff9b::808:808",
    ],
)
def test_addresses_of_somebody_out_there(address):
    """Those at the edge of what is not public too; an IPv4 address behind NAT64 counts as what it is."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "fe80::1", "fe80::1%eth0", "2a01::1%lo", "fc00::1", "fdff::1", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1",
        "100::1", "2001::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1",
        "", "localhost", "127.1", "2130706433", "0x7f000001", "8.8.8.8:443", "[2a01:4f8::1]", "08.8.8.8", " 8.8.8.8",
    ],
)  # fmt: skip
def test_addresses_of_nobody_out_there(address):
    """Of this machine, its network, a cloud's own services, tunnels that end anywhere, and what is no address at all."""
    assert not is_public(address)


@given(st.ip_addresses())
@example(ipaddress.ip_address("224.0.0.1"))
def test_never_more_than_python_allows(address):
    """What this Python takes for private, multicast or reserved is never public here; NAT64 is the one prefix that is looked through."""
    inner = ipaddress.ip_address(int(address) & 0xFFFF_FFFF) if address in ipaddress.ip_network("64:ff9b::/96") else address
    if is_public(str(address)):
        assert inner.is_global
        assert not inner.is_multicast
        assert not inner.is_reserved
