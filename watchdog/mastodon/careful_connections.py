"""
Connections to strangers, and to nobody else: whatever a name stands for now, an address that is not public is never connected to.

Two gates: a name is refused as a whole if one of its addresses is not public, and each address is looked at once more at the moment its socket is made, so a name that changes its
mind in between (DNS rebinding) gains nothing. A proxy of the environment would look names up by itself, beyond both gates: none is used.
"""

import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from watchdog.mastodon.public_address import is_public

MOST_ADDRESSES: Final = 8
"""More of them are not tried; Mastodon itself tries four."""
Judge = Callable[[str], bool]


class NotPublicError(OSError):
    """The name stands for an address to which no stranger may send us."""


class PublicResolver(AbstractResolver):
    """Looks names up by another resolver, that of the system if none is given, and gives on what is public."""

    def __init__(self, inner: AbstractResolver | None = None, *, may_reach: Judge = is_public) -> None:
        self._inner = inner or aiohttp.ThreadedResolver()
        self._may_reach = may_reach

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """The addresses. Raises OSError, `NotPublicError` where one of them is not public."""
        found = await self._inner.resolve(host, port, family)
        if not all(self._may_reach(one["host"]) for one in found):
            raise NotPublicError("an address of it is not public")
        return found[:MOST_ADDRESSES]

    async def close(self) -> None:
        """Nothing is kept."""
        await self._inner.close()


def connector(
    *, inner: AbstractResolver | None = None, tls: ssl.SSLContext | None = None, may_reach: Judge = is_public
) -> aiohttp.TCPConnector:
    """What makes such connections, a new one for each request. `tls` says whose certificates are accepted: by itself those that this machine trusts."""

    def open_socket(info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, proto, _, address = info
        if not may_reach(str(address[0])):
            raise NotPublicError("its address is not public")
        return socket.socket(family=family, type=kind, proto=proto)

    return aiohttp.TCPConnector(
        resolver=PublicResolver(inner, may_reach=may_reach),
        use_dns_cache=False,
        force_close=True,
        ssl=True if tls is None else tls,
        socket_factory=open_socket,
    )
