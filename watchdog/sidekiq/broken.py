"""
A count of what in Redis does not have the shape it must have, for `status`.

The counterpart of `decode`, which finds it. Bounded: whatever is in Redis can't make the agent grow.
"""

import logging
from typing import Final

import msgspec

from watchdog.clock import Clock
from watchdog.sidekiq.decode import Broken

MOST_KEPT: Final = 200
_LOG: Final = logging.getLogger(__name__)


class BrokenDatum(msgspec.Struct, frozen=True):
    """One broken thing: where, what is wrong, how often it was read so, and when last (UTC milliseconds)."""

    key: str
    reason: str
    count: int
    last_seen: int


class Tally:
    """The broken data that was read last, at most `MOST_KEPT` things. Each new one is logged, so many in all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[Broken, BrokenDatum] = {}
        self._logged = 0

    def add(self, broken: Broken) -> None:
        """It was read once more."""
        earlier = self._seen.pop(broken, None)
        if earlier is None and self._logged < MOST_KEPT:
            self._logged += 1
            _LOG.warning("broken data in Redis at %s: %s", broken.key, broken.reason)
        self._seen[broken] = BrokenDatum(broken.key, broken.reason, 1 + (earlier.count if earlier else 0), self._clock.wall())
        if len(self._seen) > MOST_KEPT:
            del self._seen[next(iter(self._seen))]

    def data(self) -> tuple[BrokenDatum, ...]:
        """All that is kept, by key and reason."""
        return tuple(sorted(self._seen.values(), key=lambda datum: (datum.key, datum.reason)))
