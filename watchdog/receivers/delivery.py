"""
The deliverer: carries messages from the outbox to the receivers, at least once, those of a group in order.

Its counterpart is the outbox, which remembers everything; the deliverer could be killed at any line and another one goes
on from there. Between "the receiver has it" and "the outbox knows" a dispatch can go out twice, always with the same id,
and never in a loop: what was sent is not sent again only because the disk is full.
It never drops a message without saying so, and never stops because a receiver misbehaves.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from watchdog.clock import Clock
from watchdog.receivers.carrier import Carrier
from watchdog.receivers.habits import Habits
from watchdog.receivers.receiver import Receiver
from watchdog.store.failures import StoreError
from watchdog.store.post import Post

_log: Final = logging.getLogger(__name__)


class Outbox(Protocol):
    """As much of `watchdog.store.store.Store` as a deliverer needs."""

    @property
    def post(self) -> Post:
        """The messages."""

    @property
    def name(self) -> str:
        """Of this memory and of no other."""


class Deliverer:
    """Serves these receivers, and no others, for as long as `run` runs. It takes them over and closes them. `habits` are those of receivers by name; who has none is told everything at once."""

    def __init__(self, store: Outbox, receivers: Mapping[str, Receiver], clock: Clock, habits: Mapping[str, Habits] | None = None) -> None:
        self._post = store.post
        self._receivers = receivers
        of = habits or {}
        self.carriers = {
            name: Carrier(name, receiver, _with_repeat(of.get(name, Habits()), receiver), post=store.post, clock=clock, memory=store.name)
            for name, receiver in receivers.items()
        }

    async def run(self) -> None:
        """For ever, until it is cancelled; raises `StoreClosedError` if the store is closed under it."""
        self._post.on_news = self._wake
        try:
            await self._name_orphans()
            async with asyncio.TaskGroup() as group:
                for name, carrier in self.carriers.items():
                    group.create_task(carrier.run(), name=f"deliver to {name}")
                if not self.carriers:
                    await asyncio.Event().wait()
        finally:
            # After a reload the next deliverer may already be listening.
            if self._post.on_news == self._wake:
                self._post.on_news = None
            for receiver in self._receivers.values():
                await receiver.close()

    def _wake(self) -> None:
        for carrier in self.carriers.values():
            carrier.news.set()

    async def _name_orphans(self) -> None:
        try:
            counts = await self._post.counts()
        except StoreError as error:
            _log.warning("The outbox can't be looked at: %s", error)
            return
        for name, its in counts.items():
            if its.waiting and name not in self._receivers:
                _log.warning("%d messages wait for receiver %s, which the config does not name any more", its.waiting, name)


def _with_repeat(habits: Habits, receiver: Receiver) -> Habits:
    """A receiver who forgets what he is not told again says so by an attribute `repeat_every` (milliseconds)."""
    return msgspec.structs.replace(habits, repeat=getattr(receiver, "repeat_every", habits.repeat))
