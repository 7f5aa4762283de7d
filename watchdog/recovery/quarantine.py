"""
Carrying jobs into quarantine and out of it, over two memories that can't be written in one go.

The agent's store comes first and last: the bytes are on disk with what is about to be done before Redis is asked, and what came of it is written down after. Redis
answers the same when it is asked again with the same token, so whoever finds an entry half-way (`resume`) just asks again: after a crash between any two
lines, after an outage in the middle, or beside another who does the same. No job is ever in neither of the two.

`in_dead_set` keeps jobs in Sidekiq's dead set as well, for people who look there. The store holds the bytes in any case: only exact bytes can be put back.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from watchdog.model.events import Vouched
from watchdog.model.quarantine import CameFrom, Kept, Quarantined
from watchdog.model.records import AuditRow
from watchdog.recovery.taking import Candidate, Why, describe
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.fenced import fenced
from watchdog.sidekiq.edit.locks import give_back_locks, holder_of
from watchdog.sidekiq.edit.put_back import AlreadyDone, Done, Found, Place, Token, ToQuarantine, ToQueue, ToRetry, ToSchedule, put_back
from watchdog.sidekiq.edit.take_out import Absent, Taken, TakeOutOutcome, TooDeep, forget_dead, take_out
from watchdog.store.quarantine import OPEN, Entry
from watchdog.store.shelf import Shelf

KEPT_FOR: Final = 30 * 86_400_000
"""Milliseconds for which a job is kept."""
WARN_BEFORE: Final = 3 * 86_400_000
"""Milliseconds before the end of that time from which on it is said that it ends."""
_AT_ONCE: Final = 50
_LOG: Final = logging.getLogger(__name__)


class Took(msgspec.Struct, frozen=True):
    """What came of taking jobs: the numbers of their entries; how many were not there any more, and how many stand too deep in a queue that is too long."""

    ids: tuple[int, ...] = ()
    absent: int = 0
    too_deep: int = 0


class Released(msgspec.Struct, frozen=True):
    """It stands where it came from."""

    job: Quarantined


class Dropped(msgspec.Struct, frozen=True):
    """It is deleted."""

    job: Quarantined


class NotReleased(msgspec.Struct, frozen=True):
    """It stays as it is: `why` says in words what is in the way."""

    why: str


class Quarantine:
    """Moves jobs between a Redis and a shelf. `wall` gives UTC milliseconds. What it raises is `StoreError` or `EditError`; then `resume` finishes the work."""

    def __init__(self, shelf: Shelf, redis: Edits, *, wall: Callable[[], int], kept_for: int = KEPT_FOR, in_dead_set: bool = False) -> None:
        self._shelf = shelf
        self._redis = redis
        self._wall = wall
        self._kept_for = kept_for
        self._in_dead_set = in_dead_set

    def keep(self, kept_for: int, *, in_dead_set: bool) -> None:
        """From now on jobs are kept for so many milliseconds, and there."""
        self._kept_for = kept_for
        self._in_dead_set = in_dead_set

    async def take(self, candidates: Sequence[Candidate], why: Why, *, fence: str = "") -> Took:
        """
        Take these jobs out of Redis, or, of a dead process, into safety. Those of a token that was asked for before are not taken twice.

        With `fence` only while that lock of the fleet is held.
        """
        redis = fenced(self._redis, fence)
        took = Took()
        for start in range(0, len(candidates), _AT_ONCE):
            wall = self._wall()
            jobs = [
                (describe(one, why, wall=wall, until=wall + self._kept_for, in_dead_set=self._in_dead_set), one.payload)
                for one in candidates[start : start + _AT_ONCE]
            ]
            ids = await self._shelf.begin(jobs, rows=[_row("intent", "quarantine_job", job, wall) for job, _ in jobs])
            found = [entry for id_ in ids if (entry := await self._shelf.entry(id_)) is not None]
            more = await self._finish_taking([entry for entry in found if entry.state is Kept.TAKING], redis)
            before = tuple(entry.id for entry in found if entry.state is not Kept.TAKING)
            took = Took((*took.ids, *before, *more.ids), took.absent + more.absent, took.too_deep + more.too_deep)
        return took

    async def release(self, id_: int, *, reason: str, by: str = "", order: str = "", due: int = 0) -> Released | NotReleased:
        """
        Put a job back exactly where it came from: to its score in its set, to the end of its queue where it is next.

        `due` (UTC milliseconds) has it run at that time instead; `order` is noted, for whoever asks what was put back by it.
        """
        entry = await self._shelf.entry(id_)
        if entry is None or entry.state not in (Kept.KEPT, Kept.RELEASING):
            return NotReleased(_not_there(id_, entry))
        if entry.state is Kept.KEPT:
            holder = await holder_of(self._redis, entry.job.locks)
            if holder not in ("", entry.job.jid):
                return NotReleased(
                    f"the job {holder} with the same arguments holds the lock of sidekiq-unique-jobs, and this one would be dropped without a word; wait for it"
                )
            job = msgspec.structs.replace(entry.job, releases=entry.job.releases + 1, released_by=by, order=order, due=due)
            row = _row("intent", "release_job", job, self._wall(), reason=reason, by=by)
            if not await self._shelf.move(entry, Kept.RELEASING, job=job, rows=(row,)):
                return await self.release(id_, reason=reason, by=by, order=order, due=due)
            entry = Entry(entry.id, Kept.RELEASING, job)
        return await self._finish_releasing(entry)

    async def drop(self, id_: int, *, reason: str, by: str) -> Dropped | NotReleased:
        """Delete a job for good."""
        entry = await self._shelf.entry(id_)
        if entry is None or entry.state not in (Kept.KEPT, Kept.DROPPING):
            return NotReleased(_not_there(id_, entry))
        if entry.state is Kept.KEPT:
            row = _row("intent", "drop_job", entry.job, self._wall(), reason=reason, by=by)
            if not await self._shelf.move(entry, Kept.DROPPING, rows=(row,)):
                return await self.drop(id_, reason=reason, by=by)
            entry = Entry(entry.id, Kept.DROPPING, entry.job)
        return await self._finish_dropping(entry)

    async def resume(self) -> int:
        """Finish whatever was begun and not finished; how many entries that were."""
        begun = await self._shelf.entries(OPEN)
        await self._finish_taking([entry for entry in begun if entry.state is Kept.TAKING], self._redis)
        for entry in begun:
            if entry.state is Kept.RELEASING:
                await self._finish_releasing(entry)
            elif entry.state is Kept.DROPPING:
                await self._finish_dropping(entry)
        return len(begun)

    async def put_back_by_hand(self, *, after: int) -> tuple[Vouched, ...]:
        """The jobs that people put back later than that wall time, oldest first."""
        released = await self._shelf.entries((Kept.RELEASED,))
        found = [Vouched(one.job.jid, one.job.released_by, one.ended) for one in released if one.ended and one.job.released_by]
        return tuple(sorted((one for one in found if one.wall > after), key=lambda one: one.wall))

    async def expire(self) -> tuple[int, int]:
        """Delete what has been kept for long enough, and warn of what soon will have been; how many each."""
        gone = await self._shelf.expire()
        if gone:
            _LOG.warning("%d jobs have left the quarantine, because their time was over", len(gone))
        soon = [entry for entry in await self._shelf.entries((Kept.KEPT,)) if entry.job.until - self._wall() <= WARN_BEFORE]
        if soon:
            _LOG.warning("%d jobs in quarantine are deleted within 3 days; see: sidekiq-watchdog quarantine list", len(soon))
        return len(gone), len(soon)

    async def _finish_taking(self, entries: Sequence[Entry], redis: Edits) -> Took:
        taken: list[tuple[int, Quarantined]] = []
        absent: list[Entry] = []
        too_deep = 0
        for entry in entries:
            payload = await self._shelf.payload(entry.id)
            if payload is None:
                # Somebody else has finished it in the meantime, and more than that.
                continue
            job = entry.job
            match await self._take(job, payload, redis):
                case Taken(score):
                    await give_back_locks(redis, jid=job.jid, locks=job.locks)
                    taken.append((entry.id, msgspec.structs.replace(job, score=score)))
                case Absent():
                    absent.append(entry)
                case TooDeep():
                    absent.append(entry)
                    too_deep += 1
        wall = self._wall()
        if taken or absent:
            await self._shelf.settle(
                taken=[(id_, job, _row("outcome", "quarantine_job", job, wall, outcome="taken")) for id_, job in taken],
                absent=[(entry.id, _row("outcome", "quarantine_job", entry.job, wall, outcome="absent")) for entry in absent],
            )
        return Took(tuple(id_ for id_, _ in taken), len(absent) - too_deep, too_deep)

    async def _take(self, job: Quarantined, payload: bytes, redis: Edits) -> TakeOutOutcome:
        died = job.taken if job.in_dead_set else None
        if not (job.lost_by and job.jid):
            return await take_out(redis, token=job.token, payload=payload, came_from=job.came_from, queue=job.queue, in_dead_set_at=died)
        # One token decides about a job that was lost: who is to keep it, or who is to push it.
        token = Token(job.lost_by, job.jid, by=job.token)
        outcome = await put_back(
            redis, token=token, payload=payload, queue=job.queue, place=ToQuarantine(died), lost_by=job.lost_by, in_list=job.in_list
        )
        return Absent() if isinstance(outcome, Found) else Taken()

    async def _finish_releasing(self, entry: Entry) -> Released | NotReleased:
        job, payload = entry.job, await self._shelf.payload(entry.id)
        if payload is None:
            return NotReleased(_not_there(entry.id, await self._shelf.entry(entry.id)))
        outcome = await put_back(
            self._redis,
            token=Token(f"release-{job.token}-{job.releases}", job.jid),
            payload=payload,
            queue=job.queue,
            place=_place(job),
            leaves_dead_set=job.in_dead_set,
            by_bytes_alone=job.came_from is not CameFrom.PROCESS,
        )
        match outcome:
            case Done() | AlreadyDone():
                row = _row("outcome", "release_job", job, self._wall(), outcome="released")
                await self._shelf.move(entry, Kept.RELEASED, rows=(row,))
                return Released(job)
            case Found(where):
                row = _row("outcome", "release_job", job, self._wall(), outcome=f"found: {where}")
                await self._shelf.move(entry, Kept.KEPT, rows=(row,))
                return NotReleased(_FOUND.get(where, f"the job stands in {where} already; drop the entry if that is as it should be"))

    async def _finish_dropping(self, entry: Entry) -> Dropped:
        payload = await self._shelf.payload(entry.id)
        if entry.job.in_dead_set and payload is not None:
            await forget_dead(self._redis, payload)
        await self._shelf.move(entry, Kept.DROPPED, rows=(_row("outcome", "drop_job", entry.job, self._wall(), outcome="dropped"),))
        return Dropped(entry.job)


_FOUND: Final = {
    "running": "a process runs the job already",
    "elsewhere": "the job is not in Sidekiq's dead set any more: somebody has put it back or deleted it there, or Sidekiq has trimmed the set",
}


def _place(job: Quarantined) -> Place:
    match job.came_from:
        case CameFrom.QUEUE | CameFrom.PROCESS:
            return ToSchedule(job.due) if job.due else ToQueue()
        case CameFrom.RETRY:
            return ToRetry(job.due) if job.due else ToRetry(job.taken, job.score)
        case CameFrom.SCHEDULE:
            return ToSchedule(job.due) if job.due else ToSchedule(job.taken, job.score)


def _not_there(id_: int, entry: Entry | None) -> str:
    return f"there is no entry {id_} in the quarantine" if entry is None else f"entry {id_} is not kept any more: it is {entry.state}"


def _row(kind: str, action: str, job: Quarantined, wall: int, *, reason: str = "", by: str = "", outcome: str = "") -> AuditRow:
    by = by or job.by
    return AuditRow(
        kind,
        wall,
        rule=job.rule,
        entity=job.job_class,
        target=job.jid,
        action=action,
        outcome=outcome,
        incident=job.incident,
        reason=reason or (job.reason if kind == "intent" else ""),
        detail={"queue": job.queue, "came_from": job.came_from.value, **({"by": by} if by else {})},
    )
