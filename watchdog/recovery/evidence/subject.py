"""Of whom evidence is collected, and with what: what every collector is given."""

import asyncio
from typing import Protocol

import msgspec

from watchdog.clock import Clock
from watchdog.errors import WatchdogError
from watchdog.host.boot import Here
from watchdog.model.targets import ProcessRef
from watchdog.rulefile.log import LogSettings
from watchdog.sidekiq.flight import Noted
from watchdog.sidekiq.reading import Reading


class NotCollectedError(WatchdogError):
    """It can't be had; the text says why, in words that may be shown to everybody."""


class Picture(Protocol):
    """What is known of Sidekiq (`sidekiq.follow.Follower`)."""

    async def reread(self, identity: str) -> Reading:
        """Read it now; raises a `WatchdogError`."""

    def noted(self, identity: str) -> Noted | None:
        """Its last work hash."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """
    One process.

    `still` says that nothing moves in it, so that it gets no signal. `tail_read` is set when the end of its log has been read: from then on its log may be written into by our asking.
    """

    target: ProcessRef
    still: bool
    here: Here
    log: LogSettings
    picture: Picture
    clock: Clock
    tail_read: asyncio.Event
