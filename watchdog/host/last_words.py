"""
What Redis said of a process of this host, and how the process ended by that. Pure.

The counterpart of the pidfd, which says that it ended and not how. Once it is dead, what stands in Redis of it can't change any more: one that is still
listed then has not said goodbye. To be missing there proves nothing (whoever opens Sidekiq's page removes those that are silent), so it
must never be taken for a clean stop.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from watchdog.model.events import CRASHED, KILLED, STOPPED

_EXITED: Final = "exited"
_USUAL_BEAT: Final = 10_000


class Said(msgspec.Struct):
    """The readings of one process as they were last told, engine times in milliseconds; `is_killed` is what the agent itself did."""

    confirmed_at: int | None = None
    beat_every: int | None = None
    listed: bool | None = None
    clean_stop: bool | None = None
    is_killed: bool = False

    @property
    def settled(self) -> bool:
        """It is known how the process ended, should it have: nothing that is read now can change that."""
        return self.is_killed or self.clean_stop is True

    def take(self, fields: Mapping[str, Any]) -> None:
        """Readings by slot, as a delta brings them."""
        self.confirmed_at = fields.get("confirmed_at", self.confirmed_at)
        self.beat_every = fields.get("beat_every", self.beat_every)
        self.listed = fields.get("listed", self.listed)
        self.clean_stop = fields.get("clean_stop", self.clean_stop)

    def is_silent(self, now: int, *, beats: int) -> bool:
        """Whether it has missed so many beats; one that left Redis beats no more."""
        return self.confirmed_at is not None and now - self.confirmed_at > beats * (self.beat_every or _USUAL_BEAT)


def ending(said: Said, *, asked: bool) -> str:
    """How a process that is dead ended, as a `Gone` says it; `asked` says that Redis was read of it after its end."""
    if said.clean_stop is True:
        return STOPPED
    if said.is_killed:
        return KILLED
    return CRASHED if asked and said.listed is True else _EXITED
