"""
A job is in flight that must not be interrupted.

Asked for before anything is done, and again before each signal that ends the process: what is known of a process that still fetches is a picture up to a
beat old. A process that is proven to be frozen is not protected by it: nothing in it goes on, whatever is waited for.
"""

from typing import Final

from watchdog.engine.guards.view import ENDS_NOTHING, View, denies, does_not_apply, passes
from watchdog.engine.sparing import spared_jobs
from watchdog.model.targets import Signal
from watchdog.model.verdicts import Verdict

ENDS: Final = (Signal.TERM, Signal.KILL)
"""After the stage that can't be taken back only these interrupt a job."""
MOST: Final = 3
"""So many are named."""


def veto(view: View) -> Verdict:
    """Denies while a job whose class fits a pattern of `veto` runs in the target."""
    if why := ENDS_NOTHING.get(view.about):
        return does_not_apply("veto", why)
    if not view.interrupts or (view.committed and view.signal not in ENDS):
        return passes("veto")
    jobs = spared_jobs(view.world, view.process, view.settings.get("veto", ()), view.at, kept=view.kept)
    if not jobs:
        return passes("veto")
    more = f"; and {len(jobs) - MOST} more" if len(jobs) > MOST else ""
    return denies("veto", f"it must not be interrupted: {'; '.join(str(job) for job in jobs[:MOST])}{more}")
