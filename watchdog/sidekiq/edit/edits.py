"""
The connection over which jobs are moved, and how a script is run on it.

The counterpart of `session`, which reads. It is made at the first edit and made anew when it is lost, and it has nothing to do with the
follower's: what moves jobs needs more rights, and a script with a payload of megabytes must not stand between two beats.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha1

from watchdog.sidekiq.address import Sentinels
from watchdog.sidekiq.edit.failures import never_answered, never_asked, refused
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.place import Place
from watchdog.sidekiq.wire import ANSWER_WITHIN, Command, Reply, Wire


class Script:
    """A Lua script, which Redis knows by the SHA-1 of its text once it has been loaded (until the server restarts)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()


class Edits:
    """
    Runs scripts in one Redis. `keys` are Sidekiq's there; `answer_within` is seconds.

    Raises `AddressError` if the URL can't be understood.
    """

    def __init__(self, *, url: str | Sentinels, keys: Keys, answer_within: float = ANSWER_WITHIN) -> None:
        self.keys = keys
        self._place = Place(url)
        self._answer_within = answer_within
        self._wire: Wire | None = None
        self._connecting = asyncio.Lock()

    @property
    def where(self) -> str:
        """Which Redis, for people."""
        return self._place.where

    async def run(self, script: Script, keys: Sequence[bytes], arguments: Sequence[bytes | str | int]) -> Reply:
        """
        What the script answers.

        Raises `NotEditedError` if nothing was changed, and `MaybeEditedError` if the answer was lost.
        """
        (reply,) = await self.ask([command := ("EVALSHA", script.sha, len(keys), *keys, *arguments)])
        if _is_unknown(reply):
            reply = (await self.ask([("SCRIPT", "LOAD", script.text)]))[0]
            if not isinstance(reply, ServerError):
                (reply,) = await self.ask([command])
        if isinstance(reply, ServerError):
            raise refused(reply, self.where)
        return reply

    async def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """All replies, error replies among them; raises as `run` does where none came."""
        wire = await self._connected()
        try:
            return await wire.ask(commands)
        except SourceUnavailableError as failure:
            wire.close()
            raise never_answered(failure) from failure

    async def _connected(self) -> Wire:
        async with self._connecting:
            if self._wire is None or self._wire.ended.done():
                try:
                    self._wire = await self._place.connect(_ignore, answer_within=self._answer_within)
                except SourceUnavailableError as failure:
                    raise never_asked(failure) from failure
            return self._wire

    def close(self) -> None:
        """End the connection; the next edit makes another one."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None


def _is_unknown(reply: Reply) -> bool:
    return isinstance(reply, ServerError) and str(reply).startswith("NOSCRIPT")


def _ignore(_message: list[Reply]) -> None:
    """Nothing was asked for that would be pushed."""
