"""
The connections of one door: never more than so many, each with so long to say what it wants and to take its answer.

What reads slowly or sends a header a byte at a time is cut off, so it holds nothing that somebody else needs. What the HTTP library does with a connection is left to it.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from enum import Enum
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from watchdog.web.access.visit import NOBODY, Peer
from watchdog.web.limits import Limits

_CREDENTIALS: Final = struct.Struct("3i")
"""As `SO_PEERCRED` gives it: process, user, group."""
FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: 21\r\n\r\ntoo many connections\n"


class Pace(Enum):
    """What a connection is waited for."""

    HEAD = "head"
    ANSWER = "answer"
    STREAM = "stream"
    IDLE = "idle"


class Connection(asyncio.Protocol):
    """One of them: hands everything to the library's own protocol, and ends it when its time is over."""

    def __init__(self, crowd: "Crowd", inner: asyncio.Protocol) -> None:
        self._crowd = crowd
        self.inner = inner
        self.peer = Peer()
        self._transport: asyncio.Transport | None = None
        self._clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has come."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.peer = peer_of(transport.get_extra_info("socket"))
        if not self._crowd.enter(self):
            transport.write(FULL)
            transport.close()
            return
        self.pace(Pace.HEAD)
        self.inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Goes on to the library."""
        if self in self._crowd.inside:
            self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Goes on to the library."""
        return self.inner.eof_received() if self in self._crowd.inside else None

    def pause_writing(self) -> None:
        """Goes on to the library."""
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        """Goes on to the library."""
        self.inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """They have gone."""
        self._stop()
        if self._crowd.leave(self):
            self.inner.connection_lost(exc)

    def pace(self, pace: Pace) -> None:
        """From now on that is waited for, and no longer than it may take."""
        self._stop()
        limits = self._crowd.limits
        seconds = {Pace.HEAD: limits.head, Pace.ANSWER: limits.whole + limits.grace, Pace.IDLE: limits.idle}.get(pace)
        if seconds is not None and self._transport is not None:
            self._clock = asyncio.get_running_loop().call_later(seconds, self.cut)

    def cut(self) -> None:
        """Ends it at once, whatever was still to be sent."""
        self._stop()
        if self._transport is not None:
            self._transport.abort()

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


class Crowd:
    """All connections of a door; `make` gives the library's protocol for one."""

    def __init__(self, limits: Limits, make: Callable[[], asyncio.Protocol]) -> None:
        self.limits = limits
        self._make = make
        self.inside: dict[Connection, None] = {}
        self._of: dict[Any, Connection] = {}

    def __call__(self) -> Connection:
        """The protocol of a new connection."""
        return Connection(self, self._make())

    def enter(self, connection: Connection) -> bool:
        """Whether there is room for it."""
        if len(self.inside) >= self.limits.connections:
            return False
        self.inside[connection] = None
        self._of[connection.inner] = connection
        return True

    def leave(self, connection: Connection) -> bool:
        """Whether it had been let in."""
        if connection not in self.inside:
            return False
        del self.inside[connection]
        self._of.pop(connection.inner, None)
        return True

    def of(self, inner: object) -> Connection | None:
        """The connection that the library's protocol belongs to; None once it is gone."""
        return self._of.get(inner)

    def cut(self) -> None:
        """Ends all of them."""
        for connection in list(self.inside):
            connection.cut()


def peer_of(sock: socket.socket) -> Peer:
    """Who is at the other end; one that has gone already is nobody."""
    if sock.family == socket.AF_UNIX:
        _, uid, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        return Peer(uid=uid)
    try:
        host = str(sock.getpeername()[0])
    except OSError:
        return NOBODY
    address = ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return Peer(address=str(mapped or address))
