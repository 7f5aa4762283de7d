"""Sidekiq's processes: identity ↔ pid ↔ unit ↔ processor ↔ the jobs in them."""

import heapq
from enum import StrEnum
from typing import Any, Final

import msgspec

from watchdog.engine.reaching import name_of
from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.web.failures import NotThereError
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Piece
from watchdog.web.views.cutting import Place, cut
from watchdog.web.views.jobs import JobSeen, elapsed, job_of
from watchdog.web.views.readings import age, known

MOST_JOBS: Final = 25
"""Jobs of one process that are shown with it."""
FEW_JOBS: Final = 3
"""Jobs of each process in a list of processes."""


class Order(StrEnum):
    """What stands first in a list of processes; each with the greatest first, but for `id`."""

    ID = "id"
    BEAT = "beat"
    BUSY = "busy"
    CPU = "cpu"
    MEMORY = "memory"
    LONGEST = "longest"


class ProcessSeen(msgspec.Struct, frozen=True, kw_only=True):
    """
    One process. `target` is the name that outlives its restart, `beat_age` how long ago Redis last heard from it; `memory` is as the kernel counts it, `rss` as it says itself, both in bytes, `cpu` a share of one core.

    `alive` is None where no kernel can be asked, `mismatch` why the local process with its pid is not taken for it. `running` counts the jobs in it, of which `jobs` are those that have run for longest; `longest` is
    how long the first of these has. Whatever is not known is None.
    """

    id: str
    target: str
    host: str | None
    pid: int | None
    unit: str | None
    tag: str | None
    version: str | None
    queues: tuple[str, ...] | None
    threads: int | None
    busy: int | None
    quiet: bool | None
    beat_age: int | None
    uptime: int | None
    local: bool | None
    alive: bool | None
    mismatch: str | None
    cpu: float | None
    memory: int | None
    rss: int | None
    stopped: bool | None
    traced: bool | None
    running: int
    longest: int | None
    jobs: tuple[JobSeen, ...] = ()


async def processes(
    inside: Inside, *, order: Order = Order.ID, host: str = "", queue: str = "", after: str = "", limit: int = USUAL
) -> Piece[ProcessSeen]:
    """All of them, or those of that host and those that fetch from that queue; each with the `FEW_JOBS` that have run for longest."""
    world, now = inside.state.world, inside.at()
    rows: list[Any] = [
        row
        for row in world.rows[Kind.PROCESS].values()
        if (not host or row.host == host) and (not queue or queue in (known(row.queues) or ()))  # type: ignore[attr-defined]  # slots come from the field table
    ]
    shown, following = cut(rows, lambda row: _place(world, row, order, now), after=after, limit=limit)
    return Piece(tuple(_seen(world, row, now, FEW_JOBS) for row in shown), len(rows), following)


async def process(inside: Inside, id_: str) -> ProcessSeen:
    """The one with that id, with as many as `MOST_JOBS` of its jobs. Raises `NotThereError`."""
    world = inside.state.world
    row = world.find(Kind.PROCESS, id_)
    if row is None:
        raise NotThereError("no such process is known; it has ended, or its host and queue are other ones than you think")
    return _seen(world, row, inside.at(), MOST_JOBS)


def _seen(world: World, row: Any, now: int, most: int) -> ProcessSeen:
    jobs = _jobs(world, row.id)
    longest = heapq.nsmallest(most, jobs, key=_began)
    queues = known(row.queues)
    return ProcessSeen(
        id=row.id,
        target=name_of(row),
        host=known(row.host),
        pid=known(row.pid),
        unit=known(row.unit),
        tag=known(row.tag),
        version=known(row.version),
        queues=None if queues is None else tuple(queues),
        threads=known(row.threads),
        busy=known(row.busy),
        quiet=known(row.quiet),
        beat_age=age(row.confirmed_at, now),
        uptime=age(row.booted_at, now),
        local=known(row.local),
        alive=known(row.alive),
        mismatch=known(row.mismatch),
        cpu=known(row.cpu),
        memory=known(row.memory),
        rss=known(row.rss),
        stopped=known(row.stopped),
        traced=known(row.traced),
        running=len(jobs),
        longest=elapsed(longest[0]) if longest else None,
        jobs=tuple(map(job_of, longest)),
    )


def _jobs(world: World, process: str) -> list[Any]:
    rows = world.rows[Kind.JOB]
    return [rows[job] for job in world.jobs_of.get(process, ()) if job in rows]


def _began(row: Any) -> float:
    began = known(row.started_at)
    return float("inf") if began is None else began


def _place(world: World, row: Any, order: Order, now: int) -> Place:
    match order:
        case Order.ID:
            return 0, row.id
        case Order.BEAT:
            rank = age(row.confirmed_at, now)
        case Order.BUSY:
            rank = known(row.busy)
        case Order.CPU:
            rank = known(row.cpu)
        case Order.MEMORY:
            rank = known(row.memory) or known(row.rss)
        case Order.LONGEST:
            rank = max((found for job in _jobs(world, row.id) if (found := elapsed(job)) is not None), default=None)
    return (float("inf") if rank is None else -rank, row.id)
