"""
What must never be touched: whatever an operator has put on a list, and what keeps the host and this agent alive.

The list is for what no rule may end however sick it looks: the only scheduler, a process that somebody is looking into, another one's server.
"""

from watchdog.engine.guards.called import called
from watchdog.engine.guards.view import View, asks, denies, passes
from watchdog.lang.glob import fits
from watchdog.model.actions_on_peers import SUSPEND
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Verdict


def protected(view: View) -> Verdict:
    """
    Denies for a target that fits a pattern of `protected`; and for pid 1, a kernel thread and the agent itself, whatever stands there.

    Asks where another server would be suspended.
    """
    names = tuple(called(view))
    pattern = next((one for one in view.settings["protected"] if any(fits(name, (one,)) for name in names)), None)
    if pattern is not None:
        return denies("protected", f"{view.target} is on the list of what is never touched: {pattern}")
    if view.look is not None and view.look.untouchable:
        return denies("protected", view.look.untouchable)
    if view.arguments.get("severity") == SUSPEND and view.about is TargetKind.PEER:
        return asks("protected", "to suspend a server deletes what is here of it, which nobody can bring back")
    return passes("protected")
