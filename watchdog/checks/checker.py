"""
Tries every declared check at its pace, for as long as the agent lives, each beside the others and each within its own time.

It judges nothing but how often in a row a try must say the same. A try that fails is a reading; so is one that runs into a mistake of ours:
there is no loss of this source.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from watchdog.checks.attempt import Attempt, CheckFailedError, Room
from watchdog.checks.build import build
from watchdog.checks.record import Record
from watchdog.clock import Clock
from watchdog.model.events import Body, Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.rulefile.checks import CheckSettings

LOG: Final = logging.getLogger(__name__)
SOON: Final = 2_000
"""Milliseconds until a try that said something new is repeated, where its own pace is slower."""
APART: Final = 0.1
"""Seconds between the first tries of two checks: they need not all meet for ever."""


class Checker:
    """Emits `Observed` of the source CHECKS. What is meant can be changed at any time by `mean`."""

    def __init__(
        self,
        checks: Mapping[str, CheckSettings],
        *,
        clock: Clock,
        emit: Callable[[Body], None],
        attempt_of: Callable[[CheckSettings], Attempt] = build,
    ) -> None:
        self._wanted = dict(checks)
        self._clock = clock
        self._emit = emit
        self._attempt_of = attempt_of
        self._changed = asyncio.Event()
        self._running: dict[str, tuple[CheckSettings, asyncio.Task[None]]] = {}

    def mean(self, checks: Mapping[str, CheckSettings]) -> None:
        """From now on these; one whose settings have changed begins anew, others go on."""
        self._wanted = dict(checks)
        self._changed.set()

    async def run(self) -> None:
        """Tries for ever."""
        complete = True
        try:
            while True:
                self._changed.clear()
                await self._renew(complete=complete)
                complete = False
                await self._until_changed()
        finally:
            await _end([task for _, task in self._running.values()])

    async def _renew(self, *, complete: bool) -> None:
        """What is declared is told before it is tried, so that nobody takes it for not declared; until then nothing is known of it."""
        stale = [name for name, (settings, _) in self._running.items() if self._wanted.get(name) != settings]
        await _end([self._running.pop(name)[1] for name in stale])
        new = [settings for name, settings in self._wanted.items() if name not in self._running]
        for place, settings in enumerate(new):
            work = self._watch(settings, self._attempt_of(settings), wait=place * APART)
            self._running[settings.name] = (settings, asyncio.create_task(work, name=f"check {settings.name}"))
        gone = [Gone(Kind.CHECK, name, "no longer declared") for name in stale if name not in self._wanted]
        unknown: dict[str, Any] = {
            "ok": None,
            "failing_at": None,
            "latency": None,
            "free_connections": None,
            "max_connections": None,
            "problem": None,
        }
        told = [Delta(Kind.CHECK, one.name, {"name": one.name, "type": one.type, **unknown}) for one in new]
        if complete or gone or told:
            self._emit(Observed(Source.CHECKS, (*gone, *told), complete=complete))

    async def _until_changed(self) -> None:
        changed = asyncio.create_task(self._changed.wait(), name="checks: changed")
        try:
            done, _ = await asyncio.wait({changed, *(task for _, task in self._running.values())}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
        for task in done - {changed}:
            # None of them ends by itself: what it raises is a mistake of this program.
            task.result()

    async def _watch(self, settings: CheckSettings, attempt: Attempt, *, wait: float) -> None:
        record = Record()
        every, limit = int(settings.values["every"]), int(settings.values["timeout"])
        await asyncio.sleep(wait)
        while True:
            began = self._clock.at()
            failure, room = await attempt_once(settings.name, attempt, limit)
            was = record.ok
            if changed := record.take(failure, began=began, took=self._clock.at() - began, room=room):
                self._emit(Observed(Source.CHECKS, (Delta(Kind.CHECK, settings.name, changed),)))
            if record.ok is not was:
                _log(settings.name, failure)
            await asyncio.sleep((min(SOON, every) if record.is_doubtful else every) / 1000)


async def try_once(name: str, attempt: Attempt, limit: int) -> str:
    """Why it failed; empty where it did not. `limit` is in milliseconds."""
    return (await attempt_once(name, attempt, limit))[0]


async def attempt_once(name: str, attempt: Attempt, limit: int) -> tuple[str, Room | None]:
    """The same, and what room there is where it tells."""
    try:
        async with asyncio.timeout(limit / 1000):
            return "", await attempt()
    except TimeoutError:
        return f"no answer within {limit / 1000:g} s", None
    except CheckFailedError as failure:
        return str(failure), None
    except Exception as error:
        # Whatever a library comes up with: that it fails must be known, and no other check be lost for it.
        LOG.exception("the check %s could not be tried", name)
        return f"internal error: {type(error).__name__}", None


def _log(name: str, failure: str) -> None:
    if failure:
        LOG.warning("the check %s fails: %s", name, failure)
    else:
        LOG.info("the check %s succeeds", name)


async def _end(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
