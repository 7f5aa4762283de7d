"""Which threads are held, busy with a job for which an alert fires and so of no use to their queue, and which processes are sick."""

from collections.abc import Iterable
from typing import Any

from watchdog.engine.ledger import Alert, Phase
from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.notices import Severity


def held_threads(world: World, alerts: Iterable[Alert]) -> dict[str, int]:
    """
    Process → how many of its threads are held.

    Only alerts that fire count, and none of severity `info`: what merely is remarkable must not make a process look useless.
    """
    threads: dict[str, set[str]] = {}
    for alert in alerts:
        if alert.kind is not Kind.JOB or alert.phase is not Phase.FIRING or alert.severity is Severity.INFO:
            continue
        job: Any = world.find(Kind.JOB, alert.entity)
        if job is not None and job.process is not MISSING:
            threads.setdefault(job.process, set()).add(job.thread if job.thread is not MISSING else job.id)
    return {process: len(names) for process, names in threads.items()}


def sick_processes(world: World, alerts: Iterable[Alert]) -> frozenset[str]:
    """
    The processes that have an alert which fires, or a job with one; none of severity `info` counts here either.

    Of those that have left nothing is said: they are no longer among the processes.
    """
    sick: set[str] = set()
    for alert in alerts:
        if alert.phase is not Phase.FIRING or alert.severity is Severity.INFO:
            continue
        match alert.kind:
            case Kind.PROCESS:
                sick.add(alert.entity)
            case Kind.JOB:
                job: Any = world.find(Kind.JOB, alert.entity)
                if job is not None and job.process is not MISSING:
                    sick.add(job.process)
            case _:
                pass
    return frozenset(sick.intersection(world.rows[Kind.PROCESS]))
