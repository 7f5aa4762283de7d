"""
What a part of a sample is.

The counterpart of `sampling`, which asks for all parts in one round trip and says what changed. A part never asks on its own what it can ask with
the others; only what an answer makes necessary (another page, a queue that is new) takes a round trip more.
"""

import logging
from collections.abc import Iterable
from typing import Any, Final, Protocol

import msgspec

from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.decode import Broken, label
from watchdog.sidekiq.failures import ServerError, from_reply
from watchdog.sidekiq.fleet import Fleet
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.scanning import Ask
from watchdog.sidekiq.wire import Command, Reply

_LOG: Final = logging.getLogger(__name__)
_STEADY: Final = 1_500
"""A moment that moves by less (milliseconds) has not moved: what is told in seconds and measured on two clocks is no more exact."""


class Moment(msgspec.Struct, frozen=True):
    """
    When a sample was read, and what is known besides.

    `at` is engine time, `now` Redis' own clock (milliseconds since 1970).
    """

    at: int
    now: int
    fleet: Fleet

    def engine_time(self, moment: int, before: object = None) -> int:
        """A moment by the clock of Redis in engine time; `before` is what was made of it the last time, which stays if it is as good."""
        at = self.at - (self.now - moment)
        return before if isinstance(before, int) and abs(before - at) < _STEADY else at


class Found(msgspec.Struct, frozen=True):
    """
    What a part has found: readings by entity for the kinds that it knows alone, and its share of those of `sidekiq`.

    `stirs` is compared with that of the sample before: if any part's has changed, something moves.
    """

    entities: dict[str, dict[str, Any]] = {}
    totals: dict[str, Any] = {}
    stirs: object = None


class Part(Protocol):
    """One part of a sample, read each `every` milliseconds of engine time; 0 means each time."""

    every: int

    def commands(self) -> list[Command] | None:
        """What to ask with all others; None if nothing is to be known now, and `take` is not called then."""

    async def take(self, ask: Ask, replies: list[Reply], moment: Moment) -> Found:
        """What the replies say. Raises `SourceUnavailableError`."""


class Ground:
    """What all parts stand on: the names of the keys, and what becomes of a reply that is none."""

    def __init__(self, keys: Keys, tally: Tally, where: str) -> None:
        self.keys = keys
        self.tally = tally
        self.where = where
        self._refused: set[str] = set()

    def odd(self, key: bytes | str, reason: str) -> None:
        """Something does not have the shape that it must have."""
        self.tally.add(Broken(key if isinstance(key, str) else label(key), reason))

    def is_odd(self, key: bytes, reply: Reply, reason: str) -> bool:
        """Whether the key has another type than it must have, which is counted. Raises `SourceUnavailableError` for any other refusal."""
        if not isinstance(reply, ServerError):
            return False
        if not str(reply).startswith("WRONGTYPE"):
            raise from_reply(reply, self.where)
        self.odd(key, reason)
        return True

    def forbids(self, replies: Iterable[Reply], what: str) -> bool:
        """Whether the rights of the user don't reach that far; said once in the log, with what is not known for it."""
        for reply in replies:
            if isinstance(reply, ServerError) and (failure := from_reply(reply, self.where)).code == "noperm":
                if what not in self._refused:
                    self._refused.add(what)
                    _LOG.warning("%s; %s not known", failure.message, what)
                return True
        return False
