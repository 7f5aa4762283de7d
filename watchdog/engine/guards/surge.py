"""It is load: most threads of the target are at work, and their jobs are short and change. To end it makes that worse."""

from watchdog.engine.guards.view import ENDS_NOTHING, View, denies, does_not_apply, passes
from watchdog.engine.load import busy_with_short_jobs
from watchdog.model.verdicts import Verdict


def surge(view: View) -> Verdict:
    """Denies a rule that rests on load alone while its target works as fast as it can; but for the next step of an incident."""
    if why := ENDS_NOTHING.get(view.about):
        return does_not_apply("surge", why)
    if view.incident or not view.rests_on_load or view.settings["surge"] == "allow":
        return passes("surge")
    busy = busy_with_short_jobs(view.world, view.process)
    if busy is None:
        return passes("surge")
    jobs, threads = busy
    return denies("surge", f"it is load: {jobs} of its {threads} threads are at work, and their jobs have just begun")
