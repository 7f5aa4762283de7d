"""
Thread dumps: the process is asked by SIGTTIN, twice, and answers into its log.

The signal changes nothing, and goes only to a process that can answer: through the same checks as every other one. A thread that computes without a pause makes the others wait a tenth of a
second for each line (tried with Ruby 3.3), so a dump takes its time, and what came of it by the end is kept. Whoever still writes one hears the next signal only afterwards: so a
second one is asked for only if there is time for it.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Final, Self

from watchdog.errors import WatchdogError
from watchdog.host.log_source import Bounds
from watchdog.host.sample import read_sample
from watchdog.host.signals import send
from watchdog.model.log_lines import LogEntry, LogLine
from watchdog.model.results import DumpedThread, Exited, Refused, Sent
from watchdog.model.targets import Signal
from watchdog.recovery.evidence.subject import NotCollectedError, Subject
from watchdog.recovery.evidence.views import Dumped, ThreadDumps
from watchdog.recovery.reading_log import source_of
from watchdog.sidekiq.log.dump import Dump
from watchdog.sidekiq.log.events import DumpBegan, Frames
from watchdog.sidekiq.log.parse import parse

BOUND: Final = 4.2
"""Seconds for all of it."""
_TAIL: Final = 0.7
_APART: Final = 0.5
"""Seconds between the end of one dump and the next."""
_SPARE: Final = 0.3
"""Seconds that must be left besides what the second one will take, which is what the first one took."""
_QUIET: Final = 0.3
"""Seconds without a further line after which a dump that is whole is at its end: a file is looked at each fifth of a second."""
_HEAD_START: Final = 0.3
_MOST: Final = 20_000
_ONE: Final = Bounds(lines=1, milliseconds=500)
_SIDEKIQS: Final = ("main", "heartbeat", "scheduler", "processor")


async def collect(subject: Subject) -> ThreadDumps:
    """Ask and listen; raises a `WatchdogError` where it may not be asked, nobody can hear the answer, or none comes."""
    if subject.still:
        raise NotCollectedError("nothing is known to move in it, so it is sent no signal")
    loop = asyncio.get_running_loop()
    end = loop.time() + BOUND
    source = source_of(subject.target, subject.log)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_TAIL):
            await subject.tail_read.wait()
    expected = await asyncio.to_thread(_threads, subject)
    cursor = (await source.backwards(lambda _: True, bounds=_ONE)).cursor
    dumps: list[Dumped] = []
    async with _Ear(source.follow(cursor=cursor), subject.target.pid) as ear:
        if not cursor:
            # Of a log in which nothing stands it is heard what comes from now on; nobody says when that begins.
            await asyncio.sleep(_HEAD_START)
        took = 0.0
        while len(dumps) < 2 and (not dumps or (dumps[0].whole and end - loop.time() > took + _APART + _SPARE)):
            if dumps:
                await asyncio.sleep(_APART)
            ear.begin()
            at, began = subject.clock.wall(), loop.time()
            await asyncio.to_thread(_ask, subject)
            threads = await ear.threads(expected, end=end)
            took = loop.time() - began
            if not threads:
                break
            dumps.append(Dumped(at, len(threads) >= expected, threads))
    if not dumps:
        raise NotCollectedError("it was asked, and wrote no dump into its log")
    return ThreadDumps(tuple(dumps))


def _threads(subject: Subject) -> int:
    """How many of its threads are Sidekiq's own, and so are Ruby's; 1 where that can't be read."""
    sample = read_sample(subject.target.pid, subject.target.start_ticks, subject.here, at=0)
    return max(1, sum(thread.kind in _SIDEKIQS for thread in (sample.threads if sample is not None else None) or ()))


def _ask(subject: Subject) -> None:
    match send(subject.target, Signal.TTIN, subject.here):
        case Sent():
            pass
        case Exited():
            raise NotCollectedError("it has ended")
        case Refused(reason=reason):
            raise NotCollectedError(reason)


class _Ear:
    """Listens to a log, and puts together the dump that was asked for last."""

    def __init__(self, log: AsyncGenerator[LogEntry, None], pid: int) -> None:
        self._log = log
        self._pid = pid
        self._heard: list[DumpBegan | Frames] = []
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None  # it was entered
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, WatchdogError):
            await self._task

    def begin(self) -> None:
        """What is heard from now on is another dump."""
        self._heard.clear()

    async def threads(self, expected: int, *, end: float) -> tuple[DumpedThread, ...]:
        """The threads of the dump as soon as it has so many and nothing more comes, or what there is of it at time `end` of the loop."""
        loop = asyncio.get_running_loop()
        assert self._task is not None  # it was entered
        while not self._task.done():
            found = self._put_together()
            whole = len(found) >= expected and all(thread.frames for thread in found)
            left = end - loop.time()
            self._came.clear()
            try:
                async with asyncio.timeout(max(0, min(left, _QUIET) if whole else left)):
                    await self._came.wait()
            except TimeoutError:
                return self._put_together()
        # The log can't be read any more.
        await self._task
        return ()

    async def _listen(self) -> None:
        async with contextlib.aclosing(self._log) as log:
            async for entry in log:
                event = parse(entry) if isinstance(entry, LogLine) else None
                match event:
                    case DumpBegan() if event.pid == self._pid and len(self._heard) < _MOST:
                        self._heard.append(event)
                    case Frames() if (not isinstance(entry, LogLine) or entry.pid in (0, self._pid)) and len(self._heard) < _MOST:
                        self._heard.append(event)
                    case _:
                        continue
                self._came.set()

    def _put_together(self) -> tuple[DumpedThread, ...]:
        dump = Dump()
        for event in reversed(self._heard):
            dump.take(event)
        return dump.threads
