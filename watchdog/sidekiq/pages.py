"""
Reading the whole retry set in pages, sparing Redis.

The counterpart of `census`, which counts what stands on them. Redis writes a score as slowly as a kilobyte of the member, so scores are asked for only
where they are needed: of the nearest entries, and at the edge of each page. The pace comes from Redis' own clock before and
after each page, and from the budget of all reading; while one page is being decoded the next is on its way.
"""

import asyncio
from bisect import bisect_left
from typing import Final

import msgspec

from watchdog.sidekiq.failures import ServerError, from_reply, unavailable
from watchdog.sidekiq.pace import Pace
from watchdog.sidekiq.replies import Entries, entries, seconds
from watchdog.sidekiq.scanning import Ask
from watchdog.sidekiq.wire import Command, Reply

END: Final = float("inf")
PAGE: Final = 500
"""Members of a page at most: half a megabyte, for which Redis needs about a quarter of a millisecond."""
_LEAST: Final = 10
_BYTES: Final = 2**20
"""Where members are long (some hold whole documents) the next page has fewer, so that it is of about this size."""
SHARE: Final = 0.2
"""How much of the time may be taken of Redis' single thread."""
_WITH_SENDING: Final = 1.5
"""What a page costs Redis, sending included, as a multiple of what the command takes (measured)."""


class Page(msgspec.Struct, gc=False):
    """
    What was read `at` that time (seconds of Redis' clock): everything above the page before and `upto` that score.

    `scores` is empty where they were not asked for. `cut` says that not everything with that score could be read.
    """

    at: float
    upto: float
    members: list[bytes]
    scores: list[float]
    cut: bool = False


def page_of(found: Entries, full: int) -> tuple[Entries, float, bool]:
    """
    The part of a page that can be taken, the score up to which it goes, and whether all beyond are cut off.

    The score at the end of a full page may go on behind it, so its members are left for the next page. If a whole page
    has one score (no Sidekiq writes that), what lies beyond the page is not read; the set's own size shows that it is lacking.
    """
    if len(found) < full:
        return found, END, False
    last = found[-1][1]
    if found[0][1] == last:
        return found, last, True
    kept = bisect_left(found, last, key=_score)
    return found[:kept], found[kept - 1][1], False


def above(key: bytes, low: float, high: float, most: int) -> Command:
    """The members above one score up to another, with their scores, the lowest first."""
    return ("ZRANGEBYSCORE", key, _exclusive(low), repr(high), "WITHSCORES", "LIMIT", 0, most)


class Pages:
    """The pages of one walk; `near` is the score up to which every score is wanted."""

    def __init__(self, key: bytes, near: float, *, ask: Ask, where: str, pace: Pace) -> None:
        self._key = key
        self._near = near
        self._ask = ask
        self._pace = pace
        self._where = where
        self._low = -END
        self._most = PAGE
        self._under_way: asyncio.Task[tuple[list[Reply], float]] | None = None

    async def next(self) -> Page | None:
        """The next page, None at the end; a key that is no sorted set is one empty page. Raises `SourceUnavailableError`."""
        if self._low >= END:
            return None
        low = self._low
        if self._under_way is None:
            self._under_way = self._send(low, 0.0)
        replies, began = await self._under_way
        self._under_way = None
        page = self._plain(replies) if low >= self._near else None
        if page is None:
            if low >= self._near:
                replies, began = await self._read(self._with_scores(low), 0.0)
            page = self._scored(replies)
        self._low = page.upto
        long = sum(map(len, page.members)) // max(1, len(page.members))
        self._most = min(PAGE, max(_LEAST, _BYTES // max(1, long)))
        if page.upto < END:
            took = seconds(replies[-1], self._where) - page.at
            pause = _WITH_SENDING * took / SHARE * self._pace.stretch - (asyncio.get_running_loop().time() - began)
            self._under_way = self._send(page.upto, pause)
            # It is sent before the page is decoded.
            await asyncio.sleep(0)
        return page

    async def close(self) -> None:
        """Wait for nothing any more."""
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.gather(self._under_way, return_exceptions=True)

    def _send(self, low: float, pause: float) -> "asyncio.Task[tuple[list[Reply], float]]":
        commands = self._without_scores(low) if low >= self._near else self._with_scores(low)
        return asyncio.create_task(self._read(commands, pause), name="redis: a page of retries")

    async def _read(self, commands: list[Command], pause: float) -> tuple[list[Reply], float]:
        await asyncio.sleep(pause)
        began = asyncio.get_running_loop().time()
        return await self._ask(commands), began

    def _with_scores(self, low: float) -> list[Command]:
        return [("TIME",), above(self._key, low, END, self._most), ("TIME",)]

    def _without_scores(self, low: float) -> list[Command]:
        exclusive = _exclusive(low)
        edge: Command = ("ZRANGEBYSCORE", self._key, exclusive, "inf", "WITHSCORES", "LIMIT", self._most - 1, 2)
        return [("TIME",), edge, ("ZRANGEBYSCORE", self._key, exclusive, "inf", "LIMIT", 0, self._most), edge, ("TIME",)]

    def _scored(self, replies: list[Reply]) -> Page:
        found, upto, cut = page_of(entries(replies[1], self._where), self._most)
        return Page(seconds(replies[0], self._where), upto, [member for member, _ in found], [score for _, score in found], cut)

    def _plain(self, replies: list[Reply]) -> Page | None:
        """None if its edge can't be told: several have that score, or it moved while the page was read."""
        _, edge, members, again, _ = replies
        if isinstance(members, ServerError):
            raise from_reply(members, self._where)
        if not isinstance(members, list):
            raise unavailable("protocol", self._where)
        before, after = (entries(reply, self._where) for reply in (edge, again))
        if before != after or (len(before) > 1 and before[0][1] == before[1][1]):
            return None
        return Page(seconds(replies[0], self._where), before[0][1] if len(before) > 1 else END, members, [])


def _exclusive(low: float) -> str:
    return f"({low!r}" if low > -END else "-inf"


def _score(entry: tuple[bytes, float]) -> float:
    return entry[1]
