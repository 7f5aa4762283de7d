"""
Strikes: how often a job was caught in a wedge.

Counted under its jid, and under its class and the digest of its arguments, because a redelivery gives the same work a new jid. Only jobs that were overdue or named are
counted; whoever merely was in a process that froze is suspected.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from watchdog.engine.ledger import Strike
from watchdog.model.flight import Held

KEPT: Final = 30 * 86_400_000
"""Milliseconds for which a strike is remembered: as long as what was put into quarantine."""
MOST: Final = 2_000
"""No more are remembered; the oldest go first."""


def names_of(job: Held) -> tuple[str, ...]:
    """The names under which this job's strikes are counted."""
    return (f"jid {job.jid}", f"{job.job_class} {job.digest}") if job.digest else (f"jid {job.jid}",)


def strikes_of(strikes: Mapping[str, Strike], job: Held, at: int) -> Strike:
    """What is remembered of this job, under whichever of its names there is more."""
    found = [one for name in names_of(job) if (one := strikes.get(name)) is not None and at - one.last_at < KEPT]
    return Strike(
        max((one.count for one in found), default=0),
        max((one.suspected for one in found), default=0),
        at,
        max((one.crashed for one in found), default=0),
    )


def struck(
    strikes: Mapping[str, Strike], *, guilty: Iterable[Held], suspected: Iterable[Held], at: int, crashed: Iterable[Held] = ()
) -> dict[str, Strike]:
    """The same with one more for each of these."""
    now = {name: one for name, one in strikes.items() if at - one.last_at < KEPT}
    for jobs, guilt, suspicion, crash in ((guilty, 1, 0, 0), (suspected, 0, 1, 0), (crashed, 0, 0, 1)):
        for job in jobs:
            before = strikes_of(strikes, job, at)
            for name in names_of(job):
                now.pop(name, None)
                now[name] = Strike(before.count + guilt, before.suspected + suspicion, at, before.crashed + crash)
    return dict(list(now.items())[-MOST:])
