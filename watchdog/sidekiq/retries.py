"""
Following the retry set: what fails is counted as it fails, what waits is known from a census and kept current.

The counterpart of `sampling`, which knows only how many wait. What is exact and what is not:

- `added` counts a failure once, when a frontier passes over its entry (`frontiers` says how late that is). Not counted are
  jobs that are given up at once, and entries that were taken out of the set, or tried again, before any frontier came to them.
- How many wait (`size`) is exact at the end of a census. From then on what fails is added when it is counted, and what is tried again is taken
  off when it leaves. What somebody deletes from the middle of the set is noticed only by the next census, which the agent's own edits ask for (`doubt`); so is what failed within the difference
  of two hosts' clocks while a page was read. How far the sum is from the set's own size is always told (`retries_unaccounted`),
  and if it is more than 1 % for a while the set is counted anew.

Times are Redis' own. It never writes, and no command touches more than 1,000 members.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from watchdog.clock import Clock
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.sidekiq.breadth import Breadth
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.census import Census, Walk
from watchdog.sidekiq.changes import Said
from watchdog.sidekiq.decode import Broken, count, label
from watchdog.sidekiq.failed import Failed, FailedReader
from watchdog.sidekiq.failures import SourceUnavailableError
from watchdog.sidekiq.frontiers import Frontiers, counted_by
from watchdog.sidekiq.inbound import Inbound
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.pace import Pace
from watchdog.sidekiq.pages import END, Pages, above, page_of
from watchdog.sidekiq.pending import Pending
from watchdog.sidekiq.reconcile import QUIET, TICK
from watchdog.sidekiq.replies import Entries, entries, is_wrong_type, seconds
from watchdog.sidekiq.retry_book import Book
from watchdog.sidekiq.retry_entities import RetryEntities
from watchdog.sidekiq.scanning import Ask
from watchdog.sidekiq.wire import Command, Reply

_SLICE: Final = 500
_MOST_SLICES: Final = 10
_ANEW_EACH: Final = 60.0
_ANEW_PER_MEMBER: Final = 0.001
_ANEW_FROM: Final = 0.01
_LATE_FROM: Final = 15_000
_LOG: Final = logging.getLogger(__name__)


class Retries:
    """What is known of the retry set, over connections."""

    def __init__(self, keys: Keys, tally: Tally, *, where: str, clock: Clock, pace: Pace) -> None:
        self.entities = RetryEntities()
        self._key = keys.sets[0]
        self._tally = tally
        self._where = where
        self._clock = clock
        self._pace = pace
        self._too_many = Broken(label(self._key), "too many entries have one score; not all are read")
        self._broken = Broken(label(self._key), "an entry is not a failed job")
        self._reader = FailedReader()
        self._inbound = Inbound(keys, tally, where)
        self._said = Said()
        self._breadth = Breadth()
        self._frontiers = Frontiers()
        self._book: Book | None = None
        self._walk = Walk()
        self._pending = Pending()
        self._census: Census | None = None
        self._counting = asyncio.Lock()
        self._wanted = asyncio.Event()
        # That Redis refuses is logged already.
        self._refused = False
        self._counted_at: int | None = None
        # What even the census did not find: broken entries.
        self._lacking = 0
        # Redis' clock in seconds, and the engine time at which it said so.
        self._redis_time = (0.0, 0)

    async def follow(self, ask: Ask, say: Callable[[Sequence[Delta | Gone]], None]) -> None:
        """Go on for as long as the connection lasts, or the set may be read; raises `SourceUnavailableError`."""
        moves = True
        with self._unless_refused():
            while True:
                await asyncio.sleep(self._pace.wait(TICK if moves else QUIET))
                changes, moves = await self.turn(ask)
                say(changes)

    async def count_when_wanted(self, ask: Ask) -> None:
        """Take a census at the start, and whenever the counts are too far from the size of the set; ends as `follow` does."""
        with self._unless_refused():
            if self._book is None:
                await self.census(ask)
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                await self.census(ask)

    def doubt(self) -> None:
        """Somebody has taken entries from the middle of the set, or put some there: it is counted anew, as soon as Redis can be spared."""
        self._wanted.set()

    def uncounted(self) -> Sequence[Delta]:
        """What belongs into the first snapshot, as long as no census has said how many wait, and to whom."""
        # Without it nothing would be known to be there that could be broken, and whoever asks for that would be told: nothing is.
        return (*self.entities.uncounted(), Delta(Kind.FEDERATION, "federation", {})) if self._book is None else ()

    def hear(self, changes: Sequence[Delta | Gone]) -> None:
        """What was said of jobs that run."""
        self.entities.hear(changes)

    async def turn(self, ask: Ask) -> tuple[list[Delta | Gone], bool]:
        """Read what the frontiers pass over and what has left; what changed by it, and whether anything moves."""
        await self._begin(ask)
        slices = self._frontiers.slices(self._estimate())
        read = 0
        for round_ in range(_MOST_SLICES):
            head: list[Command] = [("TIME",), ("ZCARD", self._key), ("ZRANGE", self._key, 0, 0, "WITHSCORES")] if round_ == 0 else []
            replies = await ask(
                [*(above(self._key, low, high, _SLICE) for _, low, high in slices), *head],
            )
            again = []
            for (place, _, high), reply in zip(slices, replies, strict=False):
                kept, upto, cut = page_of(entries(reply, self._where), _SLICE)
                read += len(kept)
                self._pass(place, kept)
                self._frontiers.pass_over(place, min(upto, high))
                if upto < high:
                    again.append((place, upto, high))
                if cut:
                    self._tally.add(self._too_many)
            if round_ == 0:
                now, size, lowest = self._head(replies[len(slices) :])
                self._leave(lowest)
            slices = again
            if not slices:
                break
        return await self._told(ask, now, size, lowest), bool(read or self._pending or self.entities.waiting)

    async def census(self, ask: Ask) -> None:
        """Count the whole set anew, at a pace that leaves Redis to others; raises `SourceUnavailableError`."""
        async with self._counting:
            await self._begin(ask)
            census = self._census = Census(self._frontiers.reached[0])
            try:
                await self._walk_through(ask, census)
                (size,) = await ask([("ZCARD", self._key)])
                self._book, self._walk, self._pending = census.book, census.walk, census.pending()
            finally:
                self._census = None
            self._counted_at = self._clock.at()
            self._lacking = abs(self._book.total - (count(size) or 0))
            self.entities.renew(self._book)

    async def _walk_through(self, ask: Ask, census: Census) -> None:
        pages = Pages(self._key, census.near, ask=ask, where=self._where, pace=self._pace)
        try:
            while (page := await pages.next()) is not None:
                census.walk.went(page.upto, page.at)
                found = self._reader.read(page.members)
                self._breadth.saw(found)
                for _ in range(census.met(found, page.scores)):
                    self._tally.add(self._broken)
                if page.cut:
                    self._tally.add(self._too_many)
        finally:
            await pages.close()

    @contextmanager
    def _unless_refused(self) -> Iterator[None]:
        # A user with the rights of an older version is no reason to see nothing at all: what can't be read stays unknown.
        try:
            yield
        except SourceUnavailableError as failure:
            if failure.code != "noperm":
                raise
            if not self._refused:
                self._refused = True
                _LOG.warning("Redis does not let the retries be read (%s); what waits for another try is not known", failure.message)

    # What the entries say

    def _pass(self, place: int, kept: Entries) -> None:
        for failed, (_, score) in zip(self._reader.read(member for member, _ in kept), kept, strict=True):
            if failed is None:
                if place == 0:
                    self._tally.add(self._broken)
                continue
            if counted_by(score, failed.failed_at) == place:
                self._count(score, failed)
            if place == 0:
                self._pending.add(score, failed.group, failed.domain)
                if self._census is not None:
                    self._census.passed(score, failed)

    def _count(self, score: float, failed: Failed) -> None:
        if failed.failed_at >= self._frontiers.began_at:
            self.entities.add(failed.group, failed.domain)
        self._breadth.saw((failed,))
        if self._book is not None and not self._walk.meets(score, failed.failed_at):
            self._book.add((failed,))
            self.entities.touch(failed.group, failed.domain)
        if self._census is not None:
            self._census.counted(score, failed)

    def _leave(self, lowest: float) -> None:
        for _, group, domain in self._pending.leave(lowest):
            if self._book is not None:
                self._book.take(group, domain)
                self.entities.touch(group, domain)
        if self._census is not None:
            self._census.leave(lowest)

    # Time

    async def _begin(self, ask: Ask) -> None:
        if self._frontiers.reached:
            return
        now = seconds((await ask([("TIME",)]))[0], self._where)
        if not self._frontiers.reached:
            self._redis_time = (now, self._clock.at())
            self._frontiers.begin(now)

    def _estimate(self) -> float:
        said, at = self._redis_time
        return said + (self._clock.at() - at) / 1000

    def _head(self, replies: list[Reply]) -> tuple[float, int, float]:
        time, size, first = replies
        now = seconds(time, self._where)
        if self._frontiers.is_set_back(now):
            _LOG.warning("the clock of Redis was set back; the retries are counted anew")
            self._frontiers.begin(now)
            self._pending = Pending()
            self._breadth = Breadth()
            self._wanted.set()
        self._redis_time = (now, self._clock.at())
        if is_wrong_type(first):
            self._tally.add(Broken(label(self._key), "it is not a sorted set"))
        found = entries(first, self._where)
        return now, count(size) or 0, found[0][1] if found else END

    # Telling

    async def _told(self, ask: Ask, now: float, size: int, lowest: float) -> list[Delta | Gone]:
        at = self._clock.at()
        if (found := await self._inbound.sample(ask, at)) is not None:
            self.entities.sampled(found)
        changes = self.entities.tell(self._book, at=at, offset=round(now * 1000) - at)
        changes += self._said.tell(Kind.SIDEKIQ, "sidekiq", self._totals(at, now, size, lowest))
        changes += self._said.tell(Kind.FEDERATION, "federation", self._traffic(now))
        return changes

    def _traffic(self, now: float) -> dict[str, Any]:
        traffic: dict[str, Any] = {} if self._book is None else dict(self._breadth.readings(now))
        sample = self._inbound.last
        return traffic | ({"inbound_top_share": sample.signed_most / sample.size} if sample.size else {})

    def _totals(self, at: int, now: float, size: int, lowest: float) -> dict[str, Any]:
        late = round(max(0.0, now - lowest)) * 1000 if lowest < END else 0
        totals: dict[str, Any] = {"retries_late": late if late >= _LATE_FROM else 0}
        if self._book is not None and self._counted_at is not None:
            lacking = abs(self._book.total - size)
            totals |= {"retries_unaccounted": lacking, "retry_census_at": self._counted_at}
            waited = (at - self._counted_at) / 1000
            due = waited >= max(_ANEW_EACH, size * _ANEW_PER_MEMBER) or size == 0
            if due and lacking - self._lacking > size * _ANEW_FROM and not self._counting.locked():
                self._wanted.set()
        return totals
