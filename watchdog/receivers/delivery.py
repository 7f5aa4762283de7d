"""
The deliverer: carries messages from the outbox to the receivers, at least once, those of a thread in order.

Its counterpart is the outbox, which remembers everything; the deliverer could be killed at any line and another one goes
on from there. Between "the receiver has it" and "the outbox knows" a message can go out twice, always with the same id,
and never in a loop: what was sent is not sent again only because the disk is full.
It never drops a message without saying so, and never stops because a receiver misbehaves.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol, TypeVar

from tenacity import AsyncRetrying, RetryCallState
from tenacity.retry import retry_if_exception
from tenacity.wait import wait_random_exponential

from watchdog.clock import Clock
from watchdog.receivers.receiver import Receiver, RefusedError, TryAgainError
from watchdog.receivers.waits import hopeless, next_wait
from watchdog.store.failures import StoreClosedError, StoreError
from watchdog.store.outbox import OutboxCounts, Outgoing

_T = TypeVar("_T")
_log: Final = logging.getLogger(__name__)

_LOOK_AGAIN_S: Final = 60.0
"""While something waits the outbox is looked at this often: a wall clock that is set forward moves no timer."""


class Outbox(Protocol):
    """As much of `watchdog.store.store.Store` as a deliverer needs; times are wall milliseconds."""

    on_outbox: Callable[[], None] | None

    async def due(self, receiver: str, now: int, /) -> list[Outgoing]:
        """What may be tried now, at most one a thread."""

    async def next_due(self, receiver: str, /) -> int | None:
        """When the next one may be tried; None if none waits."""

    async def delivered(self, id_: int, receiver: str, wall: int, /) -> None:
        """The receiver has it."""

    async def failed(self, id_: int, receiver: str, error: str, next_try: int, /) -> None:
        """It has not, and is tried again then."""

    async def given_up(self, id_: int, receiver: str, error: str, /) -> None:
        """It never will."""

    async def outbox_counts(self) -> Mapping[str, OutboxCounts]:
        """How each receiver stands."""


class Deliverer:
    """Serves these receivers, and no others, for as long as `run` runs. It takes them over and closes them."""

    def __init__(self, store: Outbox, receivers: Mapping[str, Receiver], clock: Clock) -> None:
        self._store = store
        self._receivers = receivers
        self._clock = clock
        self._news = {name: asyncio.Event() for name in receivers}
        # What the store cannot write down now is written down later; meanwhile nothing is sent twice.
        self._patiently = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, StoreError) and not isinstance(error, StoreClosedError)),
            wait=wait_random_exponential(multiplier=2, min=1, max=60),
            before_sleep=_say_store_failed,
            reraise=True,
        )

    async def run(self) -> None:
        """For ever, until it is cancelled; raises `StoreClosedError` if the store is closed under it."""
        self._store.on_outbox = self._wake
        try:
            await self._name_orphans()
            async with asyncio.TaskGroup() as group:
                for name, receiver in self._receivers.items():
                    group.create_task(self._serve(name, receiver), name=f"deliver to {name}")
                if not self._receivers:
                    await asyncio.Event().wait()
        finally:
            # After a reload the next deliverer may already be listening.
            if self._store.on_outbox == self._wake:
                self._store.on_outbox = None
            for receiver in self._receivers.values():
                await receiver.close()

    def _wake(self) -> None:
        for news in self._news.values():
            news.set()

    async def _serve(self, name: str, receiver: Receiver) -> None:
        news = self._news[name]
        while True:
            news.clear()  # before looking: what is written from now on must not be missed
            heads = await self._lasting(lambda: self._store.due(name, self._clock.wall()))
            if heads:
                async with asyncio.TaskGroup() as group:
                    for head in heads:
                        group.create_task(self._attempt(head, receiver), name=f"deliver {head.id} to {name}")
                continue
            moment = await self._lasting(lambda: self._store.next_due(name))
            try:
                async with asyncio.timeout(None if moment is None else self._seconds_until(moment)):
                    await news.wait()
            except TimeoutError:
                continue

    async def _attempt(self, head: Outgoing, receiver: Receiver) -> None:
        try:
            await receiver.send(head.notice)
        except TryAgainError as error:
            await self._put_off(head, error)
        except Exception as error:  # noqa: BLE001  (a fault in one receiver delays its own messages, and stops neither agent nor others)
            _log.error("Receiver %s has a fault: %s in %s", head.receiver, type(error).__name__, _place(error))
            await self._put_off(head, RefusedError(f"internal error: {type(error).__name__}"))
        else:
            await self._lasting(lambda: self._store.delivered(head.id, head.receiver, self._clock.wall()))
            if head.attempts:
                _log.info("Receiver %s got message %s at attempt %d", head.receiver, head.notice.id, head.attempts + 1)

    async def _put_off(self, head: Outgoing, error: TryAgainError) -> None:
        attempts, now = head.attempts + 1, self._clock.wall()
        if hopeless(attempts=attempts, age=now - head.written):
            _log.error("Message %s to %s is given up after %d attempts: %s", head.notice.id, head.receiver, attempts, error.reason)
            await self._lasting(lambda: self._store.given_up(head.id, head.receiver, error.reason))
            return
        wait = next_wait(error, attempts=attempts)
        level = logging.WARNING if attempts == 1 else logging.DEBUG
        _log.log(level, "Message %s to %s: %s; attempt %d in %d s", head.notice.id, head.receiver, error.reason, attempts + 1, wait // 1000)
        await self._lasting(lambda: self._store.failed(head.id, head.receiver, error.reason, now + wait))

    async def _name_orphans(self) -> None:
        for name, its in (await self._lasting(self._store.outbox_counts)).items():
            if its.waiting and name not in self._receivers:
                _log.warning("%d messages wait for receiver %s, which the config does not name any more", its.waiting, name)

    async def _lasting(self, work: Callable[[], Awaitable[_T]]) -> _T:
        async def attempt() -> _T:
            return await work()

        # Tenacity awaits only what it can see to be a coroutine function, and a lambda is none.
        return await self._patiently.copy()(attempt)

    def _seconds_until(self, moment: int) -> float:
        return min(max(moment - self._clock.wall(), 0) / 1000, _LOOK_AGAIN_S)


def _say_store_failed(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.warning("The outbox can't be used, trying again: %s", error)


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown place"
