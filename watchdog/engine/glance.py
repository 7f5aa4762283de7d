"""
The picture as somebody sees it who only looks: what he asks leaves no trace in it.

Whoever judges leaves one: what was asked last is kept longest, and what was worked out is kept for the next who asks. That is right for rules, which ask the same in every replay; but how
often people look must not decide what an agent remembers, or a replay would come to something else.
"""

from typing import Any

from watchdog.engine.state import State
from watchdog.engine.world import World
from watchdog.lang.demands import Function


class Glance(World):
    """A world that shares all that it has with another one, and asks its histories without leaving a trace; nothing may be changed by way of it."""

    def __init__(self, world: World) -> None:
        # Not a copy: the very same picture, which goes on.
        self.__dict__ = world.__dict__

    def over(self, series: str, entity: str, function: Function, window: int, now: int) -> Any:
        """The function of that history over the `window` milliseconds before `now`."""
        return self.history.glance(series, entity, function, window, now)

    def held(self, series: str, entity: str, window: int, now: int) -> bool | None:
        """Whether a statement has been true all through the window."""
        return self.history.glance_held(series, entity, window, now)


def glance(state: State) -> State:
    """The same state, to be looked at."""
    return State(state.ledger, Glance(state.world))
