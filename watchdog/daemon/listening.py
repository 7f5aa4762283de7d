"""
Listens by every receiver that people can answer by: each in a task of its own, begun again if it fails.

A fault in one of them must neither deafen the others nor end the agent: without it people still have the command line.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from watchdog.clock import Clock
from watchdog.errors import WatchdogError
from watchdog.receivers.hearing import Desk, Listener, Troubled

LOG: Final = logging.getLogger("watchdog")
FIRST: Final = 1.0
"""Seconds until a listener that failed is begun again; twice as long with each further time."""
LONGEST: Final = 300.0
"""But no longer than this."""
STEADY: Final = 60_000
"""One that has listened for so many milliseconds was well: its next failure is a first one."""


class Hears(msgspec.Struct, frozen=True):
    """How it stands with one listener: since when it listens (wall, None while it does not), and what keeps it from hearing."""

    since: int | None
    trouble: str


class Listening:
    """Serves these listeners, by the name of their receiver, while `run` runs; `desk` makes the place where one of them brings what it hears."""

    def __init__(self, listeners: Mapping[str, Listener], *, desk: Callable[[str], Desk], clock: Clock) -> None:
        self._listeners = listeners
        self._desk = desk
        self._clock = clock
        self._since: dict[str, int | None] = dict.fromkeys(listeners)
        self._fault: dict[str, str] = dict.fromkeys(listeners, "")

    def how(self) -> dict[str, Hears]:
        """How it stands now, by the name of the receiver."""
        return {name: self._how(name, listener) for name, listener in self._listeners.items()}

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            for name, listener in self._listeners.items():
                group.create_task(self._serve(name, listener), name=f"listen by {name}")
            if not self._listeners:
                await asyncio.Event().wait()

    async def _serve(self, name: str, listener: Listener) -> None:
        wait, desk = FIRST, self._desk(name)
        while True:
            begun = self._clock.at()
            self._since[name] = self._clock.wall()
            try:
                await listener.listen(desk)
                fault = "it came to its end by itself"
            except WatchdogError as error:
                fault = str(error)
            except Exception as error:
                # Whatever it is: its place is said, and it is tried again.
                LOG.exception("the listener of receiver %s has a fault", name)
                fault = f"internal error: {type(error).__name__}"
            if self._clock.at() - begun >= STEADY:
                wait, self._fault[name] = FIRST, ""
            if self._fault[name] != fault:
                LOG.error("nobody can answer by receiver %s just now: %s", name, fault)
            self._since[name], self._fault[name] = None, fault
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST)

    def _how(self, name: str, listener: Listener) -> Hears:
        since = self._since[name]
        trouble = listener.trouble if isinstance(listener, Troubled) else ""
        return Hears(since, trouble if since is not None else self._fault[name])
