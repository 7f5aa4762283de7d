"""Where Sidekiq logs: whether this user can read it, and whether it says what is needed."""

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec

from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, bad, counted, doubtful, fine, listed, passed_over
from watchdog.host.boot import HostUnreadableError, boot_id
from watchdog.host.log_source import Bounds, LogSource, LogUnreadableError
from watchdog.host.proc import ProcessFacts
from watchdog.model.log_lines import LinesLost, LogEntry
from watchdog.model.targets import ProcessRef
from watchdog.recovery.reading_log import source_of
from watchdog.sidekiq.log.events import JobEnded, JobStarted
from watchdog.sidekiq.log.parse import parse

LOOKED_AT: Final = Bounds(lines=200, size=2_000_000, milliseconds=3_000)
"""Of each log, from its end."""
ENOUGH: Final = 20
"""Lines; of fewer nobody can tell the level."""
_MOST: Final = 10


class Log(msgspec.Struct):
    """What was seen of the log of one unit, or of one process that has none."""

    name: str
    user: str = ""
    lines: int = 0
    jobs: int = 0
    dropped: bool = False
    problem: str = ""

    def take(self, entry: LogEntry) -> bool:
        """One entry; always asks for more."""
        if isinstance(entry, LinesLost):
            self.dropped = self.dropped or entry.unit in (self.name, "")
        else:
            self.lines += 1
            self.jobs += isinstance(parse(entry), JobStarted | JobEnded)
        return False


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area."""
    if exam.settings is None or not exam.here:
        return {}
    try:
        boot = boot_id(exam.places.proc)
    except HostUnreadableError as error:
        return {"log": passed_over(str(error))}
    settings, host, user = exam.settings.log, exam.host, exam.who.name

    async def look_into(identity: str, facts: ProcessFacts) -> Log:
        log = Log(facts.unit or f"pid {facts.pid}", user)
        try:
            await read(log, source_of(_ref(identity, facts, host, boot), settings))
        except LogUnreadableError as error:
            log.problem = str(error)
        return log

    logs = await asyncio.gather(*(look_into(identity, facts) for identity, facts in sorted(exam.here.items())[:_MOST]))
    return {"log": log_of(logs), "log-level": level_of(logs), "log-limit": limit_of(logs)}


async def read(log: Log, source: LogSource) -> None:
    """Its end. Raises `LogUnreadableError`."""
    await source.backwards(log.take, bounds=LOOKED_AT)


def _ref(identity: str, facts: ProcessFacts, host: str, boot: str) -> ProcessRef:
    return ProcessRef(facts.unit or identity, identity, host, facts.pid, facts.start_ticks, boot, unit=facts.unit)


def log_of(logs: list[Log]) -> Found:
    """Whether they can be read."""
    closed = [log for log in logs if log.problem]
    if not closed:
        return fine(f"{counted(len(logs), 'log')} can be read")
    says, _, hint = closed[0].problem.partition(" (hint: ")
    mend = hint.removesuffix(")").replace("`", "").replace("USER", closed[0].user) or "log: {files: …} in the config"
    return bad(f"the log of {closed[0].name} can't be read: {says}", mend)


def level_of(logs: list[Log]) -> Found:
    """Whether starts and ends of jobs are among the lines."""
    readable = [log for log in logs if not log.problem]
    mute = [log for log in readable if log.lines >= ENOUGH and not log.jobs]
    if mute:
        says = f"{mute[0].name}: none of its last {mute[0].lines} lines is the start or the end of a job"
        return doubtful(says, "RAILS_LOG_LEVEL=info in its environment")
    telling = [log.name for log in readable if log.jobs]
    if not telling:
        return passed_over("too few lines to tell")
    return fine(f"{listed(telling)}: starts and ends of jobs are logged")


def limit_of(logs: list[Log]) -> Found:
    """Whether any were dropped."""
    readable = [log for log in logs if not log.problem]
    if not readable:
        return passed_over("log first")
    dropped = [log.name for log in readable if log.dropped]
    if dropped:
        mend = f"systemctl edit {dropped[0]}: [Service], LogRateLimitBurst=1000000; then restart it"
        return doubtful(f"{listed(dropped)}: journald has dropped lines", mend)
    return fine("no line was dropped lately")
