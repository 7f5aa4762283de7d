"""
The alarm that needs no disk: while nothing can be written down, people are told without the outbox.

The counterpart of `receivers.delivery`, which delivers what was committed. A full disk keeps the agent from doing anything, and from writing down that it does; so receivers are sent
this one message straight away, at most once an hour, and another one when it is over. It may be lost, which a committed one can't.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from watchdog.clock import Clock
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.receiver import Receiver, TryAgainError
from watchdog.receivers.single import send_single

LOG: Final = logging.getLogger("watchdog")
PATIENCE: Final = 5_000
"""Milliseconds for which nothing could be written before anybody is told: a writer that waits for another is no alarm."""
EVERY: Final = 3_600_000
"""Milliseconds between two alarms at least."""
AGAIN: Final = 60_000
"""Milliseconds after which it is tried again where nobody could be reached."""


_WAY_OUT: Final = (
    "nothing by itself until it can be written: a person must look at the disk under the state folder (sidekiq-watchdog doctor)"
)


class UnwrittenAlarm:
    """
    Told after each turn what keeps the store from being written, it tells those receivers.

    `receivers` are those in force, which the deliverer closes: a second one beside them would not know the keys that the first has just used. `audience` are the names of those who hear of everything; `memory` is the name of the store's memory, `host` that of this machine.
    """

    def __init__(
        self,
        receivers: Callable[[], Mapping[str, Receiver]],
        *,
        audience: Callable[[], tuple[str, ...]],
        clock: Clock,
        memory: str,
        host: str,
    ) -> None:
        self._receivers = receivers
        self._audience = audience
        self._clock = clock
        self._memory = memory
        self._host = host
        self._news = asyncio.Event()
        self._failing = ""
        self._since: int | None = None
        self._next_at = 0
        self._told = False

    def turned(self, failing: str) -> None:
        """A turn is complete; `failing` says why it could not be written down, empty where it was."""
        if bool(failing) != bool(self._failing):
            self._since = self._clock.at() if failing else None
            self._news.set()
        self._failing = failing

    async def run(self) -> None:
        """For ever."""
        while True:
            due = self._due()
            try:
                async with asyncio.timeout(None if due is None else max(0, due - self._clock.at()) / 1000):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()
            await self._look()

    def _due(self) -> int | None:
        return None if self._since is None else max(self._since + PATIENCE, self._next_at)

    async def _look(self) -> None:
        due, at = self._due(), self._clock.at()
        if due is not None and at >= due:
            reached = await self._send(Severity.CRITICAL, f"nothing can be written down, so nothing is done: {self._failing}", _WAY_OUT)
            self._told = self._told or reached
            self._next_at = self._clock.at() + (EVERY if reached else AGAIN)
        elif due is None and self._told:
            self._told = False
            await self._send(Severity.INFO, "the store can be written again")

    async def _send(self, severity: Severity, title: str, coming: str = "") -> bool:
        """Whether anybody has it."""
        wall = self._clock.wall()
        notice = Notice(f"{self._memory}_unwritten_{wall}", "agent", NoticeKind.AGENT, severity, wall, title, host=self._host, next=coming)
        audience = self._audience()
        told = [_reaches(name, receiver, notice) for name, receiver in self._receivers().items() if name in audience]
        return any(await asyncio.gather(*told))


async def _reaches(name: str, receiver: Receiver, notice: Notice) -> bool:
    try:
        await send_single(receiver, notice)
    except TryAgainError as error:
        LOG.warning("receiver %s could not be told that nothing can be written: %s", name, error.reason)
        return False
    except Exception:
        # A fault in one receiver must neither keep others from hearing of it nor end the agent.
        LOG.exception("receiver %s has a fault", name)
        return False
    return True
