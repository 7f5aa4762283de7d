"""
A line of a log → an event, or None where it says nothing that matters here.

The time is that of the log where it has one, else the line's own. Where the log vouches for the pid of the writer, a line that names another one is
not believed.
"""

import re
from collections.abc import Callable
from typing import Final

from watchdog.model.log_lines import LogLine
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
from watchdog.sidekiq.log.head import Head, looks_like_a_head, read_head

# Up to the closing quote and no further: where an error is told its message stands behind it, which can hold anything.
_FRAME: Final = re.compile(r"\S{1,300}:\d{1,7}:in ['`][^'`\n]{1,200}'")
_NO_BACKTRACE: Final = "<no backtrace available>"
_DUMP: Final = re.compile(r"Thread TID-([0-9a-z]{1,32})(?: (.{0,100}))?")
_PUSHED: Final = re.compile(r"Pushed (\d{1,6}) jobs back to Redis")
_NOT_PUSHED: Final = re.compile(r"Failed to requeue (\d{1,6}) jobs: ", re.DOTALL)
_ELAPSED: Final = re.compile(r"\d{1,9}(?:\.\d{1,6})?(?:e-\d\d?)?")
_QUIET: Final = ("DEBUG", "INFO")
"""At no other level does Sidekiq say that a job began: then it is the job's own word, and shows even where the logger's are hidden."""
_OF_A_JOB: Final = ("start", "done", "fail")
_SAID: Final[dict[str, Callable[[int, int], LogEvent]]] = {
    "Bye!": Ended,
    "Shutting down": ShuttingDown,
    "Received TSTP, no longer accepting new work": Quieted,
}


def parse(line: LogLine) -> LogEvent | None:
    """The event of one line; never raises, whatever stands in it."""
    head = read_head(line.text)
    if head is None:
        frame = _frame(line.text)
        if frame:
            return Frames((frame,), first=False)
        return Unreadable(line.at, line.pid) if looks_like_a_head(line.text) else None
    if line.pid and head.pid != line.pid:
        return None
    at = line.at or head.at
    return _of_job(head, at) if "jid" in head.fields else _of_process(head, at)


def _of_job(head: Head, at: int) -> LogEvent | None:
    jid, job_class = head.word("jid"), head.word("class")
    if not jid:
        return Unreadable(at, head.pid) if head.message in _OF_A_JOB else None
    elapsed = head.fields.get("elapsed")
    if head.message == "start" and head.level in _QUIET:
        return JobStarted(at, head.pid, head.tid, jid, job_class)
    if elapsed is None:
        # The job's own word, "done" too: JobLogger has put the time before it says so.
        return JobSaid(at, head.pid, head.tid, jid, job_class)
    if head.message not in _OF_A_JOB:
        return JobTimed(at, head.pid, head.tid, jid)
    if not _ELAPSED.fullmatch(elapsed):
        return Unreadable(at, head.pid)
    return JobEnded(at, head.pid, head.tid, jid, job_class, round(float(elapsed) * 1000), failed=head.message == "fail")


def _of_process(head: Head, at: int) -> LogEvent | None:
    message = head.message
    if made := _SAID.get(message):
        return made(at, head.pid)
    if found := _DUMP.fullmatch(message):
        return DumpBegan(at, head.pid, found[1], found[2] or "")
    if found := _PUSHED.fullmatch(message):
        return PushedBack(at, head.pid, int(found[1]))
    if found := _NOT_PUSHED.match(message):
        return RequeueFailed(at, head.pid, int(found[1]))
    if message.startswith("Running in "):
        return Booted(at, head.pid)
    frames = tuple(map(_frame, message.split("\n")))
    return Frames(frames, first=True) if all(frames) else None


def _frame(text: str) -> str:
    """The line if it is one of a backtrace, '' for any other."""
    return text if text == _NO_BACKTRACE or _FRAME.fullmatch(text) else ""
