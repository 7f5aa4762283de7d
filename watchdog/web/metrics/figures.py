"""What the parts of the agent count of themselves, at one moment: what a scrape can't read in the engine's state. The daemon gives it; tests give their own."""

from collections.abc import Mapping

import msgspec

from watchdog.store.standing import OutboxCounts
from watchdog.store.trace.recorder import Recording
from watchdog.web.metrics.counted import LifeCounts


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """
    None where there is nothing that counts it, or where it can't be asked.

    `failing` says that nothing can be written down, `refused` that a reload was; `waiting` events wait for their turn. `cost` and `budget` are those of `sidekiq.follow`, `broken` how much in Redis can't be
    understood, `looked_ms` the processor time of all looks at the host. `hears` says of each receiver by which people can answer whether they are heard. `streams` follow events, and so many were `dropped` because they were too slow.
    """

    counted: LifeCounts
    failing: bool = False
    refused: bool = False
    waiting: int = 0
    tracking: bool | None = None
    cost: Mapping[str, int] | None = None
    budget: Mapping[str, float] | None = None
    broken: int | None = None
    looked_ms: float | None = None
    trace: Recording | None = None
    outbox: Mapping[str, OutboxCounts] | None = None
    hears: Mapping[str, bool] = {}
    quarantined: int | None = None
    streams: int = 0
    dropped: int = 0
