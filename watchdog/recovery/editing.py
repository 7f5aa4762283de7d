"""
Moving the jobs that a rule means: counting them, taking them into quarantine, putting them back.

The counterpart of `putting_back`, which does so for jobs of a dead process. An order is what makes it safe to ask twice: every job that is taken or put back by it is known
by it afterwards, so whoever asks again goes on from there, counts in what was done, and never exceeds the cap. Redis and the quarantine alone say what is where.
"""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final

from watchdog.errors import WatchdogError
from watchdog.model.effects import CountJobs, ReleaseJobs, TakeJobs
from watchdog.model.quarantine import CameFrom, Kept, Quarantined
from watchdog.model.results import Counted, JobsReleased, JobsTaken, Refused
from watchdog.model.targets import Among, JobsRef
from watchdog.recovery.quarantine import Quarantine
from watchdog.recovery.taking import Candidate, Why
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.finding import Matches, Place, Wanted, count_retries, find_job, find_retries, queues_of
from watchdog.sidekiq.failed import FailedReader
from watchdog.store.quarantine import Entry
from watchdog.store.store import Store

FEW: Final = 10
"""So many jobs that are due go back at once; more of them are spread."""
_SIZE: Final = 12


class Editor:
    """What moves jobs for rules. `wall` gives UTC milliseconds; `moved` is called after each edit that may have moved any, whatever came of it."""

    def __init__(
        self, *, edits: Edits, store: Store, quarantine: Quarantine, wall: Callable[[], int], moved: Callable[[], None] = lambda: None
    ) -> None:
        self._edits = edits
        self._store = store
        self._quarantine = quarantine
        self._wall = wall
        self._moved = moved
        self._searching = asyncio.Lock()
        self._asking: list[tuple[Wanted, asyncio.Future[Matches]]] = []

    async def edit(self, command: CountJobs | TakeJobs | ReleaseJobs) -> Counted | JobsTaken | JobsReleased | Refused:
        """Carry it out; `Refused` where Redis or the store can't be asked now: what was begun by then is finished when it is asked again."""
        try:
            match command:
                case CountJobs(jobs=jobs):
                    return await self._count(jobs)
                case TakeJobs():
                    return await self._take(command)
                case ReleaseJobs():
                    return await self._release(command)
        except WatchdogError as error:
            return Refused(str(error))
        finally:
            if not isinstance(command, CountJobs):
                self._moved()

    async def _count(self, jobs: JobsRef) -> Counted:
        if jobs.among is Among.QUARANTINE:
            return Counted(len(await self._kept(jobs)))
        found = await (self._find(jobs, cap=0) if jobs.among is Among.WAITING else self._count_together(_wanted(jobs)))
        return Counted(found.fit, found.broken)

    async def _count_together(self, wanted: Wanted) -> Matches:
        """However many ask at the same time, the retries are gone through once for all of them: an outage can make a hundred rules ask."""
        mine: asyncio.Future[Matches] = asyncio.get_running_loop().create_future()
        self._asking.append((wanted, mine))
        try:
            async with self._searching:
                if not mine.done():
                    await self._serve()
            return await mine
        finally:
            # Of one who was cut off nobody waits for the answer any more.
            mine.cancel()

    async def _serve(self) -> None:
        served = [(wanted, one) for wanted, one in self._asking if not one.done()]
        self._asking = []
        try:
            found = await count_retries(self._edits, [wanted for wanted, _ in served])
        except WatchdogError as error:
            for _, one in served:
                if not one.done():
                    one.set_exception(error)
        except asyncio.CancelledError:
            # Whoever is next asks for those that are left.
            self._asking = served + self._asking
            raise
        else:
            for (_, one), matches in zip(served, found, strict=True):
                if not one.done():
                    one.set_result(matches)

    async def _take(self, command: TakeJobs) -> JobsTaken:
        jobs, order = command.jobs, f"{self._store.name}-{command.order}"
        before = await self._store.quarantine.ordered(order)
        if any(entry.state is Kept.TAKING for entry in before):
            await self._quarantine.resume()
            before = await self._store.quarantine.ordered(order)
        room = max(0, jobs.cap - len(before))
        found = await self._find(jobs, cap=room)
        candidates = [
            Candidate(token=f"{order}-{self._mark(place)}", payload=place.payload, came_from=place.came_from, queue=place.queue)
            for place in found.places[:room]
        ]
        took = await self._quarantine.take(candidates, Why(reason=command.reason, rule=command.rule, incident=command.incident))
        taken = len({*took.ids, *(entry.id for entry in before)})
        return JobsTaken(taken, took.absent, took.too_deep, max(0, found.fit - len(candidates)))

    async def _release(self, command: ReleaseJobs) -> JobsReleased:
        jobs, order, now = command.jobs, f"{self._store.name}-{command.order}", self._wall()
        begun = await self._put_back_by(order)
        left_over = [entry for entry in begun if entry.state is Kept.RELEASING]
        fitting = await self._kept(jobs)
        chosen = fitting[: max(0, jobs.cap - len(begun))]
        # Those that were begun keep the time that was written down for them.
        for entry, due in (*((one, 0) for one in left_over), *zip(chosen, _spread(chosen, now, command.spread), strict=True)):
            await self._quarantine.release(entry.id, reason=command.reason, order=order, due=due)
        # Whoever finishes what stands half-way may have been quicker, so what came of it is counted.
        released = sum(entry.state is Kept.RELEASED for entry in await self._put_back_by(order))
        return JobsReleased(released, len(begun) + len(chosen) - released, len(fitting) - len(chosen))

    async def _put_back_by(self, order: str) -> list[Entry]:
        return [entry for entry in await self._store.quarantine.entries((Kept.RELEASING, Kept.RELEASED)) if entry.job.order == order]

    async def _find(self, jobs: JobsRef, *, cap: int) -> Matches:
        # One after the other: each search leaves Redis four fifths of its time, and two would leave it less.
        async with self._searching:
            if jobs.among is Among.WAITING:
                return await find_job(self._edits, jobs.jid, queues=await queues_of(self._edits))
            return await find_retries(self._edits, _wanted(jobs), cap=cap)

    async def _kept(self, jobs: JobsRef) -> list[Entry]:
        """Those in quarantine that a rule may put back and that fit, the oldest first."""
        entries = [entry for entry in await self._store.quarantine.entries((Kept.KEPT,)) if _may_go(entry.job) and _fits(entry.job, jobs)]
        if not (jobs.domain or jobs.kind or jobs.status):
            return entries
        reader = FailedReader()
        wanted = Wanted(domain=jobs.domain, kind=jobs.kind, status=jobs.status)
        found = []
        for entry in entries:
            payload = await self._store.quarantine.payload(entry.id)
            failed = None if payload is None else reader.read((payload,))[0]
            if failed is not None and wanted.fits(failed, 0.0):
                found.append(entry)
        return found

    def _mark(self, place: Place) -> str:
        """What tells these bytes in this place from all others, and tells nobody what they are."""
        where = f"{place.came_from} {place.queue} ".encode()
        return blake2b(where + place.payload, digest_size=_SIZE, key=self._store.name.encode()[:64], person=b"orders").hexdigest()


def _wanted(jobs: JobsRef) -> Wanted:
    return Wanted(
        job_class=jobs.job_class, queue=jobs.queue, domain=jobs.domain, kind=jobs.kind, status=jobs.status, failing_for=jobs.failing_for, jid=jobs.jid
    )  # fmt: skip


def _may_go(job: Quarantined) -> bool:
    """What wedged a process, and what a person has taken, is for people to put back."""
    return bool(job.rule) and not job.by and not job.strikes and job.came_from is not CameFrom.PROCESS


def _fits(job: Quarantined, jobs: JobsRef) -> bool:
    return (
        jobs.jid in ("", job.jid)
        and jobs.job_class in ("", job.job_class)
        and jobs.queue in ("", job.queue)
        and jobs.rule in ("", job.rule)
    )


def _spread(entries: Sequence[Entry], now: int, over: int) -> list[int]:
    """
    When each of them is to run (UTC milliseconds), 0 for those that go back exactly to where they were.

    Those that would run before the time is over are spread evenly over it, in their order, if they are more than a few.
    """
    due = [entry.id for entry in entries if _runs_at(entry.job) < now + over]
    if len(due) <= FEW:
        return [0] * len(entries)
    places = {id_: now + over * number // len(due) for number, id_ in enumerate(due)}
    # Never earlier than it would have run by itself.
    return [place if (place := places.get(entry.id, 0)) > _runs_at(entry.job) else 0 for entry in entries]


def _runs_at(job: Quarantined) -> int:
    """When it would run if it went back as it was; 0 for at once."""
    try:
        return int(float(job.score) * 1000)
    except (ValueError, OverflowError):
        return 0
