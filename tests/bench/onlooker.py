"""Somebody who has the page open, as its script does it: hears the stream of events, and asks anew for every part in which something has changed, every other second at most."""

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from watchdog.web.page.sections import SECTIONS

EVENTS: Final = "/api/v1/events"
PACE: Final = 2.0
"""Seconds between two questions for the same part."""


async def look_on(socket: Path) -> None:
    """Until cancelled. Raises `aiohttp.ClientError` where the agent does not answer."""
    forever = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession("http://localhost", connector=aiohttp.UnixConnector(path=str(socket)), timeout=forever) as session:
        window = _Window(session)
        async with session.get("/") as page:
            page.raise_for_status()
            await page.read()
        async with session.get(EVENTS) as stream:
            stream.raise_for_status()
            async with asyncio.TaskGroup() as group:
                group.create_task(window.ask())
                event = ""
                async for line in stream.content:
                    name, _, value = line.decode().rstrip("\n").partition(": ")
                    if name == "event":
                        event = value
                    elif name == "data":
                        window.hears(event, value)


class _Window:
    """`old` are the parts that are to be asked for anew."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._tags: dict[str, str] = {}
        self.old: set[str] = set()

    def hears(self, event: str, data: str) -> None:
        """One event of the stream."""
        if event == "sections":
            self._changed(msgspec.json.decode(data, type=dict[str, int]))
        elif event == "beat":
            self.old |= {one.name for one in SECTIONS if one.moves}

    def _changed(self, names: Collection[str]) -> None:
        self.old |= {one.name for one in SECTIONS if not set(one.of).isdisjoint(names)}

    async def ask(self) -> None:
        """For what is old, for ever."""
        while True:
            names, self.old = self.old, set()
            for name in sorted(names):
                tag = self._tags.get(name)
                async with self._session.get(f"/fragments/{name}", headers={"If-None-Match": tag} if tag else {}) as part:
                    part.raise_for_status()
                    await part.read()
                    self._tags[name] = part.headers.get("ETag", tag or "")
            await asyncio.sleep(PACE)
