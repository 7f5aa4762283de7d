"""
What a process that was killed leaves behind in Redis beside its jobs.

Nothing here is worth holding a job back for a missing right; whatever else is refused is said.
"""

import logging
from collections.abc import Collection
from typing import Final

from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import refused
from watchdog.sidekiq.failures import ServerError
from watchdog.sidekiq.probe import read_all_left
from watchdog.sidekiq.wire import Command

LOG: Final = logging.getLogger(__name__)
_NO_RIGHT: Final = "NOPERM"


async def mend(edits: Edits) -> None:
    """
    Lets its successor clear orphaned unique locks away.

    The one process that does so says it in a key; whoever finds the key at its start leaves it to that one, which may be the dead one
    (orphans/manager.rb of sidekiq-unique-jobs). Raises `EditError`.
    """
    _, reaper = edits.keys.unique
    await _ask(edits, ("UNLINK", reaper))


async def tidy(edits: Edits, identity: str) -> None:
    """Removes what the process said of itself, which would make it look alive for another minute. Raises `EditError`."""
    keys = edits.keys
    await _ask(edits, ("SREM", keys.processes, identity), ("UNLINK", keys.identity(identity), *keys.work(identity)))


async def tidy_probe(edits: Edits, identity: str, *, cared_for: Collection[str]) -> None:
    """
    Removes what its probe left, if there is no other job in it than those with these jids.

    Else all of it stays: it is told as left behind. A list goes with its last job. Raises a `WatchdogError`.
    """
    keys = edits.keys
    left = await read_all_left(edits.ask, keys, identity, where=edits.where)
    others = sum(one.in_list or one.jid not in cared_for for one in left.findings)
    if others or left.broken or not left.whole:
        LOG.warning("jobs that the probe of %s has left and nobody has put back: %d", identity, others + len(left.broken))
        return
    await _ask(edits, ("UNLINK", keys.probe(identity)), ("SREM", keys.probes, identity))


async def _ask(edits: Edits, *commands: Command) -> None:
    for reply in await edits.ask(commands):
        if isinstance(reply, ServerError) and not str(reply).startswith(_NO_RIGHT):
            raise refused(reply, edits.where)
