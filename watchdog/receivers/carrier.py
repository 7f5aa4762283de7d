"""
The one who carries messages to one receiver: one dispatch after the other, those of a group in order.

What he does is written down around it: the dispatch before it is sent, what came of it after. He can be killed at any line, and the next one goes on: a dispatch of which it is not known whether it arrived is sent
again as it was, with the same id; one that surely did not arrive is put together anew, with what has come since.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from tenacity import AsyncRetrying, RetryCallState
from tenacity.retry import retry_if_exception
from tenacity.wait import wait_random_exponential

from watchdog.clock import Clock
from watchdog.model.notices import ALONE
from watchdog.receivers.folding import fold
from watchdog.receivers.habits import Habits
from watchdog.receivers.pace import Pace
from watchdog.receivers.parcel import PAGE, Parcel, known_card, packed, put_together, unpacked
from watchdog.receivers.receiver import Dispatch, Receiver, RefusedError, TryAgainError
from watchdog.receivers.waits import GIVE_UP_AFTER, STURDY, hopeless, next_wait
from watchdog.store.cards import Failure, Group, Look, Shown, Terms
from watchdog.store.failures import StoreClosedError, StoreError
from watchdog.store.post import Post

_T = TypeVar("_T")
_log: Final = logging.getLogger(__name__)

STORM: Final = 20
"""So many new groups at once are told one by one; more of them are gathered into one, which says that it is a storm."""
STORM_LASTS: Final = 10 * 60 * 1000
"""What is new joins a storm that was shown within this time (milliseconds)."""
STORM_NAME: Final = "storm:"

_LOOK_AGAIN_S: Final = 60.0
"""While something waits the outbox is looked at this often: a wall clock that is set forward moves no timer."""
_CALM: Final = 1_000
"""Milliseconds between two looks for the sake of news, where nothing is told at once anyway: news can come a thousand times a second."""


class Carrier:
    """Serves one receiver for as long as `run` runs; `memory` is the name of the store's memory."""

    def __init__(self, name: str, receiver: Receiver, habits: Habits, *, post: Post, clock: Clock, memory: str) -> None:
        self._name = name
        self._receiver = receiver
        self._habits = habits
        self._post = post
        self._clock = clock
        self._memory = memory
        self._pace = Pace(habits.at_most, clock)
        self._terms = Terms(wait=habits.wait, interval=habits.interval, crowded=habits.crowded, repeat=habits.repeat, began=clock.wall())
        self._sent = ""
        self._looked = clock.at() - _CALM
        self.news = asyncio.Event()
        # What the store cannot write down now is written down later; meanwhile nothing is sent twice.
        self._patiently = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, StoreError) and not isinstance(error, StoreClosedError)),
            wait=wait_random_exponential(multiplier=2, min=1, max=60),
            before_sleep=_say_store_failed,
            reraise=True,
        )

    async def run(self) -> None:
        """For ever, until it is cancelled; raises `StoreClosedError` if the store is closed under it."""
        while True:
            self.news.clear()  # before looking: what is written from now on must not be missed
            self._looked, now = self._clock.at(), self._clock.wall()
            look = await self._lasting(lambda: self._post.look(self._name, self._terms, now))  # noqa: B023  (awaited at once)
            if not look.due:
                await self._rest(look.next)
            elif wait := self._pace.wait():
                await asyncio.sleep(wait / 1000)
            elif not await self._gather(look):
                await self._serve(look.due[0], look)

    async def _rest(self, moment: int | None) -> None:
        """Until that moment (wall), or until there is news."""
        try:
            async with asyncio.timeout(None if moment is None else min(max(moment - self._clock.wall(), 0) / 1000, _LOOK_AGAIN_S)):
                await self.news.wait()
                if self._habits.wait and (early := self._looked + _CALM - self._clock.at()) > 0:
                    await asyncio.sleep(early / 1000)
        except TimeoutError:
            return

    async def _gather(self, look: Look) -> bool:
        """Whether many new groups have been made one."""
        if self._habits.every_thread or not any(group.is_new and group.waiting for group in look.due):
            return False
        found = await self._lasting(lambda: self._post.new_groups(self._name))
        new = [group.name for group in found if group.kind not in ALONE and not group.name.startswith(STORM_NAME)]
        if not new:
            return False
        since = self._clock.wall() - STORM_LASTS
        storm = await self._lasting(lambda: self._post.open_group(self._name, STORM_NAME, since))
        if not storm and len(new) <= STORM:
            return False
        into = storm or f"{STORM_NAME}{self._clock.wall()}"
        if not storm:
            _log.warning("%d new groups of messages to %s at once: they are told as one", len(new), self._name)
        await self._lasting(lambda: self._post.gather(self._name, new, into))
        return True

    async def _serve(self, group: Group, look: Look) -> None:
        now = self._clock.wall()
        shown = await self._lasting(lambda: self._post.shown(self._name, group.name, now))
        parcel = await self._parcel(group, shown, now)
        if parcel is None:
            return
        dispatch = parcel.dispatch(posted=shown.posted, attempts=group.attempts)
        await self._pace.turn()
        try:
            answer = await self._receiver.send(dispatch, self._remembering(group.name))
        except TryAgainError as error:
            await self._put_off(group, look, shown, dispatch, error)
        except Exception as error:  # noqa: BLE001  (a fault in one receiver delays its own messages, and stops neither agent nor others)
            _log.error("Receiver %s has a fault: %s in %s", self._name, type(error).__name__, _place(error))
            await self._put_off(group, look, shown, dispatch, RefusedError(f"internal error: {type(error).__name__}"))
        else:
            await self._record(group, parcel, answer)

    async def _parcel(self, group: Group, shown: Shown, now: int) -> Parcel | None:
        """What is sent: as it was sent before, where that may have arrived; or all that waits. None: look again."""
        if shown.prepared is not None:
            parcel = unpacked(shown.prepared.body)
            if parcel is None:
                _log.error("A dispatch to %s can't be read any more and is put together anew", self._name)
                await self._lasting(lambda: self._post.take_apart(self._name, group.name))
            else:
                may_double = bool(getattr(self._receiver, "may_double", True))
                await self._lasting(lambda: self._post.sent_again(self._name, group.name, may_double=may_double))
            return parcel
        if not group.waiting:
            card = known_card(shown, group.name)
            return Parcel(f"{self._memory}_again_{now}", card, (), 0, card.is_over, 0)
        few, memory = None if self._habits.every_thread else self._habits.few, self._memory
        made = await self._lasting(lambda: put_together(self._post, self._name, group.name, shown, memory=memory, few=few, now=now))
        if made is not None:
            await self._lasting(lambda: self._post.prepare(self._name, group.name, id_=made.id, body=packed(made), upto=made.upto))
        return made

    async def _record(self, group: Group, parcel: Parcel, answer: str) -> None:
        now = self._clock.wall()
        if parcel.upto:
            await self._lasting(
                lambda: self._post.arrived(
                    self._name,
                    group.name,
                    card=parcel.card,
                    is_over=parcel.is_over,
                    crowded=parcel.missed > 0,
                    upto=parcel.upto,
                    wall=now,
                    answer=answer,
                    missed=parcel.given_up,
                    left_out=parcel.left_out,
                )
            )
            if group.attempts:
                _log.info("Receiver %s got %s of %s at attempt %d", self._name, parcel.id, group.name, group.attempts + 1)
        else:
            await self._lasting(lambda: self._post.shown_again(self._name, group.name, now))

    async def _put_off(self, group: Group, look: Look, shown: Shown, dispatch: Dispatch, error: TryAgainError) -> None:
        # Who says no to the same messages once more is not down: what else waits for him goes on.
        counts = error.after is not None or not (isinstance(error, RefusedError) and group.attempts)
        attempts, failures, now = group.attempts + 1, look.failures + counts, self._clock.wall()
        if group.waiting and hopeless(attempts=max(attempts, failures), age=now - shown.oldest):
            await self._give_up(group, shown, max(attempts, failures), error)
        wait = next_wait(error, attempts=attempts)
        alone = 0
        if error.after is not None:
            alone = now + wait
        elif counts and failures >= STURDY:
            # One attempt at a time finds out whether it is well again, whichever groups wait.
            alone = now + next_wait(error, attempts=failures - STURDY + 1)
        failure = Failure(
            error=error.reason,
            wall=now,
            next_try=now + wait,
            alone_until=alone,
            untouched=error.untouched,
            refused=isinstance(error, RefusedError),
            counts=counts,
        )
        level = logging.WARNING if attempts == 1 and failures <= STURDY else logging.DEBUG
        _log.log(level, "Dispatch %s to %s: %s; attempt %d in %d s", dispatch.id, self._name, error.reason, attempts + 1, wait // 1000)
        if counts and failures == STURDY and error.after is None:
            _log.warning("Receiver %s has failed %d times in a row and is left alone for a while: %s", self._name, failures, error.reason)
        await self._lasting(lambda: self._post.failed(self._name, group.name, failure))

    async def _give_up(self, group: Group, shown: Shown, attempts: int, error: TryAgainError) -> None:
        """What is too old is not told one by one any more; the card has it all the same."""
        now = self._clock.wall()
        rows = await self._lasting(lambda: self._post.page(self._name, group.name, after=0, upto=shown.upto, limit=PAGE, now=now))
        old = [row for row in rows if row.written <= now - GIVE_UP_AFTER]
        card = fold(known_card(shown, group.name), (row.notice for row in old))
        _log.error("%d messages to %s are given up after %d attempts: %s", len(old), self._name, attempts, error.reason)
        await self._lasting(
            lambda: self._post.given_up(self._name, group.name, [row.id for row in old], card=card, wall=now, error=error.reason)
        )

    def _remembering(self, group: str) -> Callable[[Mapping[str, str]], Awaitable[None]]:
        async def remember(lines: Mapping[str, str]) -> None:
            await self._lasting(lambda: self._post.remember(self._name, group, lines))
            if not getattr(self._receiver, "paces_itself", False):
                # Whoever remembers in the middle of a dispatch is about to make another call.
                await self._pace.turn()

        return remember

    async def _lasting(self, work: Callable[[], Awaitable[_T]]) -> _T:
        async def attempt() -> _T:
            return await work()

        # Tenacity awaits only what it can see to be a coroutine function, and a lambda is none.
        return await self._patiently.copy()(attempt)


def _say_store_failed(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.warning("The outbox can't be used, trying again: %s", error)


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "an unknown place"
