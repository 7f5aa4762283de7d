"""Sidekiq's processes: identity ↔ pid ↔ unit ↔ processor ↔ the jobs in them."""

from enum import StrEnum
from typing import Any, Final

import msgspec

from watchdog.engine.reaching import name_of
from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.web.failures import NotThereError
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Slice
from watchdog.web.turnstile import my_turn
from watchdog.web.views.cutting import LAST, cut
from watchdog.web.views.jobs import JobSeen, elapsed, job_of, jobs_of
from watchdog.web.views.readings import age, known

MOST_JOBS: Final = 25
"""Jobs of one process that are shown with it."""
FEW_JOBS: Final = 3
"""Jobs of each process in a list of processes."""
_AT_A_TIME: Final = 100


class Order(StrEnum):
    """What stands first in a list of processes; each with the greatest first, but for `id`."""

    ID = "id"
    BEAT = "beat"
    BUSY = "busy"
    CPU = "cpu"
    MEMORY = "memory"
    LONGEST = "longest"


class ProcessSeen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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
) -> Slice[ProcessSeen]:
    """All of them, or those of that host and those that fetch from that queue; each with the `FEW_JOBS` that have run for longest."""
    world, now = inside.state.world, inside.at()
    rows: list[Any] = [
        row
        for row in world.rows[Kind.PROCESS].values()
        if (not host or row.host == host) and (not queue or queue in (known(row.queues) or ()))  # type: ignore[attr-defined]  # slots come from the field table
    ]
    shown, following = cut(rows, _ranks(world, rows, order), _id, after=after, limit=limit)
    seen = []
    for begin in range(0, len(shown), _AT_A_TIME):
        if begin:
            # Hundreds of them with their jobs take longer than others may be held up.
            await my_turn()
        seen += [_seen(world, row, now, FEW_JOBS) for row in shown[begin : begin + _AT_A_TIME]]
    return Slice(tuple(seen), len(rows), following)


async def process(inside: Inside, id_: str) -> ProcessSeen:
    """The one with that id, with as many as `MOST_JOBS` of its jobs. Raises `NotThereError`."""
    world = inside.state.world
    row = world.find(Kind.PROCESS, id_)
    if row is None:
        raise NotThereError("no such process is known; it has ended, or its host and queue are other ones than you think")
    return _seen(world, row, inside.at(), MOST_JOBS)


def _seen(world: World, row: Any, now: int, most: int) -> ProcessSeen:
    jobs = jobs_of(world, row.id)
    longest = sorted(jobs, key=_began)[:most]
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


def _ranks(world: World, rows: list[Any], order: Order) -> list[float]:
    match order:
        case Order.ID:
            return [0] * len(rows)
        case Order.BEAT:
            return [LAST if row.confirmed_at is MISSING else row.confirmed_at for row in rows]
        case Order.BUSY:
            return [_greatest_first(row.busy) for row in rows]
        case Order.CPU:
            return [_greatest_first(row.cpu) for row in rows]
        case Order.MEMORY:
            return [_greatest_first(row.rss if row.memory is MISSING else row.memory) for row in rows]
        case Order.LONGEST:
            first = _first_jobs(world)
            return [first.get(row.id, LAST) for row in rows]


def _greatest_first(reading: Any) -> float:
    return LAST if reading is MISSING else -reading


def _first_jobs(world: World) -> dict[str, float]:
    """Process → when the first of its jobs began; in one walk over all of them."""
    first: dict[str, float] = {}
    rows: Any = world.rows[Kind.JOB].values()
    for row in rows:
        began = row.started_at
        if began is not MISSING and began < first.get(row.process, LAST):
            first[row.process] = began
    return first


def _began(row: Any) -> float:
    return LAST if row.started_at is MISSING else row.started_at


def _id(row: Any) -> str:
    name: str = row.id
    return name
