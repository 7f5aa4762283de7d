"""Something is being done already."""

from watchdog.engine.guards.view import View, denies, passes
from watchdog.model.verdicts import Verdict


def in_flight(view: View) -> Verdict:
    """
    Denies while any other action runs on this host, or a playbook has not done all its steps on this target: one at a time.

    Moving jobs is in the way of moving the same ones alone. Whoever ends a process asks himself what it left behind; what others do on this host is nothing to the dead.
    """
    for edit in view.ledger.edits.values():
        if edit.id != view.subject and edit.jobs.name == view.target:
            return denies("in_flight", f"incident {edit.incident} ({edit.action}) is moving {edit.jobs.name}")
    for run in view.ledger.runs.values():
        if run.id != view.subject and not view.about_jobs and (not view.of_the_dead or run.ref.identity == view.process):
            held = f", held: {run.held}" if run.held else ""
            return denies("in_flight", f"incident {run.incident} ({run.action} on {run.ref.name}) is at stage {run.stage}{held}")
    for playbook in view.ledger.playbooks.values() if not view.of_the_dead else ():
        if playbook.id != view.incident and playbook.target == view.target and playbook.proof is None:
            return denies("in_flight", f"incident {playbook.id} (rule {playbook.rule} on {playbook.target}) has steps left")
    for name, last in view.cooldowns.items() if not (view.about_jobs or view.of_the_dead) else ():
        # Only dry-run knows of an end that is still to come: what it has left out would be under way.
        if last.ended_at > view.at:
            left = (last.ended_at - view.at) // 1000
            return denies(
                "in_flight", f"{last.action} of rule {last.rule} on {name} would be under way for {left} s at most", last.ended_at
            )
    return passes("in_flight")
