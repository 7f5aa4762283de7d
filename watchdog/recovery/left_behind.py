"""
Looks for what processes have left in Redis that ended while nobody watched, or whom nobody has cared for since.

Only a probe leaves something: the set of all probes names those that have not left in good order. Whoever is among them and is gone has been killed, or has crashed. It reads and
never writes, so it may be done beside any number of agents; what is to become of the jobs is decided elsewhere. It must never take a frozen process for a dead one: its jobs run on when
it thaws.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from watchdog.clock import Clock
from watchdog.host.boot import PROC
from watchdog.host.pidfd import Pidfd
from watchdog.host.proc import read_process
from watchdog.model.events import LEFT_BEHIND, Body, Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError, from_reply
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.probe import KEPT, read_all_left, read_probes
from watchdog.sidekiq.scanning import Ask
from watchdog.sidekiq.wire import Command, Reply

LOG: Final = logging.getLogger(__name__)
EVERY: Final = 60.0
"""Seconds between two looks."""
SOON: Final = 1.0
"""The same while Redis can't be read."""
AGAIN: Final = 10 * 60_000
"""Milliseconds after which what still lies there is looked at, and told, once more: whoever was to care for it may not have been able to."""
GRACE: Final = 10 * 60_000
"""Milliseconds without a sign of life of the probe after which a process of another host is gone; its own host's agent knows sooner."""
_BATCH: Final = 100
_SIDEKIQ: Final = re.compile(r"\bsidekiq(?![\w-])")
"""In the command line of one that boots, and in the title of one that works; not in our own."""
_NO_KEY: Final = -2


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """What one process has left: `jobs` whose bytes are known, `unreadable` of which they can't be understood; `strength` is that of its probe, empty where it does not say."""

    identity: str
    host: str
    strength: str
    jobs: int
    unreadable: int = 0


class LeftBehind:
    """
    Looks once a minute and tells each find as a process that is gone (`LEFT_BEHIND`).

    `ask` reads Redis, `where` says which for people; `host` is the name under which local processes appear there, `found` gives those that are held by the kernel's word
    (identity → pid). `emit` is called from the event loop.
    """

    def __init__(
        self,
        *,
        ask: Ask,
        keys: Keys,
        where: str,
        host: str,
        found: Callable[[], Mapping[str, int]],
        clock: Clock,
        emit: Callable[[Body], None],
        proc: Path = PROC,
    ) -> None:
        self._ask = ask
        self._keys = keys
        self._where = where
        self._host = host
        self._found = found
        self._clock = clock
        self._emit = emit
        self._proc = proc
        # What was found, and when (engine time); a process that is gone and has left nothing will not leave anything later.
        self._behind: dict[str, tuple[int, Behind | None]] = {}

    @property
    def behind(self) -> tuple[Behind, ...]:
        """What lay there when it was looked at last."""
        return tuple(one for _, one in self._behind.values() if one is not None)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except SourceUnavailableError as failure:
                # That Redis can't be read is said by who follows it.
                LOG.debug("what processes have left behind can't be read: %s", failure)
                await asyncio.sleep(SOON)
            else:
                await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Once; raises `SourceUnavailableError`."""
        identities = await read_probes(self._ask, self._keys, where=self._where)
        self._behind = {identity: known for identity in identities if (known := self._behind.get(identity)) is not None}
        due = [identity for identity in identities if self._is_due(identity)]
        for start in range(0, len(due), _BATCH):
            for identity in await self._gone(due[start : start + _BATCH]):
                await self._tell(identity)

    def _is_due(self, identity: str) -> bool:
        known = self._behind.get(identity)
        return known is None or (known[1] is not None and self._clock.at() - known[0] >= AGAIN)

    async def _gone(self, identities: Sequence[str]) -> list[str]:
        keys = self._keys
        commands: list[Command] = []
        for identity in identities:
            commands += [("SISMEMBER", keys.processes, identity), ("HGET", keys.identity(identity), "beat"), ("PTTL", keys.probe(identity))]
        replies = await self._ask(commands)
        return [
            identity
            for identity, start in zip(identities, range(0, len(replies), 3), strict=True)
            if self._is_gone(identity, replies[start : start + 3])
        ]

    def _is_gone(self, identity: str, replies: Sequence[Reply]) -> bool:
        for reply in replies:
            if isinstance(reply, ServerError):
                if str(reply).startswith("WRONGTYPE"):
                    return False
                raise from_reply(reply, self._where)
        listed, beat, lives_for = replies
        place = place_of(identity)
        if place is None or listed != 0 or beat is not None or not isinstance(lives_for, int):
            return False
        host, pid = place
        if host == self._host:
            return not self._may_live(identity, pid)
        return lives_for == _NO_KEY or 0 <= lives_for <= KEPT - GRACE

    def _may_live(self, identity: str, pid: int) -> bool:
        """Whether a process of this host with its pid is, or may be, the one that is meant."""
        found = self._found()
        if identity in found:
            return True
        if pid in found.values():
            # Another one, which has begun later.
            return False
        try:
            pidfd = Pidfd.open(pid)
        except OSError:
            return True
        if pidfd is None:
            return False
        pidfd.close()
        facts = read_process(pid, self._proc)
        # One that is not shown to us may be anything; a Sidekiq that is not known may be frozen.
        return facts is None or _SIDEKIQ.search(facts.cmdline) is not None

    async def _tell(self, identity: str) -> None:
        left = await read_all_left(self._ask, self._keys, identity, where=self._where)
        if left.is_empty:
            self._behind[identity] = (self._clock.at(), None)
            return
        host, pid = place_of(identity) or ("", 0)
        jobs = len({one.jid for one in left.findings})
        one = Behind(identity=identity, host=host, strength=left.strength, jobs=jobs, unreadable=len(left.broken))
        before = self._behind.get(identity)
        if before is None or before[1] != one:
            LOG.warning(
                "%s is gone; jobs that its probe has left in Redis: %d, and %d that can't be understood", identity, one.jobs, one.unreadable
            )
        self._behind[identity] = (self._clock.at(), one)
        queues = tuple(sorted(left.queues or {one.queue for one in left.findings}))
        fields = {
            "host": host,
            "pid": pid,
            "local": host == self._host,
            "queues": queues,
            "probe": left.strength,
            "left_behind": jobs + one.unreadable,
        }
        if host == self._host:
            # Of which boot it was, and when it began, nobody knows any more; nor does it matter, because nothing is sent to the dead.
            fields |= {"alive": False, "start_ticks": 0, "boot_id": ""}
        self._emit(Observed(Source.REDIS, (Delta(Kind.PROCESS, identity, fields), Gone(Kind.PROCESS, identity, LEFT_BEHIND))))


def place_of(identity: str) -> tuple[str, int] | None:
    """Host and pid in an identity (`host:pid:nonce`); None for what is none."""
    host, _, rest = identity.rpartition(":")[0].rpartition(":")
    return (host, int(rest)) if host and rest.isascii() and rest.isdecimal() and len(rest) <= 10 else None
