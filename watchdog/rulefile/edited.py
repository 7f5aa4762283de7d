"""
How edits of jobs are answered in a test of rules: by what its entities say of the retries.

The counterpart of `recovery.editing`, which asks Redis. Nothing is taken from anywhere: a test that wants the numbers to fall afterwards says so in its series.
"""

from typing import Any

from watchdog.engine.world import World
from watchdog.model.effects import CountJobs, ReleaseJobs, TakeJobs
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.results import Counted, JobsReleased, JobsTaken
from watchdog.model.targets import Among, JobsRef


def edited(command: CountJobs | TakeJobs | ReleaseJobs, world: World) -> Counted | JobsTaken | JobsReleased:
    """The answer, as if as many fitted as the entities of the test say; one where they don't, and of what isn't among the retries."""
    fit = _fitting(command.jobs, world)
    moved = min(fit, command.jobs.cap)
    match command:
        case CountJobs():
            return Counted(fit)
        case TakeJobs():
            return JobsTaken(moved, left=fit - moved)
        case ReleaseJobs():
            return JobsReleased(moved, left=fit - moved)


def _fitting(jobs: JobsRef, world: World) -> int:
    if jobs.among is not Among.RETRIES or jobs.jid:
        return 1
    groups: list[Any] = list(world.rows[Kind.RETRY_GROUP].values())
    sizes = [group.size for group in groups if group.size is not MISSING and _fits(group, jobs)]
    domain: Any = world.find(Kind.DOMAIN, jobs.domain) if jobs.domain else None
    if domain is not None and domain.retries is not MISSING:
        # How many of a group go to that domain a test doesn't say.
        sizes = [min([domain.retries, sum(sizes)]) if sizes else domain.retries]
    return int(sum(sizes)) if sizes else 1


def _fits(group: Any, jobs: JobsRef) -> bool:
    return (
        jobs.job_class in ("", group.job_class)
        and jobs.queue in ("", group.queue)
        and jobs.kind in ("", group.failure)
        and jobs.status in (0, group.status)
    )
