"""
Whether the log of a process tells of every job that ends, and was still written at its end. Pure.

The counterpart of `ran_at_end`, which knows the threads. A start without an end proves that a job ran only where its end would stand in the log. Two things must be known
for that, and on a quiet server neither need be told by the last minute.

That it *writes ends*: no logger changes its mind while it lives, so any end of this process will do, however old. Where it has not ended one job yet, its log must be there from its
first line on, and its start must be the last that was written of a job: Sidekiq's own logger writes an end for each start, and a logger with other words for an end has written them
by then. Two things can't be told from that: a logger that writes nothing but starts, in Sidekiq's very words, and a job that says "start" itself where `skip_default_job_logging`
keeps the logger silent. Nobody is known to have either, and both give themselves away once a thread begins its second job.

That it *was still written*: pipes break and disks fill. Within the minute before the end a job began or ended in it; or the last work hash holds the job, so that it
ended, if it did, within the one beat after that. The work hash can speak against a log, too: what began long before it was written and does not stand in it had ended by then,
and the log does not tell that.

Neither a predecessor nor a sibling is asked: they may have been started with another level, and whoever has neither an end nor a first line has hardly worked.
"""

from collections.abc import Iterable
from typing import Final

from watchdog.sidekiq.log.events import JobEnded, JobStarted

RECENT: Final = 60_000
"""Milliseconds before the end in which a job must have begun or ended."""
PICTURED: Final = 20_000
"""Milliseconds after its start in which a job may be missing in the last work hash: that is written every ten seconds, and can be read a beat late."""


class Habits:
    """
    Hears every start and end of one process, in any order.

    `until` is the last moment at which it is known to have worked (UTC milliseconds); `running` the jids that its work hash held then, None where that is not
    known.
    """

    def __init__(self, *, until: int, running: frozenset[str] | None = None) -> None:
        self._until = until
        self._running = running
        self._is_recent = False
        self._timeless = False
        self._minute_seen = False
        self._starts_at_boot = False
        self.starts = 0
        self.ends = 0

    def hear(self, event: JobStarted | JobEnded) -> None:
        """One of them."""
        self._timeless |= not event.at
        self._is_recent |= bool(event.at) and event.at >= self._until - RECENT
        if isinstance(event, JobStarted):
            self.starts += 1
        else:
            self.ends += 1

    def begin(self) -> None:
        """The first line of the process was read."""
        self._starts_at_boot = True

    def pass_by(self, at: int) -> None:
        """A line of that time (UTC milliseconds) was read, whatever stands in it."""
        self._minute_seen |= at < self._until - RECENT

    @property
    def is_known(self) -> bool:
        """Nothing older can change what is said here."""
        return self._timeless or (bool(self.ends) and (self._is_recent or self._minute_seen))

    def prove(self, event: JobStarted, *, has_spoken: bool) -> bool:
        """Whether an end of this job would have been read; `has_spoken` says that it wrote something after its start."""
        runs = self._running is not None and event.jid in self._running
        return (bool(self.ends) or not has_spoken) and (self._is_recent or runs) and not self._had_ended(event)

    def doubts(self, pid: int) -> Iterable[str]:
        """What keeps every start from being proven."""
        if not self.starts and not self.ends:
            yield f"pid {pid} writes no start and end of jobs (hint: RAILS_LOG_LEVEL must be info or debug)"
        elif self._timeless:
            yield "neither the log nor its lines tell the time, so nobody knows how old they are"
        elif not self.ends and not self._starts_at_boot:
            yield "no end of a job was read, nor where the process began, so nobody knows whether this log tells of ends"

    def misgivings(self, begun: Iterable[JobStarted], *, has_spoken: bool) -> Iterable[str]:
        """What keeps some of those that have `begun` from it, or the list from being whole; `has_spoken` says that one of them wrote something after its start."""
        if (self.starts or self.ends) and not self._timeless and not self._is_recent:
            yield "in the last minute before the end no job began or ended in the log: it may not have been written any more"
        if has_spoken and not self.ends and self._starts_at_boot:
            yield "the process has not ended one job in its log yet: one that has said something since its start may be through"
        if ended := sum(map(self._had_ended, begun)):
            yield f"jobs that began long before its last beat and were not in its work hash then: {ended}; the log does not tell of their ends"

    def _had_ended(self, event: JobStarted) -> bool:
        return self._running is not None and event.jid not in self._running and event.at < self._until - PICTURED
