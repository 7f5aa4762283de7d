"""
Writes that are bound to the lock of the fleet: each script looks first whether it is still held, in the same moment in which it writes.

An agent can be held up between any two lines, for longer than its lock lives, while another acts. What it writes when it comes to is refused, and nothing is
changed; it takes the lock again, and then writes. Only scripts are bound: what is read is read, and the traces of a dead process are nobody else's.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

from watchdog.sidekiq.edit.edits import Edits, Script
from watchdog.sidekiq.edit.fleet_lock import lock_key
from watchdog.sidekiq.wire import Command, Reply

WORD: Final = "FENCED"
"""The beginning of the answer to a script whose agent does not hold the lock any more."""
_LOOK: Final = f"""\
local fence = table.remove(ARGV)
if redis.call('GET', table.remove(KEYS)) ~= fence then
  return redis.error_reply('{WORD} the lock of the fleet was lost')
end
"""


class Fenced(Edits):
    """The same as `edits`, over its connection, for whoever holds the lock with this fence."""

    def __init__(self, edits: Edits, fence: str) -> None:
        self.keys = edits.keys
        self._edits = edits
        self._fence = fence

    @property
    def where(self) -> str:
        """Which Redis, for people."""
        return self._edits.where

    async def run(self, script: Script, keys: Sequence[bytes], arguments: Sequence[bytes | str | int]) -> Reply:
        """As that of `Edits`; raises `NotEditedError` with the code `fenced` if the lock is not held."""
        return await self._edits.run(_bound(script), (*keys, lock_key(self.keys)), (*arguments, self._fence))

    async def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """As that of `Edits`."""
        return await self._edits.ask(commands)

    def close(self) -> None:
        """The connection belongs to somebody else."""


def fenced(edits: Edits, fence: str) -> Edits:
    """Bound to that fence; unbound where it is empty."""
    return Fenced(edits, fence) if fence else edits


@cache
def _bound(script: Script) -> Script:
    return Script(_LOOK + script.text)
