"""
What somebody would see who looked at the demo's queues and workers himself, without the agent.

Read from Redis as Sidekiq's own Busy page reads it, so that the screen can't merely repeat what the agent believes.
"""

import time
from collections.abc import Awaitable, Mapping
from typing import Any, Final, cast

import msgspec
import orjson
from redis.asyncio import Redis

from watchdog.demo import jobs
from watchdog.demo.supervisor import Unit

LONG_S: Final = 4
"""The demo's ordinary jobs take half a second; one that has run for so long holds its thread."""


class WorkerView(msgspec.Struct, frozen=True):
    """One unit. `pid` is None while nothing runs; `busy` None before the first beat; `held_s` is the age of its oldest job; `long` are those that take their time, and don't count as held."""

    name: str
    queues: tuple[str, ...]
    threads: int
    pid: int | None = None
    busy: int | None = None
    held: int = 0
    held_s: int = 0
    long: int = 0
    quiet: bool = False

    @property
    def state(self) -> str:
        """In a few words."""
        if self.pid is None:
            return "not running"
        if self.busy is None:
            return "starting"
        if self.held:
            return f"{self.held} of {self.threads} threads held for {self.held_s} s"
        return "quiet" if self.quiet else "working"


class Picture(msgspec.Struct, frozen=True):
    """Queue → jobs that wait; the units."""

    waiting: Mapping[str, int] = {}
    workers: tuple[WorkerView, ...] = ()


async def look(client: Redis, units: tuple[Unit, ...], pids: Mapping[str, int]) -> Picture:
    """The present picture; `pids` is unit → pid of those that live."""
    queues = dict.fromkeys(queue for unit in units for queue in unit.queues)
    waiting = {queue: await client.llen(f"queue:{queue}") for queue in queues}
    beating = {
        int(identity.decode().split(":")[-2]): identity for identity in await cast("Awaitable[set[bytes]]", client.smembers("processes"))
    }
    workers = [await _worker(client, unit, pids.get(unit.name), beating) for unit in units]
    return Picture(waiting, tuple(workers))


async def _worker(client: Redis, unit: Unit, pid: int | None, beating: Mapping[int, bytes]) -> WorkerView:
    view = WorkerView(unit.name, unit.queues, unit.threads, pid)
    if pid is None or pid not in beating:
        return view
    work = await cast("Awaitable[dict[bytes, bytes]]", client.hgetall(beating[pid].decode() + ":work"))
    quiet = await cast("Awaitable[bytes | None]", client.hget(beating[pid].decode(), "quiet"))
    entries = [orjson.loads(job) for job in work.values()]
    return msgspec.structs.replace(view, busy=len(work), quiet=quiet == b"true", **_held(entries, now=time.time()))


def _held(work: list[dict[str, Any]], *, now: float) -> dict[str, int]:
    taking_their_time = [job for job in work if orjson.loads(job["payload"])["class"] == jobs.LONG]
    ages = [int(now - job["run_at"]) for job in work if job not in taking_their_time]
    held = [age for age in ages if age >= LONG_S]
    return {"held": len(held), "held_s": max(held, default=0), "long": len(taking_their_time)}
