"""A Redis that answers what a test says: in front of a real one, and strict, for the real one does the work whenever it may."""

import asyncio
import contextlib
from types import TracebackType
from typing import Final, Self

ERRORS: Final = {
    "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "misconf": b"-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.\r\n",
    "noauth": b"-NOAUTH Authentication required.\r\n",
}
"""What Redis says to every command in each of these states."""


class Proxy:
    """
    Listens on the loopback, `url` is where.

    `mode` is "" (all goes through), a key of `ERRORS` (every command is answered with it), or "reset" (connections are reset in the middle
    of a reply). `switch` also ends the connections that there are, as such a server would. Whatever the server says arrives `delay` seconds later.
    """

    def __init__(self, upstream: int, *, delay: float = 0.0) -> None:
        self.url = ""
        self._delay = delay
        self._upstream = upstream
        self._mode = ""
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None  # __aenter__ made it
        self._server.close()
        self._abort_all()
        await self._server.wait_closed()

    def switch(self, mode: str) -> None:
        """From now on it is in that state."""
        self._mode = mode
        self._abort_all()

    def fall_silent(self) -> None:
        """From now on nothing arrives, on old connections and new ones: all stay open, as behind a firewall that drops."""
        self._mode = "silent"

    def vanish(self) -> None:
        """From now on nothing listens here, and connections are reset."""
        assert self._server is not None  # __aenter__ made it
        self._server.close()
        self._abort_all()

    def move(self, upstream: int) -> None:
        """From now on another server stands behind it."""
        self._upstream = upstream
        self._abort_all()

    def _abort_all(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            if self._mode == "silent":
                await reader.read()
            elif error := ERRORS.get(self._mode):
                await self._refuse(reader, writer, error)
            else:
                await self._pass_on(reader, writer)
        self._open.discard(writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, error: bytes) -> None:
        while header := await reader.readline():
            # A command is an array of bulk strings; anything else Redis would not take either.
            assert header.startswith(b"*"), header
            for _ in range(int(header[1:])):
                size = int((await reader.readline())[1:])
                await reader.readexactly(size + 2)
            writer.write(error)
            await writer.drain()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        self._open.add(upstream_writer)
        there = asyncio.create_task(self._copy(reader, upstream_writer))
        try:
            await self._back(upstream_reader, writer)
        finally:
            there.cancel()
            self._open.discard(upstream_writer)
            upstream_writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await there
            with contextlib.suppress(ConnectionError):
                await upstream_writer.wait_closed()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if self._mode == "silent":
                continue
            if self._mode == "reset":
                writer.write(data[: len(data) // 2])
                await writer.drain()
                writer.transport.abort()
                return
            if self._delay:
                # A delay line: one answer does not wait for the one before it.
                asyncio.get_running_loop().call_later(self._delay, self._write_late, writer, data)
                continue
            writer.write(data)
            await writer.drain()

    @staticmethod
    def _write_late(writer: asyncio.StreamWriter, data: bytes) -> None:
        if not writer.is_closing():
            writer.write(data)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                if self._mode == "silent":
                    continue
                writer.write(data)
                await writer.drain()
            writer.close()
