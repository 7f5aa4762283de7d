"""
How a process of this host ended.

What Redis shows of it after its end says so, and nothing before can. Why it ended the counters of its control group have told already, for as long as somebody has looked at
them; where they have not, the journal may.
"""

import asyncio
import logging
from collections.abc import Callable

from watchdog.host.journal.kills import Death, tells_of_a_kill
from watchdog.host.log_source import LogUnreadableError
from watchdog.host.watch import LocalProcesses
from watchdog.sidekiq.failures import SourceUnavailableError
from watchdog.sidekiq.follow import Follower

LOG = logging.getLogger(__name__)


async def hear_how_it_ended(
    identity: str, follower: Follower, processes: LocalProcesses, *, wall: Callable[[], int], journal: bool
) -> None:
    """
    Read Redis once more of a process that is dead, and have it told to be gone; after two seconds at the latest, whether Redis answers or not.

    `wall` gives UTC milliseconds; `journal` says that the journal may be read, which is done meanwhile.
    """
    death = processes.death_of(identity) if journal else None
    starved, asked = await asyncio.gather(_was_starved(death, wall), _was_asked(identity, follower))
    processes.bury(identity, asked=asked, starved=starved)


async def _was_asked(identity: str, follower: Follower) -> bool:
    try:
        await follower.reread(identity)
    except SourceUnavailableError:
        return False
    return True


async def _was_starved(death: Death | None, wall: Callable[[], int]) -> bool:
    if death is None:
        return False
    try:
        return await tells_of_a_kill(death, wall=wall())
    except LogUnreadableError as error:
        LOG.debug("the journal does not tell why process %d ended: %s", death.pid, error)
        return False
