"""
Finding the jobs that are to be taken: exact members, counted to the end, the oldest given up to a cap.

The counterpart of `take_out`, which removes what was found here if it is still there then. Sets are read in pages, at a pace that leaves Redis to
others. A queue is read as far as `take_out` could take from it: all of it up to 100,000 jobs, else 1,000 at either end.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from heapq import heappush, heappushpop
from typing import Final

import msgspec

from watchdog.model.quarantine import CameFrom
from watchdog.sidekiq.decode import count
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import NotEditedError, refused
from watchdog.sidekiq.edit.payload import fields_of
from watchdog.sidekiq.failed import Failed, FailedReader
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.replies import seconds
from watchdog.sidekiq.wire import Reply

CAP: Final = 1_000
"""At most so many at a time, unless another number is given."""
SEARCHED: Final = 100_000
"""A queue of at most so many jobs is searched whole."""
_AT_ENDS: Final = 1_000
_PAGE: Final = 500
_LEAST: Final = 10
_BYTES: Final = 2**20
_REST: Final = 4.0
"""Times as long as a page took of Redis nothing is asked: it has four fifths of its time for others."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which retries; what is empty or 0 is not asked. All of it must hold.

    `kind` and `status` are those of the failure as the table of causes tells them, `domain` is that to which the job was going. `failing_for` is how many milliseconds ago it
    failed first, at least. `jid` is asked by whoever has the bytes (`find_retries`).
    """

    job_class: str = ""
    queue: str = ""
    domain: str = ""
    kind: str = ""
    status: int = 0
    failing_for: int = 0
    jid: str = ""

    def fits(self, failed: Failed, now: float) -> bool:
        """Whether that entry is one of them, at that time in seconds of Redis' clock."""
        group = failed.group
        return (
            self.job_class in ("", group.job_class)
            and self.queue in ("", group.queue)
            and self.kind in ("", group.kind)
            and self.status in (0, group.status)
            and self.domain in ("", failed.domain)
            and (not self.failing_for or 0 < failed.first_failed_at <= now - self.failing_for / 1000)
        )


class Place(msgspec.Struct, frozen=True):
    """A job where it was found: its bytes and what holds them. `queue` is empty for a set."""

    payload: bytes
    came_from: CameFrom
    queue: str = ""

    def __repr__(self) -> str:
        return f"Place({self.came_from}, {self.queue!r}, {len(self.payload)} B)"


class Matches(msgspec.Struct, frozen=True):
    """How many fit, of how many that were looked at, how many of those can't be read; and of retries the oldest, of a job all that fit, up to the cap."""

    places: tuple[Place, ...] = ()
    fit: int = 0
    looked_at: int = 0
    broken: int = 0


class _Fitting:
    """Those that fit one wish, while all are gone through."""

    def __init__(self, wanted: Wanted, cap: int) -> None:
        self.fits = wanted.fits
        self._cap = cap
        self._is_it = _having(wanted.jid) if wanted.jid else None
        # The heap's first is the youngest of those that are kept, which goes when an older one comes.
        self._oldest: list[tuple[float, int, bytes]] = []
        self._seen: set[int] = set()

    def add(self, member: bytes, failed: Failed, now: float) -> None:
        """One that fits, but for its jid; it may come a second time."""
        mark = hash(member)
        if mark in self._seen or (self._is_it is not None and not self._is_it(member)):
            return
        if self._cap:
            # Of one that doesn't say when it failed nobody can say that it is old.
            one = (-(failed.first_failed_at or now), -len(self._seen), member)
            if len(self._oldest) < self._cap:
                heappush(self._oldest, one)
            else:
                heappushpop(self._oldest, one)
        self._seen.add(mark)

    def found(self, looked_at: int, broken: int) -> Matches:
        """All of them."""
        places = tuple(Place(member, CameFrom.RETRY) for *_, member in sorted(self._oldest, reverse=True))
        return Matches(places, len(self._seen), looked_at, broken)


async def find_retries(redis: Edits, wanted: Wanted, *, cap: int = CAP) -> Matches:
    """
    Go through all retries; given are those that failed first the longest ago, in that order.

    Raises `NotEditedError` or `MaybeEditedError` (nothing is ever changed here).
    """
    return (await _go_through(redis, (_Fitting(wanted, cap),)))[0]


async def count_retries(redis: Edits, wishes: Sequence[Wanted]) -> list[Matches]:
    """Go through all retries once, and count for each wish how many fit it. Raises as `find_retries` does."""
    return await _go_through(redis, [_Fitting(wanted, 0) for wanted in wishes])


async def _go_through(redis: Edits, wishes: Sequence[_Fitting]) -> list[Matches]:
    reader = FailedReader()
    looked_at = broken = 0
    async for members, now in members_of_set(redis, redis.keys.sets[0]):
        looked_at += len(members)
        for member, failed in zip(members, reader.read(members), strict=True):
            if failed is None:
                broken += 1
                continue
            for wish in wishes:
                if wish.fits(failed, now):
                    wish.add(member, failed, now)
    return [wish.found(looked_at, broken) for wish in wishes]


async def find_job(redis: Edits, jid: str, *, queues: Sequence[str]) -> Matches:
    """Every place of the job with that jid among the retries, the scheduled jobs and these queues. Raises as `find_retries` does."""
    is_it = _having(jid)
    found: list[Place] = []
    looked_at = 0
    retry, schedule, _ = redis.keys.sets
    for key, came_from in ((retry, CameFrom.RETRY), (schedule, CameFrom.SCHEDULE)):
        async for members, _now in members_of_set(redis, key):
            looked_at += len(members)
            found += [Place(member, came_from) for member in members if is_it(member)]
    for queue in queues:
        async for members in jobs_of_queue(redis, queue):
            looked_at += len(members)
            found += [Place(member, CameFrom.QUEUE, queue) for member in members if is_it(member)]
    places = tuple(dict.fromkeys(found))
    return Matches(places, len(places), looked_at)


async def queues_of(redis: Edits) -> list[str]:
    """The names of all queues, as far as they are text. Raises as `find_retries` does."""
    (reply,) = await redis.ask([("SMEMBERS", redis.keys.queues)])
    if isinstance(reply, ServerError):
        raise refused(reply, redis.where)
    return sorted(name.decode() for name in reply if isinstance(name, bytes) and _is_text(name))


def _having(jid: str) -> Callable[[bytes], bool]:
    part = jid.encode()

    def is_it(member: bytes) -> bool:
        # Most are ruled out without being decoded; the jid may stand among the arguments of another job.
        return part in member and fields_of(member).get("jid") == jid

    return is_it


async def members_of_set(redis: Edits, key: bytes) -> AsyncIterator[tuple[list[bytes], float]]:
    """
    Pages of members, each with the time at which it was read, in no order: each that stays there comes once, or, seldom, twice.

    Not by score, as the census reads: thousands may have the same one, and here each must be found.
    """
    cursor, most = b"0", _LEAST
    while True:
        began, reply, ended = await redis.ask([("TIME",), ("ZSCAN", key, cursor, "COUNT", most), ("TIME",)])
        match reply:
            case ServerError():
                raise refused(reply, redis.where)
            case [bytes() as cursor, [*flat]]:
                members = flat[::2]
            case _:
                raise NotEditedError("protocol", f"{redis.where} does not answer as Redis does")
        now = _seconds(began, redis.where)
        yield members, now
        if cursor == b"0":
            return
        most = _next_page(members)
        await asyncio.sleep((_seconds(ended, redis.where) - now) * _REST)


def _next_page(page: list[bytes]) -> int:
    """So many that the next page is of about a megabyte."""
    return min(_PAGE, max(1, _BYTES * len(page) // max(1, sum(map(len, page)))))


def _seconds(reply: Reply, where: str) -> float:
    try:
        return seconds(reply, where)
    except SourceUnavailableError as failure:
        raise NotEditedError(failure.code, failure.message) from failure


async def jobs_of_queue(redis: Edits, name: str) -> AsyncIterator[list[bytes]]:
    """Pages of jobs, from the end that is next. What moves meanwhile may come twice or be missed; `take_out` takes nothing twice."""
    key = redis.keys.queue(name)
    (length,) = await redis.ask([("LLEN", key)])
    size = count(length)
    if size is None:
        raise (
            refused(length, redis.where)
            if isinstance(length, ServerError)
            else NotEditedError("protocol", f"{redis.where} does not answer as Redis does")
        )
    parts = [(0, size)] if size <= SEARCHED else [(0, _AT_ENDS), (size - _AT_ENDS, size)]
    for start, stop in parts:
        at, most = start, _LEAST
        while at < stop:
            (page,) = await redis.ask([("LRANGE", key, -min(at + most, stop), -at - 1)])
            if isinstance(page, ServerError):
                raise refused(page, redis.where)
            yield page
            at += most
            most = _next_page(page)


def _is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
