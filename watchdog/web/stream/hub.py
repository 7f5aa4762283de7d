"""
The one place where events of the stream are made: from committed turns, encoded once, kept for a while, read by all.

It costs next to nothing while nobody listens. It waits for nobody: each stream reads the ring at its own pace (`serving.py`), and holds nothing but its place in it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

from watchdog.clock import Clock
from watchdog.engine.ledger import Ledger
from watchdog.engine.state import State
from watchdog.model.effects import Audit, Effect
from watchdog.model.events import Event
from watchdog.web.failures import TooManyError
from watchdog.web.stream.events import Alive, Greeting, Leaving, Name, encoded
from watchdog.web.stream.ring import Ring
from watchdog.web.stream.sections import Section, Sections
from watchdog.web.stream.touching import touched

LOG: Final = logging.getLogger("watchdog")
MOST_STREAMS: Final = 100
"""Streams at a time."""
BEAT: Final = 15_000
"""Milliseconds between two beats."""
MOST_BEHIND: Final = 256
"""Events that a reader may be behind."""
MOST_ROWS: Final = 50
"""Rows of the audit log that are told of one turn: with a thousand at once nobody could keep up, and the loop would wait for it. The others are in the log, of which the section tells."""
PAUSE: Final = 500
"""Milliseconds between two news of sections at least."""
CHARTS: Final = 30_000
"""Milliseconds between two points of the charts."""
_DIGITS: Final = 15


class Reader:
    """One stream: `number` is that of the last event that its reader has taken, `cut` ends its connection at once."""

    def __init__(self, number: int, cut: Callable[[], None]) -> None:
        self.number = number
        self.cut: Final = cut


class Hub:
    """
    `host` is the agent's, `life` tells this life of it from every other (it stands in the ids of events, so it has neither blanks nor `-`).

    `turned` is to be called after each committed turn, `failed` where one can't be, or can again, `run` to be a task; `close` ends all streams. `dropped` counts the readers who were too slow.
    """

    def __init__(self, *, clock: Clock, host: str, life: str, most: int = MOST_STREAMS, behind: int = MOST_BEHIND) -> None:
        self._clock = clock
        self._host = host
        self._life = life
        self._most = most
        self._behind = behind
        self._readers: set[Reader] = set()
        self._ledger = Ledger()
        self._seq = 0
        self._said_at: int | None = None
        self._beat_at: int | None = None
        self._drawn_at: int | None = None
        self._stirred = asyncio.Event()
        self._published = asyncio.Event()
        self.sections: Final = Sections()
        self.ring: Final = Ring()
        self.dropped = 0
        self.closed = False

    @property
    def streams(self) -> int:
        """How many there are."""
        return len(self._readers)

    def turned(self, event: Event, effects: tuple[Effect, ...], state: State) -> None:
        """A turn was committed; `state` is what it has come to."""
        try:
            self.sections.mark(touched(event, effects, self._ledger, state.ledger))
            for row in islice((effect.row for effect in effects if isinstance(effect, Audit)), MOST_ROWS):
                self._publish(Name.AUDIT, row)
        except Exception:
            # The turn is committed, and the agent must go on: whoever looks fetches everything anew.
            LOG.exception("what turn %s has changed can't be told", event.seq)
            self.sections.mark(Section)
        self._ledger, self._seq = state.ledger, event.seq
        if self.streams:
            self._stirred.set()

    def failed(self) -> None:
        """Whether anything can be written down is another answer than before; no turn tells of that."""
        self.sections.mark((Section.OVERVIEW,))
        if self.streams:
            self._stirred.set()

    def versions(self) -> dict[str, int]:
        """Section → version, as of now: who asks and then draws has drawn at least that version."""
        return self.sections.versions(self._clock.at())

    async def run(self) -> None:
        """Says what has changed, for ever."""
        while True:
            if not self.streams:
                await self._stirred.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._wait() / 1000):
                    await self._stirred.wait()
            self._stirred.clear()
            self.tick()
            await asyncio.sleep(PAUSE / 1000)

    def tick(self) -> None:
        """Says what is due by now."""
        now = self._clock.at()
        if not self.streams or self.closed:
            return
        if self._drawn_at is None or now - self._drawn_at >= CHARTS:
            self._drawn_at = now
            self.sections.mark((Section.CHARTS,))
        if self.sections.due_in(now) == 0 and (self._said_at is None or now - self._said_at >= PAUSE):
            self._said_at = now
            self._publish(Name.SECTIONS, self.sections.news(now))
        if self._beat_at is None or now - self._beat_at >= BEAT:
            self._beat_at = now
            self._publish(Name.BEAT, Alive(self._clock.wall(), self._seq))

    def close(self) -> None:
        """Tells everybody that it ends; every stream does so once it has written that."""
        if not self.closed:
            self._publish(Name.BYE, Leaving(self._clock.wall()))
            self.closed = True
            self._wake()

    @contextlib.contextmanager
    def listening(self, cut: Callable[[], None]) -> Iterator[Reader]:
        """One more stream, as long as the block runs; `cut` is called if its reader falls too far behind. Raises `TooManyError`."""
        if self.streams >= self._most:
            raise TooManyError(f"{self._most} streams are open already; come again in a moment", after=10)
        reader = Reader(self.ring.last, cut)
        self._readers.add(reader)
        self._stirred.set()
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def drop(self, reader: Reader) -> None:
        """It is too slow."""
        if reader in self._readers:
            self._readers.discard(reader)
            self.dropped += 1
            reader.cut()

    def begin(self, last_id: str) -> tuple[bytes, int]:
        """What a stream is told first, and the number of the event from which on it goes on; nothing where all that came after `last_id` is still there."""
        life, _, number = last_id.rpartition("-")
        if life == self._life and number.isascii() and number.isdigit() and len(number) <= _DIGITS and self.ring.has_all_after(int(number)):
            return b"", int(number)
        body = Greeting(self._host, self._clock.wall(), self._seq, self.versions())
        return encoded(Name.RESET if last_id else Name.HELLO, body, id_=self._id(self.ring.last)), self.ring.last

    async def more(self, after: int) -> None:
        """Returns once there are events after that number, or none will come any more."""
        while self.ring.last <= after and not self.closed:
            await self._published.wait()

    def _wait(self) -> int:
        now = self._clock.at()
        beat = BEAT if self._beat_at is None else self._beat_at + BEAT - now
        due = self.sections.due_in(now)
        return max(0, beat if due is None else min(beat, due))

    def _publish(self, name: Name, body: Any) -> None:
        self.ring.put(encoded(name, body, id_=self._id(self.ring.next)))
        for reader in [reader for reader in self._readers if self._is_lost(reader)]:
            self.drop(reader)
        self._wake()

    def _is_lost(self, reader: Reader) -> bool:
        return self.ring.last - reader.number > self._behind or not self.ring.has_all_after(reader.number)

    def _wake(self) -> None:
        # Everybody who waits now; who comes later waits for the next one.
        self._published.set()
        self._published = asyncio.Event()

    def _id(self, number: int) -> str:
        return f"{self._life}-{number}"
