"""
Everything that `doctor` looks at: one table, a file for each part of it. What looks is keyed to it (`doctor/`).

A new point is a row here, and a line in what the `look` of its area answers; nothing else names it.

The counterpart of `checks.py`, whose checks the operator declares and the agent tries for ever: these are tried when somebody asks, and say how to mend what is wrong.
"""

from typing import Final

from watchdog.model.points.around import AROUND
from watchdog.model.points.machine import MACHINE
from watchdog.model.points.mastodon import MASTODON
from watchdog.model.points.page import PAGE
from watchdog.model.points.redis import REDIS
from watchdog.model.points.sidekiq import SIDEKIQ
from watchdog.model.points.spec import Area, PointSpec

__all__ = ["BY_NAME", "POINTS", "Area", "PointSpec"]

POINTS: Final[tuple[PointSpec, ...]] = (*MACHINE, *PAGE, *REDIS, *SIDEKIQ, *MASTODON, *AROUND)
"""In the order in which they are shown."""
BY_NAME: Final[dict[str, PointSpec]] = {spec.name: spec for spec in POINTS}
"""Name → spec."""
