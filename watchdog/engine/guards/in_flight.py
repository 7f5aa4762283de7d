"""Something is being done already."""

from watchdog.engine.guards.led import is_for_the_leader
from watchdog.engine.guards.view import View, denies, passes
from watchdog.engine.incidents import Deed
from watchdog.model.actions import acts_on
from watchdog.model.targets import APART, TargetKind
from watchdog.model.verdicts import Verdict


def in_flight(view: View) -> Verdict:
    """
    Denies while any other action runs on this host, another agent of the fleet holds the lock, or a playbook has not done all its steps on this target: one at a time.
    What concerns the whole is denied while another agent leads.

    Moving jobs is in the way of moving the same ones alone. The lock is for those who end processes: starting one takes nothing away from anybody. Whoever ends a process asks himself what it left behind; what others do on this host is nothing to the dead.
    A command that runs may take long and ends no process: it is in the way of other commands alone.
    """
    moves_jobs = view.about is TargetKind.JOBS
    for edit in view.ledger.edits.values():
        if edit.id != view.subject and edit.jobs.name == view.target:
            return denies("in_flight", f"incident {edit.incident} ({edit.action}) is moving {edit.jobs.name}")
    for run in view.ledger.runs.values():
        if run.id != view.subject and not moves_jobs and (not view.of_the_dead or run.ref.identity == view.process):
            held = f", held: {run.held}" if run.held else ""
            return denies("in_flight", f"incident {run.incident} ({run.action} on {run.ref.name}) is at stage {run.stage}{held}")
    for deed in view.ledger.deeds.values():
        if deed.id != view.subject and not moves_jobs and not view.of_the_dead and _is_in_the_way(deed, view):
            return denies("in_flight", f"incident {deed.incident} ({deed.action} on {deed.thing.name}) is at stage {deed.stage}")
    busy = view.ledger.fleet.busy
    if busy is not None and view.at < busy.until_at and view.about is TargetKind.PROCESS and not view.of_the_dead:
        return denies("in_flight", busy.reason, busy.until_at)
    for playbook in view.ledger.playbooks.values() if not view.of_the_dead else ():
        if playbook.id != view.incident and playbook.target == view.target and playbook.proof is None:
            return denies("in_flight", f"incident {playbook.id} (rule {playbook.rule} on {playbook.target}) has steps left")
    return denies("in_flight", view.led) if view.led and is_for_the_leader(view) else _left_out(view)


def _is_in_the_way(deed: Deed, view: View) -> bool:
    return acts_on(deed.action) not in APART or view.about in APART


def _left_out(view: View) -> Verdict:
    """What dry-run has left out, act would have under way until its end; nothing that was really done ends later than now."""
    for target, last in view.cooldowns.items() if not view.of_the_dead else ():
        is_near = target == view.target or TargetKind.JOBS not in (view.about, acts_on(last.action))
        if last.ended_at > view.at and is_near:
            seconds = (last.ended_at - view.at) // 1000
            return denies(
                "in_flight", f"{last.action} of rule {last.rule} on {target} would be under way for {seconds} s more", last.ended_at
            )
    return passes("in_flight")
