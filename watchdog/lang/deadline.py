"""When to look again at something that time changes: what every horizon says."""

from typing import Final, Protocol

import msgspec

from watchdog.lang.demands import Scope
from watchdog.lang.nowhere import NOWHERE
from watchdog.model.rows import Row


class Deadline(msgspec.Struct, frozen=True, gc=False):
    """
    When to look again.

    `engine` is an engine time after now; `beat` a time of the last beat of the job's process (its `confirmed_at`) after the
    present one. As long as neither has been reached, the truth is what it is now. None: never.
    """

    engine: int | None = None
    beat: int | None = None


NEVER: Final = Deadline()
"""Time alone changes nothing."""


class Horizon(Protocol):
    """Until when something stays as it is, seen from an engine time."""

    def __call__(self, row: Row, now: int, scope: Scope = NOWHERE, /) -> Deadline: ...  # noqa: D102


def never(row: Row, now: int, scope: Scope = NOWHERE, /) -> Deadline:  # noqa: ARG001  (it has to look like the others)
    """The horizon of all that time alone does not change; who asks often need not call it."""
    return NEVER


def earlier(one: Deadline, other: Deadline) -> Deadline:
    """When the first of two things is due."""
    return Deadline(first(one.engine, other.engine), first(one.beat, other.beat))


def first(one: int | None, other: int | None) -> int | None:
    """The earlier of two times of which each may be never."""
    return other if one is None else one if other is None else min(one, other)
