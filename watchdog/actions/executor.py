"""
Performs one command of the engine and answers it.

The counterpart of `model/effects.py`: every command there has its performer in the table here. It has no
judgement of its own; it only refuses where the target is not, or may not be, the process that was meant.
It must be called after the transaction that holds the command has been committed, never before.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from watchdog.clock import Clock
from watchdog.errors import WatchdogError
from watchdog.host.boot import CGROUPS, PROC, Here, here
from watchdog.host.signals import end_of, look, send
from watchdog.model.effects import (
    AwaitExit,
    CallUnit,
    Command,
    CountJobs,
    GatherInFlight,
    Measure,
    PutBack,
    ReadLog,
    ReleaseJobs,
    SendSignal,
    TakeJobs,
)
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Result, StillRunning
from watchdog.rulefile.log import LogSettings

Reread = Callable[[str], Awaitable[object]]
"""Reads the Redis side of an identity at once and emits what changed; raises a `WatchdogError` where it can't be read."""
CallOfUnit = Callable[[CallUnit], Awaitable[Result]]
"""Has systemd do it; answers as `CallUnit` says."""
Gather = Callable[[GatherInFlight], Awaitable[InFlight | Refused]]
"""Finds out which jobs a process holds (`recovery.gathering`)."""
Return = Callable[[PutBack], Awaitable[PutBackDone | Refused]]
"""Brings jobs into their places (`recovery.putting_back`)."""
Edit = Callable[[CountJobs | TakeJobs | ReleaseJobs], Awaitable[Result]]
"""Counts and moves the jobs that a rule means (`recovery.editing`)."""


class Executor:
    """
    The hands of the agent on this host.

    `host` is the name under which local processes appear in Redis; `log` tells where their logs are, as the config now stands. Raises `HostUnreadableError` where /proc does not tell
    the boot.
    """

    def __init__(
        self,
        *,
        reread: Reread,
        call_unit: CallOfUnit,
        gather: Gather,
        put_back: Return,
        edit: Edit,
        clock: Clock,
        host: str,
        log: Callable[[], LogSettings] = LogSettings,
        proc: Path = PROC,
        cgroups: Path = CGROUPS,
    ) -> None:
        self._reread = reread
        self._call_unit = call_unit
        self._gather = gather
        self._return = put_back
        self._edit = edit
        self._log = log
        self._clock = clock
        self._here: Here = here(name=host, proc=proc, cgroups=cgroups)

    async def perform(self, command: Command) -> Result:
        """
        Carry it out; exactly one answer, which never holds anything of a job.

        Waits in `AwaitExit` until the process has ended or engine time `until`, in `CallUnit` until the job has or that time,
        and in `Measure` for Redis; may be cancelled there without harm. Several commands may run at a time.
        """
        return await _PERFORMERS[type(command)](self, command)

    async def _measure(self, command: Measure) -> Result:
        try:
            await self._reread(command.target.identity)
        except WatchdogError as error:
            return Refused(str(error))
        return look(command.target, self._here)

    async def _send_signal(self, command: SendSignal) -> Result:
        return send(command.target, command.signal, self._here)

    async def _gather_in_flight(self, command: GatherInFlight) -> Result:
        return await self._gather(command)

    async def _put_back(self, command: PutBack) -> Result:
        return await self._return(command)

    async def _edit_jobs(self, command: CountJobs | TakeJobs | ReleaseJobs) -> Result:
        return await self._edit(command)

    async def _await_exit(self, command: AwaitExit) -> Result:
        """`StillRunning` never comes before `until`, which a timer of the loop alone does not promise to the millisecond."""
        while True:
            left = command.until - self._clock.at()
            result: Exited | StillRunning | Refused = await end_of(command.target, self._here, milliseconds=max(0, left))
            if left <= 0 or not isinstance(result, StillRunning):
                return result

    async def _read_log(self, command: ReadLog) -> Result:
        # Loaded when it is first needed: most agents never come to it.
        from watchdog.recovery.reading_log import read_log

        try:
            return await read_log(
                command.target, self._log(), until=command.until or self._clock.wall(), threads=command.threads, wall=self._clock.wall
            )
        except WatchdogError as error:
            return Refused(str(error))

    async def _have_unit_called(self, command: CallUnit) -> Result:
        return await self._call_unit(command)


_PERFORMERS: Final[dict[type[Command], Callable[[Executor, Any], Awaitable[Result]]]] = {
    Measure: Executor._measure,  # noqa: SLF001
    SendSignal: Executor._send_signal,  # noqa: SLF001
    AwaitExit: Executor._await_exit,  # noqa: SLF001
    GatherInFlight: Executor._gather_in_flight,  # noqa: SLF001
    PutBack: Executor._put_back,  # noqa: SLF001
    ReadLog: Executor._read_log,  # noqa: SLF001
    CallUnit: Executor._have_unit_called,  # noqa: SLF001
    CountJobs: Executor._edit_jobs,  # noqa: SLF001
    TakeJobs: Executor._edit_jobs,  # noqa: SLF001
    ReleaseJobs: Executor._edit_jobs,  # noqa: SLF001
}
"""Type of a command → who performs it; a test proves that it holds all of them."""
