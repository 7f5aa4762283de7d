"""
Getting in by the agent's unix socket, for those who ask it.

Where as many stand in line as the kernel lets (`doors.BACKLOG`), it turns the next one away at once. asyncio takes that for a connection that is still being made, and then finds none to write to; here it is knocked again
until there is room. To be loaded late: it brings the HTTP library.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.client_proto import ResponseHandler

PAUSE: Final = 0.05
"""Seconds between two knocks: an agent that is awake lets in all who stand there at once."""


class Knocking(aiohttp.UnixConnector):
    """Connections to the unix socket at `path`; how long they may take is said by whoever asks."""

    async def _create_connection(self, req: aiohttp.ClientRequest, _traces: Any, timeout: aiohttp.ClientTimeout) -> ResponseHandler:  # noqa: ASYNC109  (the library's)
        try:
            async with asyncio.timeout(timeout.sock_connect):
                sock = await let_in(self.path)
        except TimeoutError:
            raise
        except OSError as error:
            raise UnixClientConnectorError(self.path, req.connection_key, error) from error
        _, protocol = await asyncio.get_running_loop().create_unix_connection(self._factory, sock=sock)
        return protocol


async def let_in(path: str, rest: Callable[[float], Awaitable[None]] = asyncio.sleep) -> socket.socket:
    """A connection, once there is room for it; it does not give up by itself. Raises OSError where nobody listens, or where this user may not ask."""
    while True:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            sock.connect(path)
        except BlockingIOError:
            sock.close()
        except OSError:
            sock.close()
            raise
        else:
            return sock
        await rest(PAUSE)
