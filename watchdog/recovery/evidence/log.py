"""
The end of a log: its last lines, and which jobs had begun and not ended by it.

Both come from one reading. In a file that several processes write into, a line without Sidekiq's head belongs to whoever wrote the head before it.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from watchdog.host.log_source import BOUNDS, Bounds, LogSource, Take
from watchdog.model.findings import Certainty
from watchdog.model.log_lines import Extent, LogEntry, LogLine
from watchdog.recovery.evidence.subject import Subject
from watchdog.recovery.evidence.views import Begun, LogTail
from watchdog.recovery.reading_log import read_log, source_of
from watchdog.recovery.work_hash import running_in
from watchdog.sidekiq.log.events import JobStarted
from watchdog.sidekiq.log.head import read_head
from watchdog.sidekiq.log.parse import parse

LINES: Final = 200
LONGEST: Final = 2_000
"""Characters of a line that are kept."""
_MOST_BEGUN: Final = 200


class Tail:
    """A log that keeps what is read of its end on the way; `done` is called once that is enough, perhaps in another thread."""

    def __init__(self, source: LogSource, pid: int, done: "asyncio.Event") -> None:
        self.drops = source.drops
        self._source = source
        self._pid = pid
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._lines: list[str] = []
        self._headless: list[str] = []
        self._last: str | None = None

    @property
    def last(self) -> str:
        """The jid of the job whose start is the last that Sidekiq wrote in it, '' where that is something else."""
        return self._last or ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The oldest first."""
        return tuple(reversed(self._lines))

    async def backwards(self, take: Take, *, bounds: Bounds = BOUNDS) -> Extent:
        """As the log itself."""

        def keep_and_take(entry: LogEntry) -> bool:
            if len(self._lines) < LINES:
                self._keep(entry)
                if len(self._lines) >= LINES:
                    self._loop.call_soon_threadsafe(self._done.set)
            return take(entry)

        return await self._source.backwards(keep_and_take, bounds=bounds)

    async def forwards(self, take: Take, *, cursor: str, bounds: Bounds = BOUNDS) -> Extent:
        """As the log itself."""
        return await self._source.forwards(take, cursor=cursor, bounds=bounds)

    def follow(self, *, cursor: str = "") -> AsyncGenerator[LogEntry, None]:
        """As the log itself."""
        return self._source.follow(cursor=cursor)

    def _keep(self, entry: LogEntry) -> None:
        if not isinstance(entry, LogLine) or (entry.pid and entry.pid != self._pid):
            return
        head = read_head(entry.text)
        if head is None and not entry.pid:
            self._headless.append(entry.text[:LONGEST])
            del self._headless[LINES:]
            return
        if entry.pid or (head is not None and head.pid == self._pid):
            if head is not None and self._last is None:
                event = parse(entry)
                self._last = event.jid if isinstance(event, JobStarted) else ""
            self._lines += [*self._headless, entry.text[:LONGEST]]
        self._headless.clear()


async def collect(subject: Subject) -> LogTail:
    """Read it; raises `LogUnreadableError`."""
    target = subject.target
    noted = subject.picture.noted(target.identity)
    wall = subject.clock.wall
    try:
        source = Tail(source_of(target, subject.log), target.pid, subject.tail_read)
        read = await read_log(
            target, subject.log, until=wall() if noted is None else min(noted.beat, wall()), threads=0 if noted is None else noted.threads,
            running=running_in(noted), wall=wall, source=source,
        )  # fmt: skip
    finally:
        subject.tail_read.set()
    certain = all(one.certainty is Certainty.PROVEN for one in read.findings)
    return LogTail(
        lines=source.lines[-LINES:],
        begun=tuple(
            Begun(one.jid, one.job_class, one.tid, read.started.get(one.jid, 0), one.certainty.value) for one in read.findings[:_MOST_BEGUN]
        ),
        whole=bool(read.lines) and not read.missing and certain and len(read.findings) <= _MOST_BEGUN,
        missing=read.missing,
        last=source.last,
    )
