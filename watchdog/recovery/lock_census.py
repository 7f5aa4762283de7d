"""
Counting the locks of sidekiq-unique-jobs whose job stands nowhere, whoever lost it: those of earlier kills, too.

The counterpart of `locks`, which knows whose they may be and gives them back; here nothing is changed. Only locks that are older than any job needs to be
seen again, the oldest ones, and only where few enough jobs wait to look at all of them: the answer says how many that were. It is looked twice, since a job that was
taken within the last beat stands nowhere.
"""

from asyncio import sleep as rest
from typing import Final

import msgspec

from watchdog.errors import WatchdogError
from watchdog.recovery.locks import TWO_BEATS
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.orphans import oldest_locks, standing, waiting

SAFE_AGE: Final = 600_000
"""Milliseconds; a lock that is younger is nobody's orphan yet."""
MOST_LOCKS: Final = 1_000
MOST_JOBS: Final = 50_000
"""More waiting jobs than that are not gone through for a number."""


class LockCensus(msgspec.Struct, frozen=True):
    """
    Of `locks` that there are, `looked_at` were old enough and the oldest; the jobs of `orphaned` stand nowhere, and the oldest of these is held since `since` (UTC milliseconds).

    `trouble` says why nothing was counted.
    """

    locks: int = 0
    looked_at: int = 0
    orphaned: int = 0
    since: int | None = None
    trouble: str = ""


async def count_orphans(edits: Edits, *, wall: int, apart: float = TWO_BEATS) -> LockCensus:
    """Count them at UTC `wall`; `apart` is how many seconds lie between the two looks."""
    try:
        locks, held = await oldest_locks(edits, until=wall - SAFE_AGE, most=MOST_LOCKS)
        if not held:
            return LockCensus(locks)
        if (jobs := await waiting(edits)) > MOST_JOBS:
            return LockCensus(locks, trouble=f"{jobs:,} jobs wait, too many to go through")
        lost = await _nowhere(edits, held)
        if lost:
            await rest(apart)
            # Those that hold their lock still: a job that has run to its end meanwhile has given it back.
            _, again = await oldest_locks(edits, until=wall - SAFE_AGE, most=MOST_LOCKS)
            lost = await _nowhere(edits, {jid: at for jid, at in again.items() if jid in lost})
    except WatchdogError as error:
        return LockCensus(trouble=str(error))
    return LockCensus(locks, len(held), len(lost), min(lost.values(), default=None))


async def _nowhere(edits: Edits, held: dict[str, int]) -> dict[str, int]:
    found, _ = await standing(edits, tuple(held), but="")
    return {jid: at for jid, at in held.items() if jid not in found}
