"""Looks at children of the processes of this host, and ends them, as the engine asks: by the looks that the sampler has taken, and with what Redis says of the process read again."""

from collections.abc import Awaitable, Callable

from watchdog.errors import WatchdogError
from watchdog.host.boot import here
from watchdog.host.child_end import Children
from watchdog.host.sampling import Sampler
from watchdog.host.watch import LocalProcesses
from watchdog.model.effects import EndChild, LookAtChild
from watchdog.model.results import Refused, Result


class ChildKeeper:
    """Performs `LookAtChild` and `EndChild`; `host` is the name of this host in identities. Raises `HostUnreadableError` where /proc does not tell the boot."""

    def __init__(self, *, sampler: Sampler, processes: LocalProcesses, host: str, reread: Callable[[str], Awaitable[object]]) -> None:
        self._children = Children(here(name=host), stood=sampler.stood, sidekiqs=processes.claimed)
        self._reread = reread

    async def look(self, command: LookAtChild) -> Result:
        """As it is now; what its process does, and what changed in Redis, is delivered before the answer."""
        try:
            await self._reread(command.child.process.identity)
        except WatchdogError as error:
            return Refused(str(error))
        return self._children.look(command.child)

    async def end(self, command: EndChild) -> Result:
        """End it, if it has stood still up to this moment."""
        return await self._children.end(command.child, still_for=command.still_for)
