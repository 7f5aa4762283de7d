"""
Looking after the locks of sidekiq-unique-jobs once a process is dead, from what was kept of its jobs.

The counterpart of `traces`, which sees to the gem's own reaper. That one keeps every lock while a job runs that is older than itself, does nothing at 1,000 waiting jobs, and is gone if
it was in the dead process; so it is not waited for. Twice it is looked whether a job stands somewhere, two beats apart: what another process has just taken stands nowhere for a beat.
"""

import asyncio
from typing import Final

from watchdog.errors import WatchdogError
from watchdog.model.effects import LookAfterLocks
from watchdog.model.results import LocksLookedAt, Refused
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.fenced import fenced
from watchdog.sidekiq.edit.locks import give_back_locks, locks_of
from watchdog.sidekiq.edit.orphans import Locked, locked_by, standing
from watchdog.store.store import Store

TWO_BEATS: Final = 21.0
"""Seconds: two beats of the slowest version, and a little."""


class Locksmith:
    """What finds orphaned locks, and gives them back. `apart` is how many seconds lie between the two looks."""

    def __init__(self, *, edits: Edits, store: Store, apart: float = TWO_BEATS) -> None:
        self._edits = edits
        self._store = store
        self._apart = apart

    async def look_after(self, command: LookAfterLocks) -> LocksLookedAt | Refused:
        """
        Find those whose job stands nowhere; to give them back, look once more before, since hours may have passed.

        Where none of the jobs holds a lock it answers at once.
        """
        try:
            return await (self._release(command) if command.release else self._find(command))
        except WatchdogError as error:
            return Refused(str(error))

    async def _find(self, command: LookAfterLocks) -> LocksLookedAt:
        jids, unsure = await self._orphans(command, command.jids)
        if jids:
            await asyncio.sleep(self._apart)
            jids, unsure = await self._orphans(command, jids)
        return LocksLookedAt(jids, unsure=unsure)

    async def _orphans(self, command: LookAfterLocks, jids: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        """Those that hold a lock and stand nowhere; and why there may be more."""
        held = await self._held(command, jids)
        if not held.locks:
            return (), held.unsure
        found, unsearched = await standing(self._edits, tuple(held.locks), but=command.target.identity)
        return () if unsearched else tuple(sorted(held.locks.keys() - found)), unsearched or held.unsure

    async def _release(self, command: LookAfterLocks) -> LocksLookedAt:
        """One that nobody holds any more counts as given back: after a crash nobody could say by whom."""
        held = await self._held(command, command.jids)
        found, unsearched = await standing(self._edits, tuple(held.locks), but=command.target.identity)
        over = [jid for jid in command.jids if jid not in held.locks]
        left = [] if unsearched else sorted(held.locks.keys() - found)
        edits = fenced(self._edits, command.fence)
        given = [jid for jid in left if await give_back_locks(edits, jid=jid, locks=held.locks[jid])]
        still = sorted(held.locks) if unsearched else [jid for jid in left if jid not in given]
        return LocksLookedAt(tuple(still), (*over, *given), unsearched)

    async def _held(self, command: LookAfterLocks, jids: tuple[str, ...]) -> Locked:
        kept = {one.jid: one.payload for one in await self._store.flight(command.incident) if one.payload is not None}
        return await locked_by(self._edits, jids, {jid: locks_of(kept[jid]) for jid in jids if jid in kept})
