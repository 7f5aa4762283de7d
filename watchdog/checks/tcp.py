"""`type: tcp`: a connection that must come about, and is closed at once."""

import asyncio
import os
import socket

from watchdog.checks.attempt import CheckFailedError


class Tcp:
    """Tries `host`, a name or an address, at `port`."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    async def __call__(self) -> None:
        """Connects; raises `CheckFailedError`."""
        try:
            _, writer = await asyncio.open_connection(self._host, self._port)
        except OSError as error:
            raise CheckFailedError(f"no connection to {self._host} port {self._port}: {plainly(error)}") from None
        writer.transport.abort()


def plainly(error: OSError) -> str:
    """What the system says of a connection that did not come about; asyncio joins the errors of several addresses into one without a number."""
    if isinstance(error, socket.gaierror):
        return "the name can't be resolved"
    return os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
