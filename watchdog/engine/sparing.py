"""
Which jobs of a process must not be interrupted: those whose class fits a pattern of the rule's `veto`.

The counterpart of `sightings`, which tells stuck jobs from innocent ones: a job under veto is neither, however long it runs. A domain block that is cut
off leaves a domain half blocked, and nothing ever finishes it.
"""

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from watchdog.engine.procedures.recover import SILENT, STILL
from watchdog.engine.world import World
from watchdog.lang.glob import fits
from watchdog.model.flight import Held
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

_MINUTES: int = 120_000


class Spared(msgspec.Struct, frozen=True):
    """One of them; `elapsed` is milliseconds, None where it is not known whether it still runs."""

    jid: str
    job_class: str
    elapsed: int | None

    def __str__(self) -> str:
        match self.elapsed:
            case None:
                return f"{self.job_class} {self.jid}, which may still run"
            case elapsed if elapsed < _MINUTES:
                return f"{self.job_class} {self.jid}, running for {elapsed // 1_000} s"
            case elapsed:
                return f"{self.job_class} {self.jid}, running for {elapsed // 60_000} min"


def spared_jobs(world: World, process: str, patterns: Collection[str], at: int, *, kept: Iterable[Held] = ()) -> tuple[Spared, ...]:
    """
    Those that this process has in hand, in order of their jids.

    `kept` are the jobs that it held when it was last asked: while it does not beat Redis forgets what it runs, and they count.
    """
    if not patterns:
        return ()
    row: Any = world.find(Kind.PROCESS, process)
    found: dict[str, Spared] = {}
    if row is None or row.confirmed_at is MISSING or at - row.confirmed_at >= SILENT:
        found = {job.jid: Spared(job.jid, job.job_class, None) for job in kept if fits(job.job_class, patterns)}
    for entity in world.jobs_of.get(process, ()):
        job: Any = world.find(Kind.JOB, entity)
        if job is None or job.jid is MISSING or job.job_class is MISSING or not fits(job.job_class, patterns):
            continue
        found[job.jid] = Spared(job.jid, job.job_class, None if job.started_at is MISSING else max(0, at - job.started_at))
    return tuple(found[jid] for jid in sorted(found))


def can_be_interrupted(row: Any, at: int) -> bool:
    """Whether an end of this process would interrupt anything: not if it is dead, has given everything back, or is proven to be frozen."""
    if row.alive is False or (row.clean_stop is True and row.listed is False):
        return False
    silent = row.confirmed_at is not MISSING and at - row.confirmed_at >= SILENT
    still = row.heartbeat_still is not MISSING and row.heartbeat_still >= STILL
    # Who is stopped or traced is in somebody's hands, and goes on where it was.
    held = row.stopped is True or row.traced is True
    return not (silent and still and not held)
