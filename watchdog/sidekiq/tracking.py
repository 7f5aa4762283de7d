"""
Being told by Redis when a process has beaten.

`CLIENT TRACKING ON OPTIN` (redis.io, client-side caching): Redis remembers a key if `CLIENT CACHING YES` stands before the
command that reads it, and pushes one message when it changes; then nothing until it is read so again. So a quiet
server costs nothing, and a busy one can't flood us. The identity hash, which Sidekiq writes last in each beat, and the set
of processes are armed; the work hash never is, because it is written before the identity.
"""

import asyncio
from typing import Final

from watchdog.sidekiq.decode import name
from watchdog.sidekiq.failures import ServerError, from_reply
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.reconcile import PERIOD, TICK
from watchdog.sidekiq.wire import Command, Reply, Wire

ARM: Final[Command] = ("CLIENT", "CACHING", "YES")
"""What stands before a command whose key is to be watched. Its own reply means nothing: see `is_on`."""
_ON: Final[Command] = ("CLIENT", "TRACKING", "ON", "OPTIN")
_OFF: Final[Command] = ("CLIENT", "TRACKING", "OFF")
_ASK: Final[Command] = ("CLIENT", "TRACKINGINFO")
_REFUSALS: Final = frozenset({"noperm", "error"})
_IN_VAIN: Final = 10
"""Readings of each process within a period: one by reconciling, three of each beat that is torn."""
_IN_VAIN_AT_LEAST: Final = 100
_AGAIN: Final = 600
"""Seconds until it is tried again after the table has overflowed."""


class Dirty:
    """
    What has to be read because it changed.

    A mark is cleared before the read is sent: a change that comes while the answer is under way is not lost.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._identities: dict[str, None] = {}
        self._members = False
        self._all = False
        self._marked = asyncio.Event()

    def hear(self, message: list[Reply]) -> None:
        """Take in a pushed message; anything but an invalidation is left alone."""
        match message:
            case [b"invalidate", None]:
                self._all = self._members = True
            case [b"invalidate", [*changed]]:
                for key in changed:
                    self._hear_key(key)
            case _:
                return
        self._marked.set()

    def _hear_key(self, key: Reply) -> None:
        if key == self._keys.processes:
            self._members = True
        elif isinstance(key, bytes) and (identity := name(self._keys.member(key))) is not None:
            self._identities[identity] = None

    def mark(self, identity: str) -> None:
        """Have this process read."""
        self._identities[identity] = None
        self._marked.set()

    async def wait(self) -> None:
        """Wait until there is something to read."""
        await self._marked.wait()

    def take_all(self) -> bool:
        """Whether everything is dirty (FLUSHALL, or Redis forgot what it watched); cleared by asking."""
        taken, self._all = self._all, False
        return taken

    def take_members(self) -> bool:
        """Whether the set of processes is dirty; cleared by asking."""
        taken, self._members = self._members, False
        return taken

    def take(self, most: int) -> list[str]:
        """Up to `most` dirty processes, the longest dirty first; they are clean from now on."""
        taken = list(self._identities)[:most]
        for identity in taken:
            del self._identities[identity]
        if not self._identities:
            self._marked.clear()
        return taken


class Overflow:
    """
    Does Redis forget what it is to watch as fast as it is told?

    Each key that it forgets it names as changed, so that it would be read, armed, and forgotten again, without end. It shows in readings
    that bring nothing new.
    """

    def __init__(self) -> None:
        self._in_vain = 0
        self._until: int | None = None
        self._ticks = 0

    def count(self, *, fresh: bool) -> None:
        """Something was read because it was to be."""
        self._in_vain += not fresh

    def happens(self, processes: int) -> bool:
        """Far more was read in vain since the last period began than reconciling and torn readings explain."""
        if self._in_vain <= _IN_VAIN * processes + _IN_VAIN_AT_LEAST:
            return False
        self._in_vain, self._until = 0, self._ticks + _AGAIN
        return True

    def is_over(self, ticks: int) -> bool:
        """So many seconds have gone by in all; whether it may be tried again."""
        self._ticks = ticks
        if ticks % (PERIOD // TICK) == 0:
            self._in_vain = 0
        if self._until is None or ticks < self._until:
            return False
        self._until = None
        return True


async def switch_off(wire: Wire) -> None:
    """Ask to be told nothing more; a refusal means that nothing was told."""
    await wire.ask([_OFF])


async def switch_on(wire: Wire) -> str:
    """Ask to be told; why that is not possible, empty if it is. Raises `SourceUnavailableError` for a refusal that has nothing to do with it."""
    if not wire.speaks_resp3:
        return "it does not speak RESP3"
    # Without the right to arm, nothing would ever be told.
    for command in (_ON, ARM):
        (reply,) = await wire.ask([command])
        if isinstance(reply, ServerError):
            failure = from_reply(reply, wire.where)
            if failure.code not in _REFUSALS:
                raise failure
            return str(reply)[:200]
    return ""


async def is_on(wire: Wire) -> bool:
    """Whether Redis still tracks for this connection; where that can't be asked (before 6.2), it is believed."""
    (reply,) = await wire.ask([_ASK])
    match reply:
        case {b"flags": [*flags]} | [b"flags", [*flags], *_]:
            return b"on" in flags and b"optin" in flags
        case _:
            return True
