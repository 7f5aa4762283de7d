"""
Reads the log of one process until it is known which jobs run in it, or ran at its end.

The counterpart of `ran_at_end`, which judges. It reads only, within the bounds of `host.log_source`, and what it gives holds nothing of a job but class, jid, thread
and times.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.host.journal.command import Selection
from watchdog.host.journal.journal import Journal
from watchdog.host.log_file import LogFile
from watchdog.host.log_source import BOUNDS, Bounds, LogSource, LogUnreadableError
from watchdog.model.log_lines import LogEntry, LogLine
from watchdog.model.results import LogRead
from watchdog.model.targets import ProcessRef
from watchdog.recovery.ran_at_end import AtEnd
from watchdog.rulefile.log import LogSettings
from watchdog.sidekiq.log.head import read_head

BEHIND: Final = 0.15
"""Seconds that are given to lines which the process has written and journald has not taken yet."""
_SETTLED: Final = 2_000
"""Milliseconds after which journald has taken whatever a process wrote."""


def source_of(target: ProcessRef, settings: LogSettings) -> LogSource:
    """Where its lines are; raises `LogUnreadableError` where the config names no place."""
    path = settings.file_of(target.unit)
    if path is not None:
        return LogFile(Path(path))
    if settings.journal:
        return Journal(Selection(pid=target.pid, boot_id=target.boot_id))
    raise LogUnreadableError(
        f"no log is named for {target.unit or 'a process without a unit'} (hint: `log: {{journal: true}}`, or a path under `files`)"
    )


async def read_log(
    target: ProcessRef,
    settings: LogSettings,
    *,
    until: int,
    threads: int,
    running: frozenset[str] | None = None,
    wall: Callable[[], int],
    source: LogSource | None = None,
    bounds: Bounds = BOUNDS,
) -> LogRead:
    """
    What its log says, within `bounds`. Raises `LogUnreadableError`.

    `until` is the last moment at which it is known to have worked (UTC milliseconds), `wall` what time it is; `threads` as in `ReadLog`; `running` are the jids that its work
    hash held at `until`, None if that is not known; `source` stands in for what the
    settings name.
    """
    source = source_of(target, settings) if source is None else source
    at_end = AtEnd(pid=target.pid, until=until, threads=threads, running=running, drops=source.drops, burst=settings.burst)
    extent = await source.backwards(at_end.take, bounds=bounds)
    if source.drops and extent.cursor and wall() - until < _SETTLED:
        # The log is kept by another process, which is a moment behind: a job may have ended in that moment.
        await asyncio.sleep(BEHIND)
        await source.forwards(at_end.take_later, cursor=extent.cursor)
    return at_end.answer(extent)


async def last_sign_of_life(target: ProcessRef, source: LogSource) -> int:
    """When the newest line of a process was written (UTC milliseconds), 0 if that is not known: for those who know nothing better of its end."""
    newest = 0

    def take(entry: LogEntry) -> bool:
        nonlocal newest
        if isinstance(entry, LogLine) and entry.pid in (0, target.pid):
            head = read_head(entry.text)
            if entry.pid or (head is not None and head.pid == target.pid):
                newest = entry.at or (head.at if head is not None else 0)
        return bool(newest)

    await source.backwards(take)
    return newest
