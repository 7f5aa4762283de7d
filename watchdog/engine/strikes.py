"""
Strikes: how often a job was caught in a wedge.

Counted under its jid, and under its class and the digest of its arguments, because a redelivery gives the same work a new jid. Only jobs that were overdue or named are
counted; whoever merely was in a process that froze is suspected.

They end with time, and at once where a person puts the job back out of the quarantine: whoever does so vouches for it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from watchdog.engine.ledger import Strike
from watchdog.model.flight import Held

KEPT: Final = 30 * 86_400_000
"""Milliseconds for which a strike is remembered: as long as what was put into quarantine."""
MOST: Final = 2_000
"""No more are remembered; the oldest go first."""


_JID: Final = "jid "


def names_of(job: Held) -> tuple[str, ...]:
    """The names under which this job's strikes are counted."""
    return (f"{_JID}{job.jid}", *_work(job))


def _work(job: Held) -> tuple[str, ...]:
    return (f"{job.job_class} {job.digest}",) if job.digest else ()


def strikes_of(strikes: Mapping[str, Strike], job: Held, at: int) -> Strike:
    """What is remembered of this job, under whichever of its names there is more."""
    found = [one for name in names_of(job) if (one := strikes.get(name)) is not None and at - one.last_at < KEPT]
    return Strike(
        max((one.count for one in found), default=0),
        max((one.suspected for one in found), default=0),
        at,
        crashed=max((one.crashed for one in found), default=0),
    )


def struck(
    strikes: Mapping[str, Strike],
    *,
    guilty: Iterable[Held],
    suspected: Iterable[Held],
    at: int,
    crashed: Iterable[Held] = (),
    rule: str = "",
) -> dict[str, Strike]:
    """The same with one more for each of these, which that rule has caught."""
    now = {name: one for name, one in strikes.items() if at - one.last_at < KEPT}
    for jobs, guilt, suspicion, crash in ((guilty, 1, 0, 0), (suspected, 0, 1, 0), (crashed, 0, 0, 1)):
        for job in jobs:
            before = strikes_of(strikes, job, at)
            after = Strike(before.count + guilt, before.suspected + suspicion, at, crashed=before.crashed + crash)
            for name in names_of(job):
                now.pop(name, None)
                now[name] = after
            now[f"{_JID}{job.jid}"] = msgspec.structs.replace(after, rule=rule, job_class=job.job_class, work="".join(_work(job)))
    return dict(list(now.items())[-MOST:])


def caught_by(strikes: Mapping[str, Strike], rule: str, *, since: int) -> dict[str, tuple[int, ...]]:
    """Class → when each different job of it was last caught by that rule, later than `since`, the oldest first."""
    found: dict[str, list[int]] = {}
    for name, one in strikes.items():
        if name.startswith(_JID) and one.rule == rule and one.count and one.last_at > since:
            found.setdefault(one.job_class, []).append(one.last_at)
    return {job_class: tuple(sorted(times)) for job_class, times in found.items()}


def vouched(strikes: Mapping[str, Strike], jid: str, *, until: int) -> Mapping[str, Strike]:
    """The same without what this job was caught at up to then, under both of its names; the very same if there is nothing."""
    own = strikes.get(f"{_JID}{jid}")
    if own is None or own.last_at > until:
        return strikes
    names = {f"{_JID}{jid}", own.work}
    return {name: one for name, one in strikes.items() if name not in names or one.last_at > until}
