"""
How the process of an id can be reached: its lasting name, and all that it takes to signal it and no other.

The counterpart of `selecting` and `things`, which do the same for jobs and for everything else. It knows of no rule: `targeting` does.
"""

from typing import Any

import msgspec

from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.targets import JobsRef, ProcessRef, Thing


class Target(msgspec.Struct, frozen=True):
    """
    The process that a step is for: its id in the world, the name under which cooldowns are kept, and how to reach it; or the jobs or the thing that it is for.

    Without `ref` it can't be signalled from here; `unreachable` says why, as it does for what can't be told.
    """

    process: str
    name: str
    ref: ProcessRef | None
    unreachable: str = ""
    jobs: JobsRef | None = None
    thing: Thing | None = None

    @property
    def lasts(self) -> bool:
        """Whether its name is the one that outlives a restart."""
        return self.ref is not None or self.jobs is not None or self.thing is not None


def find_target(world: World, process: str) -> Target:
    """What is known of the process with that id."""
    row: Any = world.find(Kind.PROCESS, process)
    if row is None:
        return Target(process, process, None, "the process is no longer known" if process else "no process is known for it")
    return target_from(row)


def target_from(row: Any) -> Target:
    """The same from its row, also where that is no longer in the picture."""
    process, name = row.id, name_of(row)
    if row.local is MISSING:
        return Target(process, name, None, "it has not been found among the processes of this host")
    if not row.local:
        return Target(process, name, None, row.mismatch if row.mismatch is not MISSING else "it is not a process of this host")
    if any(value is MISSING for value in (row.host, row.pid, row.start_ticks, row.boot_id)):
        return Target(process, name, None, "its start is not known")
    if not _text(row.unit) and row.queues is MISSING:
        return Target(process, name, None, "its queues are not known, so cooldowns can't be kept for it")
    ref = ProcessRef(name, row.id, row.host, row.pid, row.start_ticks, row.boot_id, _text(row.tag), _text(row.unit))
    return Target(process, name, ref)


def name_of(row: Any) -> str:
    """The name under which cooldowns and budgets of this process are kept; the same after its restart."""
    host = _text(row.host) or row.id
    if unit := _text(row.unit):
        return f"{host}/{unit}"
    queues = "" if row.queues is MISSING else ",".join(sorted(row.queues))
    return f"{host}/{_text(row.tag)}[{queues}]"


def _text(value: Any) -> str:
    return "" if value is MISSING else str(value)
