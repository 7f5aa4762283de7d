"""
Takes the orders that people have left for the agent: into the engine, and away once that has been committed.

It judges none of them; what is no order at all is said and removed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from watchdog.model.events import Body
from watchdog.store.orders import BadOrderError, claim, lying, read_order

LOG: Final = logging.getLogger("watchdog")
EVERY: Final = 0.5
"""Seconds between two looks: somebody waits for the answer."""


class OrderTaker:
    """`settle` puts an event in and returns when its turn has been committed."""

    def __init__(self, state: Path, settle: Callable[[Body], Awaitable[object]], *, every: float = EVERY) -> None:
        self._state = state
        self._settle = settle
        self._every = every
        self._left: set[Path] = set()
        self._said = ""

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            await self.look()
            await asyncio.sleep(self._every)

    async def look(self) -> None:
        """All that lies there now."""
        try:
            paths = lying(self._state)
            self._said = ""
        except OSError as error:
            self._say(f"orders can't be read: {error.strerror}")
            return
        for path in paths:
            if path not in self._left:
                await self._take(path)

    async def _take(self, path: Path) -> None:
        try:
            claimed = claim(path)
            if claimed is None:
                return
            try:
                await self._settle(read_order(claimed))
            except BadOrderError as error:
                LOG.error("not taken for an order: %s", error)
            claimed.unlink()
        except OSError as error:
            # The engine may know it by now; it must not be asked twice a second.
            self._left |= {path, path.with_suffix(".taken")}
            self._say(f"{path.name} can't be removed: {error.strerror}")

    def _say(self, what: str) -> None:
        if self._said != what:
            LOG.warning("%s", what)
        self._said = what
