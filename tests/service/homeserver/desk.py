"""A desk that remembers what it was told."""

import asyncio

from tests.service.homeserver.dispatches import Group
from watchdog.receivers.hearing import Posted, Said


class Desk:
    """Knows what `group` has posted; answers with what it was told, in order, unless that is of somebody in `strangers`."""

    def __init__(self, group: Group, *strangers: str) -> None:
        self.group = group
        self.strangers = strangers
        self.said: asyncio.Queue[Said] = asyncio.Queue()
        self.away: dict[str, str] = {}
        self.has_begun = asyncio.Event()

    async def about(self, ref):
        return next((Posted(self.group.name, name) for name, value in self.group.posted.items() if value == ref), None)

    async def tell(self, said):
        self.said.put_nowait(said)
        return "" if said.by in self.strangers else f"heard: {said.text}"

    async def kept(self, name):
        return self.away.get(name, "")

    async def keep(self, name, value):
        self.away[name] = value
        self.has_begun.set()
