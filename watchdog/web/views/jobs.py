"""Jobs that run, or ran at the last beat of their process; never what they were told to do."""

from typing import Any

import msgspec

from watchdog.engine.state import State
from watchdog.model.kinds import Kind
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Piece
from watchdog.web.views.cutting import cut
from watchdog.web.views.readings import known


class JobSeen(msgspec.Struct, frozen=True, kw_only=True):
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
) -> Piece[JobSeen]:
    """Jobs in flight, those that have run for longest first; only those of that process, queue and class where these are given."""
    state = inside.state
    rows = [row for row in _rows(state, process) if (not queue or row.queue == queue) and (not job_class or row.job_class == job_class)]
    shown, following = cut(rows, _place, after=after, limit=limit)
    return Piece(tuple(map(job_of, shown)), len(rows), following)


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


def _rows(state: State, process: str) -> list[Any]:
    rows = state.world.rows[Kind.JOB]
    return [rows[job] for job in state.world.jobs_of.get(process, ()) if job in rows] if process else list(rows.values())


def _place(row: Any) -> tuple[float, str]:
    # What runs for longest; when it began is enough to tell, and does not change while it runs.
    started = known(row.started_at)
    return (float("inf") if started is None else started, row.id)
