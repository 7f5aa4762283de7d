"""A room of a real Synapse, as somebody in it reads it; the server knows by the id of a transaction what it has had before."""

import asyncio
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.service.faults.far_sides import Seen, missed_in
from tests.service.faults.hostile import read_html, refused
from tests.service.faults.rude import HTTP
from tests.service.homeserver.synapse_server import Person, SynapseServer


class MatrixSide:
    """
    As `FarSide` says. `now` is the clock of the test, which the server does not have.

    Each has a room of its own on a server of its own, unless one is lent to all of them (`lent`).
    """

    name = "matrix"
    speech = HTTP
    is_program = False
    never_twice = True
    counts_missed = True
    lent: SynapseServer | None = None

    def __init__(self, now: Callable[[], int]) -> None:
        self.port = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._server: SynapseServer | None = None

    def settings(self, port: int, *, tls: bool, timeout: str) -> dict[str, Any]:
        """As the protocol says."""
        return {
            "homeserver": f"http{'s' if tls else ''}://127.0.0.1:{port}",
            "token": self._bot.token,
            "room": self._room,
            "timeout": timeout,
        }

    async def seen(self) -> list[Seen]:
        """As the protocol says. A change stands in the place of what it changes; what is the same as something before it is the same once more."""
        found = []
        for event in await self._events():
            content = event["content"]
            relation = content.get("m.relates_to", {})
            new = content.get("m.new_content", content)
            place = relation["event_id"] if relation.get("rel_type") == "m.replace" else event["event_id"]
            key = json.dumps([place if new is not content else "", content])
            is_beside = relation.get("rel_type") == "m.thread"
            found.append(Seen(key, place, new["body"], event["origin_server_ts"], missed_in(new["body"]), is_beside))
        return found

    async def harmful(self) -> list[str]:
        """As the protocol says: text, with tags of our own; nobody is called."""
        found = []
        for event in await self._events():
            for content in (event["content"], event["content"].get("m.new_content", {"body": "", "m.mentions": {}})):
                found += refused(content["body"]) + read_html(content.get("formatted_body", ""))[1]
                found += [f"calls {content.get('m.mentions')}"] * (content.get("m.mentions") != {})
        return found

    async def __aenter__(self) -> Self:
        server = self.lent
        if server is None:
            self._folder = tempfile.TemporaryDirectory()
            self._server = server = SynapseServer(Path(self._folder.name))
            server.start()
        await server.answers()
        self.port = server.port
        self._ada: Person = await server.person("ada")
        self._bot: Person = await server.person("watchdog")
        self._room = await self._ada.room(self._bot)
        return self

    async def __aexit__(self, cls: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None and self._folder is not None:
            await asyncio.to_thread(self._server.stop)
            self._folder.cleanup()

    async def _events(self) -> list[dict[str, Any]]:
        return [event for event in await self._ada.messages(self._room) if event["sender"] == self._bot.id and "body" in event["content"]]
