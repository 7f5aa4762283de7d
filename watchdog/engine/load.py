"""
Is it load, or is somebody stuck? What a rule rests on, and what a process is busy with.

A queue that grows looks the same in both; the jobs tell them apart. Where they are short and change from beat to beat every thread does what it can, and to end its
process takes threads from a queue that has too few.
"""

from typing import Any, Final

from watchdog.engine.rules import Rule
from watchdog.engine.world import World
from watchdog.model.changes import BY_NAME
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

SIGNS: Final = frozenset(
    {
        "queue.size", "queue.latency", "queue.busy", "queue.arrived", "process.busy", "sidekiq.busy", "sidekiq.enqueued", "sidekiq.arrived",
    }
)  # fmt: skip
"""What load alone makes grow."""
SHORT: Final = 30_000
"""Milliseconds for which a job may have been running by the last beat: as long as a delivery that is refused slowly, and three beats of the slowest version."""
MOSTLY: Final = 0.8
"""Such a share of what it runs is short: beside it there may be a job that is long by nature."""
BUSY: Final = 0.5
"""Such a share of its threads is at work: who is idle while a queue grows does not suffer from load."""


def rests_on_load(rule: Rule) -> bool:
    """Whether nothing but load need be behind it: it looks at queues or at who is busy, and at no job."""
    paths = {spec.path for spec in rule.condition.fields}
    if any(spec.kind is Kind.JOB for spec in rule.condition.fields):
        return False
    return bool(paths & SIGNS) or (rule.on is not None and BY_NAME[rule.on].kind is Kind.QUEUE)


def busy_with_short_jobs(world: World, process: str) -> tuple[int, int] | None:
    """How many jobs it runs in how many threads, if most threads are at work and most of the jobs have just begun; else None."""
    row: Any = world.find(Kind.PROCESS, process)
    if row is None or row.threads is MISSING or row.confirmed_at is MISSING:
        return None
    found: list[Any] = [world.find(Kind.JOB, entity) for entity in world.jobs_of.get(process, ())]
    started = [job.started_at for job in found if job is not None and job.started_at is not MISSING]
    short = sum(row.confirmed_at - at < SHORT for at in started)
    if not started or len(started) < BUSY * row.threads or short < MOSTLY * len(started):
        return None
    return len(started), row.threads
