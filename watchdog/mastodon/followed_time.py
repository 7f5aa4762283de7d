"""
Time that runs only while a log is followed: who could not look has seen nobody pause. Pure.

Three times meet here. A line says when it was written (wall); the engine counts its own; and what is kept over a restart must be counted on from where it stood.
"""


class FollowedTime:
    """`passed` is how many milliseconds have been followed before; it stands until `begin`."""

    def __init__(self, passed: int = 0) -> None:
        self._passed = passed
        self._since: int | None = None

    @property
    def runs(self) -> bool:
        """Whether the log is followed."""
        return self._since is not None

    def begin(self, at: int) -> None:
        """From that engine time on, which may lie in the past, it is followed."""
        if self._since is None:
            self._since = at

    def end(self, at: int) -> None:
        """Since that engine time it is not followed any more; nothing is taken back that lies before the last beginning."""
        if self._since is not None:
            self._passed += max(0, at - self._since)
            self._since = None

    def of(self, at: int) -> int:
        """How much has been followed at that engine time."""
        return self._passed if self._since is None else self._passed + max(0, at - self._since)

    @property
    def offset(self) -> int:
        """What engine time is ahead of this while the log is followed; stays the same for as long."""
        return (self._since or 0) - self._passed


def engine_time(wall: int, *, wall_now: int, at: int) -> int:
    """When that was in engine time, given both clocks now; nothing lies ahead, whatever a clock said."""
    return at - max(0, wall_now - wall)
