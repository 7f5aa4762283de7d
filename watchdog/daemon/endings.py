"""How a process of this host ended: what Redis shows of it after its end says so, and nothing before can."""

from watchdog.host.watch import LocalProcesses
from watchdog.sidekiq.failures import SourceUnavailableError
from watchdog.sidekiq.follow import Follower


async def hear_how_it_ended(identity: str, follower: Follower, processes: LocalProcesses) -> None:
    """Read Redis once more of a process that is dead, and have it told to be gone; after two seconds at the latest, whether Redis answers or not."""
    try:
        await follower.reread(identity)
    except SourceUnavailableError:
        processes.bury(identity, asked=False)
    else:
        processes.bury(identity, asked=True)
