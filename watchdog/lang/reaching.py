"""
When a field that grows reaches a number: nearly all that conditions wait for, and the same wait for many of them.

The counterpart of `horizon.py`, which works out all else.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final

from watchdog.lang.deadline import NEVER, Deadline, Horizon, never
from watchdog.lang.demands import Scope
from watchdog.lang.nowhere import NOWHERE
from watchdog.model.fields import Clock
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

_WAITED_FOR: Final[dict[Horizon, tuple[str, Clock, tuple[int, ...]]]] = {}
"""What each of them waits for."""


def steps(operator: str, limit: int) -> tuple[int, ...]:
    """How long after its origin a growing field makes the comparison with `limit` say something else."""
    match operator:
        case ">" | "<=":
            return (limit + 1,)
        case ">=" | "<":
            return (limit,)
        case _:
            return limit, limit + 1


@cache
def reaching(slot: str, clock: Clock, after: tuple[int, ...]) -> Horizon:
    """When that field has grown for the next of these times, which rise; the same function for the same question."""

    def by_engine(row: Row, now: int, scope: Scope = NOWHERE, /) -> Deadline:  # noqa: ARG001
        origin = getattr(row, slot)
        if origin is not MISSING:
            for step in after:
                if origin + step > now:
                    return Deadline(origin + step)
        return NEVER

    def by_beat(row: Row, now: int, scope: Scope = NOWHERE, /) -> Deadline:  # noqa: ARG001
        origin, home = getattr(row, slot), row.home
        if origin is not MISSING and home is not MISSING and (beat := home.confirmed_at) is not MISSING:
            for step in after:
                if origin + step > beat:
                    return Deadline(None, origin + step)
        return NEVER

    horizon = by_engine if clock is Clock.ENGINE else by_beat
    _WAITED_FOR[horizon] = slot, clock, after
    return horizon


def fewest(horizons: Iterable[Horizon]) -> tuple[Horizon, ...]:
    """Others, the first of whose deadlines is always the first of these: all that wait for the same field are one."""
    others: dict[Horizon, None] = {}
    waited_for: dict[tuple[str, Clock], set[int]] = {}
    for horizon in horizons:
        if (what := _WAITED_FOR.get(horizon)) is not None:
            slot, clock, after = what
            waited_for.setdefault((slot, clock), set()).update(after)
        elif horizon is not never:
            others[horizon] = None
    return *others, *(reaching(slot, clock, tuple(sorted(after))) for (slot, clock), after in waited_for.items())
