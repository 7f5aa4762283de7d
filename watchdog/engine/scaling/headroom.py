"""
Is there room for one more process: processor, memory, Redis, connections to the database?

An overloaded host is not helped by more of the same. What is not known is lacking, with one exception: connections to a database for which the config declares no check
are not looked at, and that is said, as everywhere with checks (`guards/common_cause.py`). Nobody can count them for the agent; `max` is what the operator answers for then.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from watchdog.engine.scaling.instances import siblings
from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

TIMES_THE_LARGEST: Final = 2
"""So many times the memory of the largest sibling must be available: it grows to the same size, and what comes in during a backlog is larger."""
PRESSURE: Final = 0.10
"""The part of the time in which something may have to wait for memory, below this."""
FULL: Final = 0.90
"""Of its memory and of its clients Redis may use less than this."""
SLOW: Final = 100
"""Milliseconds within which Redis must have answered."""
BESIDE: Final = 5
"""So many clients of Redis a process has beside its threads: heartbeat, scheduler, and a few of the application."""
_GIB: Final = 1 << 30


class Headroom(msgspec.Struct, frozen=True):
    """What is lacking, each as words; nothing where there is room. `not_looked_at` is what the config gives no means to look at."""

    lacking: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()


def headroom(world: World, template: str, *, idle: float) -> Headroom:
    """Whether one more instance fits; `idle` is how much of one processor must have nothing to do (0.5 is half of it)."""
    rows = siblings(world, template) or _local(world)
    threads = max((row.threads for row in rows if row.threads is not MISSING), default=None)
    hosts: list[Any] = list(world.rows[Kind.HOST].values())
    servers: list[Any] = list(world.rows[Kind.REDIS].values())
    databases = [row for row in world.rows[Kind.CHECK].values() if getattr(row, "type", MISSING) == "postgres"]
    lacking = [
        *(_of_host(hosts[0], rows, idle) if hosts else ("processor and memory of the host are not known",)),
        *(_of_redis(servers[0], threads) if servers else ("how full Redis is, is not known",)),
        *(reason for row in databases if (reason := _of_database(row, threads))),
    ]
    return Headroom(tuple(lacking), () if databases else ("connections to the database (the config declares no check of type postgres)",))


def _local(world: World) -> tuple[Any, ...]:
    """Without a sibling the largest of the other processes here says what one takes."""
    rows: list[Any] = list(world.rows[Kind.PROCESS].values())
    return tuple(row for row in rows if row.local is True and row.alive is not False)


def _of_host(host: Any, rows: tuple[Any, ...], idle: float) -> Iterator[str]:
    if host.cpu is MISSING or host.cores is MISSING:
        yield "how much of the processors is idle is not known"
    elif (left := host.cores * max(0.0, 1 - host.cpu)) < idle:
        yield f"processor: {left:.0%} of one is idle on this host, and it takes {idle:.0%}"
    sizes = [size for row in rows if (size := _size(row)) is not None]
    if not sizes or host.memory_available is MISSING:
        yield "memory: what is available, or what one process takes, is not known"
    elif host.memory_available < TIMES_THE_LARGEST * max(sizes):
        needed = TIMES_THE_LARGEST * max(sizes) / _GIB
        yield f"memory: {host.memory_available / _GIB:.1f} GiB are available, and it takes {needed:.1f} GiB, {TIMES_THE_LARGEST} times the largest process"
    if host.memory_pressure is MISSING:
        yield "memory pressure is not known"
    elif host.memory_pressure >= PRESSURE:
        yield f"memory pressure: {host.memory_pressure:.0%}, and it must be below {PRESSURE:.0%}"


def _size(row: Any) -> int | None:
    """As the kernel counts it, else as the process says."""
    known = [size for size in (row.memory, row.rss) if size is not MISSING]
    return max(known, default=None)


def _of_redis(server: Any, threads: int | None) -> Iterator[str]:
    if server.memory is MISSING or server.maxmemory is MISSING:
        yield "Redis: its memory is not known"
    elif server.maxmemory and server.memory >= FULL * server.maxmemory:
        yield f"Redis: {server.memory / server.maxmemory:.0%} of its maxmemory is used"
    if server.clients is MISSING or server.max_clients is MISSING or threads is None:
        yield "Redis: for how many more clients it has room is not known"
    elif server.clients + threads + BESIDE > FULL * server.max_clients:
        yield f"Redis: {server.clients} of {server.max_clients} clients are connected, and {threads + BESIDE} would come"
    if server.latency is MISSING:
        yield "Redis: how fast it answers is not known"
    elif server.latency > SLOW:
        yield f"Redis: it took {server.latency} ms to answer"


def _of_database(check: Any, threads: int | None) -> str:
    if check.ok is not True:
        return f"database: the check {check.id} does not succeed"
    if check.free_connections is MISSING or threads is None:
        return f"database: how many more connections the check {check.id} would find free is not known"
    if check.free_connections < threads:
        return (
            f"database: {check.free_connections} connections are free by the check {check.id}, and it takes {threads}, one for each thread"
        )
    return ""
