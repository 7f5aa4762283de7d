"""
Performs one command of the engine and answers it.

The counterpart of `model/effects.py`: every command there has one performer here, or is handed to one. It has no
judgement of its own; it only refuses where the target is not, or may not be, the process that was meant.
It must be called after the transaction that holds the command has been committed, never before.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from watchdog.clock import Clock
from watchdog.errors import WatchdogError
from watchdog.host.boot import CGROUPS, PROC, Here, here
from watchdog.host.signals import end_of, look, send
from watchdog.model.effects import AwaitExit, CallUnit, Command, GatherInFlight, LookAfterLocks, Measure, PutBack, ReadLog, SendSignal, When
from watchdog.model.results import Exited, Refused, Result, StillRunning
from watchdog.model.targets import ProcessRef
from watchdog.rulefile.log import LogSettings

Reread = Callable[[str], Awaitable[object]]
"""Reads the Redis side of an identity at once and emits what changed; raises a `WatchdogError` where it can't be read."""
Holds = Callable[[str], Awaitable[str]]
"""Why what is bound to that fence of the fleet's lock must not be done now, or ''."""
Performer = Callable[[Any], Awaitable[Result]]
"""Performs one type of command, and answers as that says."""
OWN: Final = frozenset({Measure, SendSignal, AwaitExit, ReadLog})
"""Types of commands that the executor performs itself."""
OTHERS: Final = frozenset(get_args(Command)) - OWN
"""Those for which it is given a performer."""


async def _unbound(_fence: str) -> str:
    return ""


class Executor:
    """
    The hands of the agent on this host.

    `others` performs each type of `OTHERS`; `host` is the name under which local processes appear in Redis; `log` tells where their logs are, as the config
    now stands; `holds` is asked right before whatever is bound to the lock of the fleet. Raises `HostUnreadableError` where /proc does not tell the boot.
    """

    def __init__(
        self,
        *,
        reread: Reread,
        others: Mapping[type[Command], Performer],
        clock: Clock,
        host: str,
        log: Callable[[], LogSettings] = LogSettings,
        holds: Holds = _unbound,
        proc: Path = PROC,
        cgroups: Path = CGROUPS,
    ) -> None:
        if others.keys() != OTHERS:
            msg = (
                f"one performer for each of {sorted(kind.__name__ for kind in OTHERS)}, not for {sorted(kind.__name__ for kind in others)}"
            )
            raise TypeError(msg)
        self._reread = reread
        self._log = log
        self._holds = holds
        self._clock = clock
        self._here: Here = here(name=host, proc=proc, cgroups=cgroups)
        self._performers: dict[type[Command], Performer] = {
            **others,
            Measure: self._measure,
            SendSignal: self._send_signal,
            AwaitExit: self._await_exit,
            ReadLog: self._read_log,
        }

    async def perform(self, command: Command) -> Result:
        """
        Carry it out; exactly one answer, which never holds anything of a job.

        Waits in `AwaitExit` until the process has ended or engine time `until`, in `CallUnit` until the job has or that time,
        and in `Measure` for Redis; may be cancelled there without harm. Several commands may run at a time.
        """
        match command:
            case PutBack(target=target) | GatherInFlight(target=target, when=When.DEAD) if lives := self._lives(target):
                return Refused(lives)
        match command:
            case SendSignal(fence=fence) | PutBack(fence=fence) | LookAfterLocks(fence=fence) | CallUnit(fence=fence) if fence:
                if why := await self._holds(fence):
                    return Refused(why)
        return await self._performers[type(command)](command)

    async def _measure(self, command: Measure) -> Result:
        try:
            await self._reread(command.target.identity)
        except WatchdogError as error:
            return Refused(str(error))
        return look(command.target, self._here)

    async def _send_signal(self, command: SendSignal) -> Result:
        return send(command.target, command.signal, self._here)

    def _lives(self, target: ProcessRef) -> str:
        """Why its jobs are still its own, or ''."""
        found = look(target, self._here)
        return f"it can't be said that {target.identity} is dead{f': {found.mismatch}' if found.mismatch else ''}" if found.alive else ""

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
