"""
A job is in flight that must not be interrupted.

Asked for before anything is done, and again before each signal that ends the process: what is known of a process that still fetches is a picture up to a
beat old. A process that is proven to be frozen is not protected by it: nothing in it goes on, whatever is waited for.
"""

from typing import Any, Final

from watchdog.engine.awaited import waiting_jobs
from watchdog.engine.guards.view import ENDS_NOTHING, View, asks, denies, does_not_apply, passes
from watchdog.engine.methods.kill_child import still_of
from watchdog.engine.sparing import spared_jobs
from watchdog.lang.glob import fits
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.targets import ChildRef, Signal
from watchdog.model.verdicts import Verdict

ENDS: Final = (Signal.TERM, Signal.KILL)
"""After the stage that can't be taken back only these interrupt a job."""
MOST: Final = 3
"""So many are named."""


def veto(view: View) -> Verdict:
    """Denies while a job whose class fits a pattern of `veto` runs in the target, or may be waiting for the child that it is; asks where that may be one that is not run again."""
    if isinstance(view.thing, ChildRef):
        return _of_child(view, view.thing)
    if why := ENDS_NOTHING.get(view.about):
        return does_not_apply("veto", why)
    if not view.interrupts or (view.committed and view.signal not in ENDS):
        return passes("veto")
    jobs = spared_jobs(view.world, view.process, view.settings.get("veto", ()), view.at, kept=view.kept)
    if not jobs:
        return passes("veto")
    return denies("veto", f"it must not be interrupted: {_named([str(job) for job in jobs])}")


def _of_child(view: View, child: ChildRef) -> Verdict:
    """What the end of a child does is to fail the job that waits for it."""
    row = view.world.find(Kind.PROCESS, child.process.identity)
    waiting = waiting_jobs(view.world, child.process.identity, since=view.at - still_of(view.sight, row))
    spared = [job for job in waiting if job.job_class is not MISSING and fits(job.job_class, view.settings.get("veto", ()))]
    if spared:
        return denies("veto", f"a job that must not be interrupted may be waiting for it: {_named([_called(job) for job in spared])}")
    once = [job for job in waiting if job.once is True]
    if once:
        return asks(
            "veto", f"a job that Sidekiq does not run again after a failure may be waiting for it: {_named([_called(job) for job in once])}"
        )
    return passes("veto")


def _called(job: Any) -> str:
    return f"{job.job_class} {job.jid}"


def _named(jobs: list[str]) -> str:
    more = f"; and {len(jobs) - MOST} more" if len(jobs) > MOST else ""
    return f"{'; '.join(jobs[:MOST])}{more}"
