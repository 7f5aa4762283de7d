"""What is done by the agent that leads, and by no other (`engine.leading`)."""

from typing import Final

from watchdog.engine.guards.view import View
from watchdog.model.kinds import Source
from watchdog.model.targets import TargetKind

LOCAL: Final = frozenset({Source.HOST, Source.SYSTEMD})
"""What only the agent of the host can see."""


def is_for_the_leader(view: View) -> bool:
    """A rule wants jobs moved for what every agent can see; what has been begun is brought to its end by whoever began it, and people are not bound."""
    return view.about is TargetKind.JOBS and not view.incident and view.overruled is None and not LOCAL.intersection(view.sources)
