"""
A middle between the agent and a real server, which is as rude as a test wants it: it refuses, keeps silent, drips, resets, cuts off, talks nonsense.

What it does not spoil it passes on unchanged, so a server behind it counts what has arrived. It knows as little of what is spoken as it can (`Speech`).
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from enum import StrEnum
from types import TracebackType
from typing import Final, NamedTuple, Self


class Manner(StrEnum):
    """How it behaves. Of each it is known whether a message can have arrived, for whoever is behind it."""

    WELL = "well"
    REFUSES = "connection refused"
    SILENT = "never answers"
    ERRORS = "answers with errors"
    DRIPS = "a byte a second"
    RESETS_REQUEST = "reset in the middle of the request"
    RESETS_ANSWER = "reset after the request"
    TRUNCATES = "answer cut off"
    GARBAGE = "answer is garbage"


ARRIVES: Final = frozenset({Manner.WELL, Manner.DRIPS, Manner.RESETS_ANSWER, Manner.TRUNCATES, Manner.GARBAGE})
"""Where the server behind it gets the whole request."""


class Speech(NamedTuple):
    """
    What has to be known of a protocol: `error` says "not now" to a whole request, or at once where the server speaks first (`greets`); behind `cut_at` a request is cut off; only what is answered after the
    client has said `asked` is an answer to the message itself. `call` stands once in every call.
    """

    error: bytes
    cut_at: bytes
    call: bytes
    asked: bytes = b""
    greets: bool = False


HTTP: Final = Speech(
    error=b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", cut_at=b"\r\n\r\n", call=b" HTTP/1.1\r\n"
)
SMTP: Final = Speech(error=b"421 4.3.2 not now\r\n", cut_at=b"DATA\r\n", call=b"DATA\r\n", asked=b"\r\n.\r\n", greets=True)
NONSENSE: Final = b"\x00\xff{]\x1b[2J<html>\r\n\r\n" * 8
_DRIP: Final = 1.0


class Rude:
    """
    Listens on a port of the loopback that stays its own, also while nothing listens there.

    `connections` is how often somebody came through the door, `calls` when somebody called who was let through (milliseconds of the loop). With `tls` it speaks that to whoever comes, and plainly to the server.
    """

    def __init__(self, upstream: int, speech: Speech = HTTP) -> None:
        self.upstream = upstream
        self.connections = 0
        self.calls: list[int] = []
        self._speech = speech
        self._manner = Manner.WELL
        self._tls: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        # Bound and never listening: it keeps the port, and whoever connects meanwhile is refused.
        self._keeper = _bound(0)
        self.port: int = self._keeper.getsockname()[1]

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._deafen()
        self._keeper.close()

    async def be(self, manner: Manner, tls: ssl.SSLContext | None = None) -> None:
        """From now on it behaves so; the connections that there are end."""
        await self._deafen()
        self._manner, self._tls = manner, tls
        if manner is not Manner.REFUSES:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, sock=_bound(self.port), ssl=self._tls)

    async def _deafen(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of its own: Python 3.11 complains of a server's when it is cancelled.
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._behave(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _behave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self._manner:
            case Manner.SILENT:
                await reader.read(-1)
            case Manner.ERRORS:
                while self._speech.greets or await _whole_request(reader):
                    writer.write(self._speech.error)
                    await writer.drain()
                    writer.close()
                    # What still comes is read: closing before that would take the answer back.
                    await reader.read(-1)
                    return
            case _:
                await self._pass_on(reader, writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, back = await asyncio.open_connection("127.0.0.1", self.upstream)
        self._open.add(back)
        asked = asyncio.Event()
        ways = {asyncio.create_task(self._there(reader, writer, back, asked)), asyncio.create_task(self._back(behind, writer, asked))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._open.discard(back)
            back.transport.abort()

    async def _there(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter, asked: asyncio.Event
    ) -> None:
        said = b""
        while data := await reader.read(65_536):
            # As much as a mark can be spread over two pieces.
            before, said = said[-16:], said[-16:] + data
            now = int(asyncio.get_running_loop().time() * 1000)
            self.calls += [now] * (said.count(self._speech.call) - before.count(self._speech.call))
            if self._speech.asked in said:
                asked.set()
            if self._manner is Manner.RESETS_REQUEST and (at := said.find(self._speech.cut_at)) >= 0:
                back.write(said[len(before) : at + len(self._speech.cut_at)])
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(back.drain(), 1)
                _reset(writer)
                return
            back.write(data)
            await back.drain()

    async def _back(self, behind: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: asyncio.Event) -> None:
        while data := await behind.read(65_536):
            if self._manner in {Manner.WELL, Manner.RESETS_REQUEST} or not asked.is_set():
                writer.write(data)
                await writer.drain()
                continue
            match self._manner:
                case Manner.RESETS_ANSWER:
                    _reset(writer)
                    return
                case Manner.GARBAGE:
                    writer.write(NONSENSE)
                case Manner.TRUNCATES:
                    writer.write(data[: len(data.partition(b"\r\n")[0]) // 2])
                case _:
                    await self._drip(data, writer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            return
        # The server has ended it in good order; so does the middle.
        writer.close()
        await writer.wait_closed()

    async def _drip(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        for number in range(len(data)):
            writer.write(data[number : number + 1])
            await writer.drain()
            await asyncio.sleep(_DRIP)


def _bound(port: int) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind(("127.0.0.1", port))
    one.setblocking(False)
    return one


def _reset(writer: asyncio.StreamWriter) -> None:
    # To linger for no time is what makes the kernel send a reset rather than an end.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _whole_request(reader: asyncio.StreamReader) -> bool:
    """Reads one HTTP request with a body of a known length; False where the client has gone."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.lower().splitlines() if line.startswith(b"content-length:")]
    await reader.readexactly(int(lengths[0]) if lengths else 0)
    return True
