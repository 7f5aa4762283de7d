"""
Listens where the config says, and has what comes answered.

Until somebody comes it is a socket and nothing else: the HTTP library, the templates and the rest are loaded then, beside the loop. A door that can't be opened is said and tried again; nothing that goes
wrong here ends the agent.
"""

import asyncio
import importlib
import logging
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from watchdog.picture.doors import Door
from watchdog.rulefile.api import ApiSettings
from watchdog.rulefile.page import PageSettings
from watchdog.web.access.access import Access
from watchdog.web.connections import Connection, Crowd
from watchdog.web.doors import CantListenError, Doorway, Open, page_door, socket_door
from watchdog.web.inside import Inside
from watchdog.web.limits import Limits
from watchdog.web.stream.hub import Hub

if TYPE_CHECKING:
    from aiohttp import web

LOG: Final = logging.getLogger("watchdog")
API: Final = "api"
PAGE: Final = "page"
LOOKED_AFTER: Final = 30.0
"""Seconds between two looks whether the file of the socket is still there."""
_ENDS_WITHIN: Final = 0.3
"""Seconds that answers under way have at the end."""


class Server:
    """All doors of one agent. `hub` tells of events, `now` is seconds that only go up."""

    def __init__(
        self, inside: Inside, *, hub: Hub | None = None, limits: Limits | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._inside = inside
        self._hub = hub
        self._limits = limits or Limits()
        self.access = Access(limits=self._limits, names=frozenset({inside.host, socket.gethostname()}), now=now)
        self._meant: tuple[ApiSettings, PageSettings | None] = (ApiSettings(), None)
        self._changed = asyncio.Event()
        self._open: dict[str, tuple[object, asyncio.Task[None]]] = {}
        self._crowds: dict[str, Crowd] = {}
        self._loading = asyncio.Lock()
        self._runner: web.AppRunner | None = None
        self.standing: dict[str, Door] = {}
        """Of each door that the config wants, by its section."""

    def connections(self, name: str) -> int:
        """How many there are by that door."""
        crowd = self._crowds.get(name)
        return 0 if crowd is None else len(crowd.inside)

    def mean(self, api: ApiSettings, page: PageSettings | None) -> None:
        """From now on these are in force; what has not changed stays open."""
        self._meant = (api, page)
        self._changed.set()

    async def run(self) -> None:
        """For ever. Where it fails it can be begun anew, with the same application: what that counts it counts for a whole life of the agent."""
        self._open.clear()
        try:
            async with asyncio.TaskGroup() as group:
                try:
                    while True:
                        self._changed.clear()
                        await self._renew(group)
                        await self._changed.wait()
                except asyncio.CancelledError:
                    await self._say_goodbye()
                    raise
        except asyncio.CancelledError:
            if self._runner is not None:
                await self._runner.cleanup()
            raise

    async def _say_goodbye(self) -> None:
        """Streams are told that it is over; who does not take that in a moment is cut off."""
        if self._hub is None:
            return
        self._hub.close()
        end = time.monotonic() + _ENDS_WITHIN
        while self._hub.streams and time.monotonic() < end:  # noqa: ASYNC110  (a stream tells nobody that it ends)
            await asyncio.sleep(0.01)

    async def _renew(self, group: asyncio.TaskGroup) -> None:
        api, page = self._meant
        self.access.page = page
        meant: dict[str, tuple[object, Doorway]] = {API: (api, socket_door(api, self._inside.folder))}
        if page is not None:
            meant[PAGE] = (page, page_door(page))
        for name, (settings, task) in list(self._open.items()):
            if name not in meant or meant[name][0] != settings:
                del self._open[name]
                task.cancel()
                # Its address may be the next one's.
                await asyncio.wait([task])
                self.standing.pop(name, None)
        for name, (settings, door) in meant.items():
            if name not in self._open:
                self._open[name] = (settings, group.create_task(self._stand(name, door), name=f"door {name}"))

    async def _stand(self, name: str, door: Doorway) -> None:
        """Opens it, again and again."""
        said = ""
        while True:
            self.standing[name] = Door(door.where, trouble=said)
            trouble = ""
            try:
                trouble = await self._serve(name, door)
            except CantListenError as error:
                trouble = str(error)
            except Exception:
                # A fault of ours here must not keep the agent from watching.
                LOG.exception("what listens at %s has failed, and is begun anew", door.where)
                trouble = "a fault of this program; its log says more"
            if trouble != said:
                LOG.warning("can't listen at %s: %s; it is tried again", door.where, trouble)
            said = trouble
            self.standing[name] = Door(door.where, trouble=trouble)
            await asyncio.sleep(self._limits.retry)

    async def _serve(self, name: str, door: Doorway) -> str:
        """As long as it is open; answers why it no longer is. Raises `CantListenError`."""
        way = door.open()
        try:
            self.standing[name] = Door(way.where, self._inside.wall(), way.trouble)
            LOG.info("listens at %s%s", door.where, f"; {way.trouble}" if way.trouble else "")
            if not await _somebody_comes(way):
                return "its file was removed"
            runner = await self._load()
            assert runner.server is not None  # it is set up
            crowd = self._crowds[name] = Crowd(self._limits, runner.server)
            server = await asyncio.get_running_loop().create_server(crowd, sock=way.sock)
            try:
                await _while_there(way)
            finally:
                server.close()
                crowd.cut()
                del self._crowds[name]
            return "its file was removed"
        finally:
            way.sock.close()
            way.shut()

    async def _load(self) -> "web.AppRunner":
        async with self._loading:
            if self._runner is None:
                # A third of a second, in which the loop goes on.
                await asyncio.to_thread(importlib.import_module, "watchdog.web.application")
                self._runner = await self._make()
            return self._runner

    async def _make(self) -> "web.AppRunner":
        from aiohttp import web

        from watchdog.web.application import build

        limits = self._limits
        app = build(self._inside, self.access, limits, self._hub, self._connection_of)
        runner = web.AppRunner(
            app, handle_signals=False, access_log=None, keepalive_timeout=limits.idle, shutdown_timeout=_ENDS_WITHIN, lingering_time=1.0,
            max_line_size=limits.line, max_field_size=limits.header, max_headers=limits.headers, handler_cancellation=True,
            # What is packed can become a thousand times as large before anybody can count it; no browser packs what it says.
            auto_decompress=False,
        )  # fmt: skip
        await runner.setup()
        return runner

    def _connection_of(self, inner: object) -> Connection | None:
        return next((found for crowd in self._crowds.values() if (found := crowd.of(inner)) is not None), None)


async def _while_there(way: Open) -> None:
    """Until the file of the socket is gone; a port is always there."""
    while way.is_there():  # noqa: ASYNC110  (nobody tells of a file)
        await asyncio.sleep(LOOKED_AFTER)


async def _somebody_comes(way: Open) -> bool:
    """Whether somebody waits to be let in; False once the file of the socket is gone, so that nobody can."""
    loop = asyncio.get_running_loop()
    while way.is_there():
        come = asyncio.Event()
        loop.add_reader(way.sock.fileno(), come.set)
        try:
            async with asyncio.timeout(LOOKED_AFTER):
                await come.wait()
            return True
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(way.sock.fileno())
    return False
