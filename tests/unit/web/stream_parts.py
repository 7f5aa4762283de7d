"""A hub that a test drives, served on a unix socket, and those who listen to it."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.patience import PATIENCE
from watchdog.clock import Clock
from watchdog.engine.ledger import Ledger
from watchdog.engine.state import State, begin
from watchdog.model.effects import Audit, Effect
from watchdog.model.events import Event, TimeReached
from watchdog.model.records import AuditRow
from watchdog.web.failures import TooManyError
from watchdog.web.stream.hub import Hub
from watchdog.web.stream.serving import serve

WALL = 1_790_000_000_000
NOTHING = TimeReached()


class Hands(Clock):
    """A clock that stands where a test puts it."""

    def __init__(self) -> None:
        self.now = 0

    def at(self) -> int:
        return self.now

    def wall(self) -> int:
        return WALL + self.now


class Teller:
    """A hub, with turns that a test makes."""

    def __init__(self, **settings: Any) -> None:
        self.clock: Any = settings.pop("clock", None) or Hands()
        self.hub = Hub(clock=self.clock, host="web1", life=settings.pop("life", "a1"), **settings)
        self.state: State = begin()
        self.seq = 0

    def turn(self, body: Any = NOTHING, *, effects: tuple[Effect, ...] = (), **ledger: Any) -> None:
        """A turn is committed, which has changed these fields of the ledger."""
        self.seq += 1
        self.state = State(Ledger(**{**_fields(self.state.ledger), **ledger}), self.state.world)
        self.hub.turned(Event(self.seq, self.clock.at(), self.clock.wall(), body), effects, self.state)

    def audit(self, reason: str) -> None:
        """A turn that writes a row."""
        self.turn(effects=(Audit(AuditRow("agent", self.clock.wall(), reason=reason)),))

    def wait(self, milliseconds: int) -> None:
        """Time goes on."""
        self.clock.now += milliseconds
        self.hub.tick()


def _fields(ledger: Ledger) -> dict[str, Any]:
    return {name: getattr(ledger, name) for name in ledger.__struct_fields__}


@contextlib.asynccontextmanager
async def served(hub: Hub, path: Path, *, patience: float = PATIENCE) -> AsyncIterator[None]:
    """The hub's events at that socket, as the application serves them."""

    async def events(request: web.Request) -> web.StreamResponse:
        try:
            return await serve(request, hub, patience=patience)
        except TooManyError as error:
            return web.Response(status=error.status, text=str(error))

    app = web.Application()
    app.router.add_get("/events", events)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1, handler_cancellation=True)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    try:
        yield
    finally:
        hub.close()
        await runner.cleanup()


class Listener:
    """Who listens, at the speed of the test: nothing is taken off the line but what is asked for."""

    status = 0

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.last_id = ""

    @classmethod
    async def connect(cls, path: Path, last_id: str = "") -> "Listener":
        """Asks for the events after that one, and reads as far as the end of the headers."""
        end = socket.socket(socket.AF_UNIX)
        # What it does not read stays where it was sent from, as far as can be.
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        end.connect(str(path))
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=4_096)
        header = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        writer.write(f"GET /events HTTP/1.0\r\nHost: localhost\r\n{header}\r\n".encode())
        one = cls(reader, writer)
        one.status = int((await one._line()).split()[1])
        while await one._line() != b"\r\n":
            pass
        return one

    async def event(self) -> tuple[str, Any]:
        """The next event: its name and what it says; ("", None) at the end of the stream."""
        fields: dict[str, str] = {}
        while (line := await self._line()) not in (b"\n", b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            fields[name] = value
        if not line:
            # What was cut off in the middle is no event.
            return "", None
        self.last_id = fields.get("id", self.last_id)
        return (fields["event"], json.loads(fields["data"])) if "event" in fields else await self.event()

    async def rest(self) -> list[tuple[str, Any]]:
        """Everything up to the end of the stream, however it ends."""
        found = []
        with contextlib.suppress(ConnectionError):
            while (one := await self.event())[0]:
                found.append(one)
        return found

    async def close(self) -> None:
        """Goes."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _line(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            found = b""
            while not found.endswith(b"\n"):
                try:
                    return found + await self._reader.readuntil(b"\n")
                except asyncio.LimitOverrunError as error:
                    found += await self._reader.readexactly(error.consumed)
                except asyncio.IncompleteReadError as error:
                    return found + error.partial
            return found
