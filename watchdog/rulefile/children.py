"""How a child of a process is found in a test of rules, and what comes of ending it: as the test has it stand still, and nothing stands against it."""

from typing import Any

from watchdog.engine.methods.kill_child import still_of
from watchdog.engine.world import World
from watchdog.model.effects import EndChild, LookAtChild
from watchdog.model.kinds import Kind
from watchdog.model.results import ChildEnded, ChildLook


def child_told(asked: LookAtChild | EndChild, world: World) -> ChildLook | ChildEnded:
    """The answer to either."""
    row: Any = world.find(Kind.PROCESS, asked.child.process.identity)
    if row is None or row.child_pid != asked.child.pid:
        gone = "the test has no such child any more"
        return ChildLook(alive=False, against=gone) if isinstance(asked, LookAtChild) else ChildEnded(was_gone=True, detail=gone)
    still = still_of(None, row)
    if isinstance(asked, LookAtChild) or still < asked.still_for:
        return ChildLook(alive=True, still=still, processes=1)
    return ChildEnded(still=still, processes=1)
