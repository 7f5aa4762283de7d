"""Jobs that run, or ran at the last beat of their process; never what they were told to do."""

from typing import Any

import msgspec

from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Slice
from watchdog.web.views.cutting import LAST, cut
from watchdog.web.views.readings import known


class JobSeen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One run of a job in a thread. `elapsed` is how long it had been running when its process last beat; `domain` the server that it goes to, where its class is such a one.

    `retries` is how often it has failed before, `once` says that Sidekiq does not run it again after a failure. Whatever is not known is None.
    """

    jid: str | None
    job_class: str | None = msgspec.field(name="class")
    queue: str | None
    elapsed: int | None
    process: str
    thread: str | None = None
    domain: str | None = None
    retries: int | None = None
    once: bool = False


async def jobs(
    inside: Inside, *, process: str = "", queue: str = "", job_class: str = "", after: str = "", limit: int = USUAL
) -> Slice[JobSeen]:
    """Jobs in flight, those that have run for longest first; only those of that process, queue and class where these are given."""
    rows = jobs_of(inside.state.world, process) if process else list[Any](inside.state.world.rows[Kind.JOB].values())
    if queue:
        rows = [row for row in rows if row.queue == queue]
    if job_class:
        rows = [row for row in rows if row.job_class == job_class]
    # When it began is enough to tell which runs for longest, and does not change while it runs.
    shown, following = cut(rows, [LAST if row.started_at is MISSING else row.started_at for row in rows], _id, after=after, limit=limit)
    return Slice(tuple(map(job_of, shown)), len(rows), following)


def job_of(row: Any) -> JobSeen:
    """A job from its row."""
    return JobSeen(
        jid=known(row.jid),
        job_class=known(row.job_class),
        queue=known(row.queue),
        elapsed=elapsed(row),
        process=known(row.process) or "",
        thread=known(row.thread),
        domain=known(row.domain),
        retries=known(row.retries),
        once=bool(known(row.once)),
    )


def elapsed(row: Any) -> int | None:
    """How long a job had been running when its process last confirmed it."""
    started, home = known(row.started_at), known(row.home)
    beat = None if home is None else known(home.confirmed_at)
    return None if started is None or beat is None else max(0, beat - started)


def jobs_of(world: World, process: str) -> list[Any]:
    """The rows of the jobs of that process."""
    rows = world.rows[Kind.JOB]
    return [rows[job] for job in world.jobs_of.get(process, ()) if job in rows]


def _id(row: Any) -> str:
    name: str = row.id
    return name
