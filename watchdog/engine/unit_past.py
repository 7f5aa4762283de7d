"""
What is remembered of one unit of this host: a frozen part of the ledger.

systemd tells how a unit is, and how it ended last; not who ended it, nor how often it came back within the last minutes. Times named `at` or `…_at` are engine milliseconds.
"""

from typing import Final

import msgspec

WITHIN: Final = 600_000
"""Milliseconds for which a start is counted."""
MOST: Final = 20
"""So many starts of a unit are remembered."""


class Began(msgspec.Struct, frozen=True):
    """It was started anew: by systemd itself, or by the agent."""

    at: int


class UnitPast(msgspec.Struct, frozen=True):
    """
    One unit.

    `restarts` is systemd's own counter when it was last seen, None before that. `starts` are those of the last minutes. `ended_at` is when the agent ended the process in it and `invocation` which run of it that was,
    empty where it was not known; `file_state` is how it was set up then. `stopped_at` is when somebody was seen to have it stopped. Both are forgotten once it runs anew.
    """

    restarts: int | None = None
    starts: tuple[Began, ...] = ()
    ended_at: int | None = None
    invocation: str = ""
    file_state: str = ""
    stopped_at: int | None = None


NOTHING: Final = UnitPast()


def starts_within(past: UnitPast, at: int) -> int:
    """How often it was started anew within the last ten minutes."""
    return sum(1 for one in past.starts if at - one.at < WITHIN)


def with_starts(past: UnitPast, at: int, count: int = 1) -> UnitPast:
    """So many more starts, now."""
    fresh = tuple(one for one in past.starts if at - one.at < WITHIN)
    return msgspec.structs.replace(past, starts=(*fresh, *(Began(at) for _ in range(min(count, MOST))))[-MOST:])
