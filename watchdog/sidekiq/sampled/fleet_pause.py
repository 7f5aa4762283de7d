"""Whether people have paused the whole fleet, by the key in Redis: said when it comes, changes or goes."""

import logging
from collections.abc import Callable
from typing import Final

import msgspec

from watchdog.clock import Clock
from watchdog.engine.switches import FLEET, Pause
from watchdog.model.events import Body, Paused, Resumed
from watchdog.sidekiq.failures import ServerError, from_reply
from watchdog.sidekiq.fleet_pause import FleetPause, read_left, read_pause
from watchdog.sidekiq.sampled.part import Found, Ground, Moment
from watchdog.sidekiq.scanning import Ask
from watchdog.sidekiq.wire import Command, Reply

_LOG: Final = logging.getLogger(__name__)
_STEADY: Final = 2_000
"""An end that moves by less (milliseconds) has not moved: it is told from now on, and answers take their time."""
NO_END: Final = "%s has no time to live: the fleet is paused until somebody removes it"


class _Said(msgspec.Struct, frozen=True):
    pause: FleetPause
    until_at: int | None


class PauseOfFleet:
    """
    One command each time, and one more while the fleet is paused.

    `before` is the pause as a predecessor has told it, None if there was none.
    """

    every = 0

    def __init__(self, ground: Ground, clock: Clock, emit: Callable[[Body], None], before: Pause | None) -> None:
        self._ground = ground
        self._clock = clock
        self._emit = emit
        self._said = None if before is None else _Said(FleetPause(before.by, before.reason), before.until_at)

    def commands(self) -> list[Command] | None:
        """What the key holds."""
        return [("GET", self._ground.keys.pause)]

    async def take(self, ask: Ask, replies: list[Reply], _moment: Moment) -> Found:
        """Says it at once; nothing of it belongs to an entity."""
        key = self._ground.keys.pause
        (reply,) = replies
        # Of another type than it must have: whoever made it wanted a pause.
        pause = read_pause(b"" if self._ground.is_odd(key, reply, "it is not a string") else reply)
        if pause is None:
            if self._said is not None:
                self._emit(Resumed(FLEET, FLEET))
            self._said = None
            return Found()
        (left,) = await ask([("PTTL", key)])
        if isinstance(left, ServerError):
            raise from_reply(left, self._ground.where)
        lasts = read_left(left)
        now = _Said(pause, None if lasts is None else self._clock.at() + lasts)
        if not _is_the_same(self._said, now):
            if lasts is None:
                _LOG.warning(NO_END, key.decode(errors="replace"))
            self._emit(Paused(pause.by, pause.reason, None if lasts is None else self._clock.wall() + lasts, FLEET))
            self._said = now
        return Found()


def _is_the_same(before: _Said | None, now: _Said) -> bool:
    if before is None or before.pause != now.pause:
        return False
    if before.until_at is None or now.until_at is None:
        return before.until_at is now.until_at
    return abs(before.until_at - now.until_at) < _STEADY
