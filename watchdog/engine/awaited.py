"""
Which jobs of a process can be waiting for a child of it that stands still.

Why it is asked: a program that no job waits for does not hang, it waits itself for whoever needs it next. And what the end of a child does, it does to the job that
waits for it: that gets an error, and goes the way of every job that fails.
"""

from typing import Any, Final

from watchdog.engine.settling import SLOWEST
from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

SLACK: Final = SLOWEST
"""Milliseconds: a job is seen to have begun a beat later at most."""


def waiting_jobs(world: World, process: str, *, since: int) -> tuple[Any, ...]:
    """
    The rows of those that were running at engine time `since`, from which on the child has stood still, in the order of their ids.

    A job that has begun later has never seen it move. Which of them waits for it nothing tells.
    """
    rows: list[Any] = [world.find(Kind.JOB, entity) for entity in sorted(world.jobs_of.get(process, ()))]
    return tuple(row for row in rows if row is not None and (row.started_at is MISSING or row.started_at <= since + SLACK))
