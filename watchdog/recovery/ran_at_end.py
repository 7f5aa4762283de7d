"""
Which jobs were running when a process ended (or run now), by its log. Pure.

The counterpart of `sidekiq.log`, which understands single lines, and of `host.log_source`, which brings them from the newest to the oldest. A thread runs one
job at a time, so the last line about each thread is enough: a start means that its job was running. A thread whose job failed is dead and replaced by
another with a new name (`processor.rb`), so it says nothing about how many are known.

A start is *proven* to be the last of its thread only if nothing that would tell otherwise can be missing:
- the log tells of ends, and was still written (`log_habits`);
- no hole of the log lies behind the start;
- the lines of each thread alternate as they must (start, end, start, …), which lost or forged lines rarely do;
- the start itself was read: a job that only said something, later than any end of its thread, is likely;
- where lines can be dropped without a word until later (journald), there were fewer in the last half minute than journald lets through.
Else it is *likely*. A job that froze its process in the instant before its "start" is in no log at all, and one whose thread was between the end of its work and its
"done" is named although it is through: who puts jobs back must know that at-least-once is all there is. A line that was forged for a thread that never was can end the
reading one thread too early: then a running job is not named, never a wrong one proven.

What Sidekiq says of a stop in good order is believed but for one case. Who is told to be quiet may wait for a job for two seconds more (BRPOP), and with a timeout
below 3 s (`-t`) its unfinished jobs are pushed back while it does: an idle thread can take one of them again, and die with it (tried with 7.3.2). Then those jobs are
named as likely, and whoever looks for them must find them somewhere.
"""

from collections.abc import Iterable
from typing import Final

from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.model.log_lines import Extent, LinesLost, LogEntry, ReadEnd
from watchdog.model.results import LogRead
from watchdog.recovery.log_habits import Habits
from watchdog.sidekiq.log.dump import Dump
from watchdog.sidekiq.log.events import (
    Booted,
    DumpBegan,
    Ended,
    Frames,
    JobEnded,
    JobSaid,
    JobStarted,
    JobTimed,
    LogEvent,
    PushedBack,
    Quieted,
    RequeueFailed,
    ShuttingDown,
    Unreadable,
)
from watchdog.sidekiq.log.parse import parse

WINDOW: Final = 30_000
"""RateLimitIntervalSec of journald (journald.conf(5))."""
MOST: Final = 1_000
"""Running jobs that are named at most: more are forged, and an answer must stay small."""
FETCHES: Final = 2_500
"""Milliseconds after quieting in which an idle thread may still take a job: two seconds of BRPOP, and what a busy host adds."""
BURST: Final = 10_000
"""RateLimitBurst of journald: so many lines of a unit in a window are let through at least; more where the disk has room."""


class AtEnd:
    """
    Takes the entries of a log from the newest to the oldest, and says when it knows.

    `pid` is whose end it is; `until` the last moment at which it is known to have worked (UTC milliseconds), its last beat or its death; `threads` how many it has, 0 if
    that is not known; `running` the jids that its work hash held at that moment, None if that is not known; `drops` and `burst` whether lines of the log can be missing
    without a word, and beyond how many in half a minute (0: never).
    """

    def __init__(
        self, *, pid: int, until: int, threads: int = 0, running: frozenset[str] | None = None, drops: bool = False, burst: int = BURST
    ) -> None:
        self._pid = pid
        self._habits = Habits(until=until, running=running)
        self._threads = threads
        self._burst = burst if drops else 0
        self._last: dict[str, JobStarted | JobEnded] = {}
        self._oldest: dict[str, JobStarted | JobEnded] = {}
        self._said: dict[str, JobSaid] = {}
        self._timed: dict[str, str] = {}
        self._known = 0
        self._torn = False
        self._unreadable = 0
        self._lost: list[LinesLost] = []
        self._units: set[str] = set()
        self._lines = 0
        self._newest = 0
        self._in_window = 0
        self._window_seen = False
        self._ended = False
        self._told_to_end = False
        self._quieted_at = 0
        self._shut_down_at = 0
        self._pushed_at = 0
        self._fetched_before = False
        self._failed: list[JobEnded] = []
        self._pushed_back = 0
        self._not_pushed_back = 0
        self._booted = False
        self._dump = Dump()

    @property
    def is_answered(self) -> bool:
        """Nothing older can change the answer."""
        if self._booted:
            return True
        if self._closing:
            # Who had been quiet for long before, fetched nothing any more: that is told by an older line.
            return self._told_to_end and (not self._is_hasty or self._fetched_before or bool(self._quieted_at))
        return bool(self._threads) and self._known >= self._threads and self._window_known and self._habits.is_known

    def take(self, entry: LogEntry) -> bool:
        """An entry that is older than all before; True once the answer is known."""
        if isinstance(entry, LinesLost):
            self._lost.append(entry)
            return self.is_answered
        if entry.pid and entry.pid != self._pid:
            return False
        self._lines += 1
        if entry.unit:
            self._units.add(entry.unit)
        event = parse(entry)
        if event is not None:
            self._hear(event)
        if entry.pid or event is not None:
            self._count(entry.at or getattr(event, "at", 0))
        return self.is_answered

    def take_later(self, entry: LogEntry) -> bool:
        """An entry that came after everything that was taken before: a log can be a moment behind its process."""
        if isinstance(entry, LinesLost):
            self._lost.append(entry)
            return False
        match None if entry.pid and entry.pid != self._pid else parse(entry):
            case JobStarted() | JobEnded() as event if event.pid == self._pid:
                self._last[event.tid] = event
                self._habits.hear(event)
                self._fail(event)
            case Ended() | PushedBack() | RequeueFailed() | ShuttingDown() as event if event.pid == self._pid:
                self._hear(event)
            case _:
                pass
        return False

    def answer(self, extent: Extent) -> LogRead:
        """What the log says, given how far it was read."""
        last = [*self._last.values(), *(said for tid, said in self._said.items() if tid not in self._last)]
        running = sorted((event for event in last if not isinstance(event, JobEnded)), key=lambda event: (-event.at, event.tid))
        pushed = self._pushed_again()
        left_out = len(running) - MOST
        del running[MOST:]
        clean = self._clean()
        doubts, misgivings = list(self._doubts()), list(self._misgivings(running))
        if left_out > 0:
            doubts.append(f"{left_out:,} more starts without an end: no Sidekiq has so many threads")
        findings = () if clean else tuple(self._finding(event, doubts) for event in running)
        findings += pushed
        if any(finding.certainty is not Certainty.PROVEN for finding in findings):
            doubts += self._holes(event.at for event in running)
        return LogRead(
            findings=findings,
            started={} if clean else {event.jid: event.at if isinstance(event, JobStarted) else 0 for event in running},
            clean=clean,
            pushed_back=self._pushed_back,
            not_pushed_back=self._not_pushed_back,
            starts=self._habits.starts,
            ends=self._habits.ends,
            lines=extent.lines,
            missing=() if clean else (*doubts, *misgivings, *self._unread(extent)),
            threads=self._dump.threads,
            dumped_at=self._dump.at,
            hasty=bool(pushed),
        )

    @property
    def _closing(self) -> bool:
        return self._ended or bool(self._pushed_back or self._not_pushed_back)

    @property
    def _window_known(self) -> bool:
        return not self._burst or self._window_seen or self._in_window >= self._burst

    @property
    def _is_hasty(self) -> bool:
        """It pushed its jobs back while one of its idle threads may still have waited for one."""
        quiet_at = self._quieted_at or self._shut_down_at
        return bool(self._pushed_back and self._pushed_at and quiet_at) and self._pushed_at - quiet_at < FETCHES

    def _pushed_again(self) -> tuple[Finding, ...]:
        """The jobs that it pushed back in haste, if it did: each of them failed with its thread, after it was told to end."""
        if not self._is_hasty or self._not_pushed_back:
            return ()
        jobs = {event.jid: event for event in self._failed if event.at >= self._shut_down_at}
        return tuple(
            Finding(jid=jid, certainty=Certainty.LIKELY, origin=Origin.LOG, job_class=event.job_class, tid=event.tid)
            for jid, event in sorted(jobs.items())
        )

    def _fail(self, event: JobStarted | JobEnded) -> None:
        if isinstance(event, JobEnded) and event.failed and len(self._failed) < MOST:
            self._failed.append(event)

    def _hear(self, event: LogEvent) -> None:
        match event:
            case DumpBegan() if event.pid == self._pid:
                self._dump.take(event)
            case Frames():
                self._dump.take(event)
            case _ if event.pid != self._pid:
                pass
            case JobStarted() | JobEnded():
                self._job(event)
            case JobSaid():
                if event.tid not in self._last:
                    self._said.setdefault(event.tid, event)
            case JobTimed():
                self._timed.setdefault(event.tid, event.jid)
            case Booted():
                self._booted = True
                self._habits.begin()
            case Ended():
                self._ended = True
            case PushedBack(at=at, jobs=jobs):
                self._pushed_back += jobs
                # Each capsule says so for itself: the first counts.
                self._pushed_at = min(self._pushed_at or at, at)
            case RequeueFailed(jobs=jobs):
                self._not_pushed_back += jobs
            case ShuttingDown(at=at):
                self._told_to_end = True
                self._shut_down_at = at
            case Quieted(at=at):
                self._quieted_at = at
            case Unreadable():
                self._unreadable += 1
            case DumpBegan():
                pass

    def _job(self, event: JobStarted | JobEnded) -> None:
        self._habits.hear(event)
        if not self._told_to_end:
            self._fail(event)
        elif isinstance(event, JobStarted):
            self._fetched_before = True
        later = self._oldest.get(event.tid)
        if later is None:
            said = self._said.get(event.tid)
            if said is None or (isinstance(event, JobStarted) and event.jid == said.jid):
                self._last[event.tid] = event
            else:
                # A job spoke after this, and its start is missing.
                self._torn = True
            # A failed job has taken its thread with it.
            self._known += not (isinstance(event, JobEnded) and event.failed)
        elif isinstance(event, JobStarted) and isinstance(later, JobStarted):
            # A job can say "start" itself; another job's start can't follow without an end.
            self._torn |= later.jid != event.jid
        elif isinstance(event, JobEnded):
            self._torn |= isinstance(later, JobEnded) or later.jid == event.jid
        else:
            self._torn |= later.jid != event.jid
        self._oldest[event.tid] = event

    def _count(self, at: int) -> None:
        if not at:
            return
        self._newest = max(self._newest, at)
        self._habits.pass_by(at)
        if at >= self._newest - WINDOW:
            self._in_window += 1
        else:
            self._window_seen = True

    def _clean(self) -> bool | None:
        if self._not_pushed_back:
            return False
        if self._is_hasty:
            return None
        return True if self._closing and (self._told_to_end or self._booted) and not self._torn else None

    def _finding(self, event: JobStarted | JobSaid, doubts: list[str]) -> Finding:
        is_proven = (
            isinstance(event, JobStarted)
            and not doubts
            and self._habits.prove(event, has_spoken=self._has_spoken(event))
            and not any(self._is_behind(lost, event.at) for lost in self._lost)
        )
        return Finding(
            jid=event.jid,
            certainty=Certainty.PROVEN if is_proven else Certainty.LIKELY,
            origin=Origin.LOG,
            job_class=event.job_class,
            tid=event.tid,
        )

    def _misgivings(self, running: Iterable[JobStarted | JobSaid]) -> Iterable[str]:
        begun = [event for event in running if isinstance(event, JobStarted)]
        return self._habits.misgivings(begun, has_spoken=any(map(self._has_spoken, begun)))

    def _has_spoken(self, event: JobStarted | JobSaid) -> bool:
        return event.tid in self._said or self._timed.get(event.tid) == event.jid

    def _is_behind(self, lost: LinesLost, start: int) -> bool:
        return (not lost.at or lost.at >= start) and (not lost.unit or not self._units or lost.unit in self._units)

    def _doubts(self) -> Iterable[str]:
        """What keeps every finding from being proven."""
        if not self._lines:
            yield f"the log has no line of pid {self._pid}"
        else:
            yield from self._habits.doubts(self._pid)
        if self._is_hasty:
            seconds = (self._pushed_at - (self._quieted_at or self._shut_down_at)) / 1000
            yield (
                f"it pushed its jobs back {seconds:.1f} s after it was told to take no more: one of its idle threads may have taken one of them again "
                "(hint: give Sidekiq a timeout of 3 s or more)"
            )
        if self._torn:
            yield "the lines of a thread do not follow each other as they must: some are missing, or are not Sidekiq's"
        if self._burst and self._in_window >= self._burst:
            yield (
                f"{self._in_window:,} lines in the last half minute: journald may have dropped the last ones and not said so yet "
                "(hint: LogRateLimitIntervalSec=0 in the unit)"
            )

    def _holes(self, starts: Iterable[int]) -> Iterable[str]:
        oldest = min(starts, default=0)
        lines: dict[str, int] = {}
        for lost in self._lost:
            if self._is_behind(lost, oldest):
                lines[lost.reason] = lines.get(lost.reason, 0) + lost.lines
        for reason, number in lines.items():
            yield f"{reason} ({number:,} of them)" if number else reason

    def _unread(self, extent: Extent) -> Iterable[str]:
        if self._unreadable:
            yield f"{self._unreadable:,} lines look like Sidekiq's and can't be read"
        if self.is_answered:
            return
        known = f"of {self._threads} threads {self._known} are known" if self._threads else "how many threads it has is not known"
        match extent.end:
            case ReadEnd.BEGINNING:
                yield f"the log does not reach back to its start: {known}"
            case ReadEnd.OUT_OF_TIME | ReadEnd.TOO_MANY_LINES | ReadEnd.TOO_MANY_BYTES:
                yield f"only {extent.lines:,} lines were read in {extent.milliseconds} ms: {known}"
            case ReadEnd.ANSWERED:
                pass
