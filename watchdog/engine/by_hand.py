"""
What a person says to an incident that stands half-way: go on at once, or leave it to me.

The counterpart of a denial after the point of no return, which holds an incident and never ends it. Jobs that only the agent knows of are put back in any case: nobody can
close what would lose them.
"""

import msgspec

from watchdog.engine import ending, playbooks
from watchdog.engine.heard import Heard, refused
from watchdog.engine.incidents import Deed, Edit, Run
from watchdog.engine.left_half_way import must_put_back, state_of
from watchdog.engine.turn import Turn
from watchdog.model.guards import BY_NAME
from watchdog.model.told import OperatorClosed, OperatorWentOn


def go_on(turn: Turn, told: OperatorWentOn) -> Heard:
    """What is held is tried again in this turn; the guards that are named hold it no more, up to the end of this action."""
    unknown = next((name for name in told.overruled if name not in BY_NAME or BY_NAME[name].binds_people), None)
    if unknown is not None:
        return refused(f"there is no guard {unknown}" if unknown not in BY_NAME else f"nobody can overrule {unknown}")
    run, edit = _run_of(turn, told.incident), _edit_of(turn, told.incident)
    if run is not None and run.held:
        overruled = tuple(dict.fromkeys((*run.overruled, *told.overruled)))
        turn.put_run(run.id, msgspec.structs.replace(run, overruled=overruled, again_at=turn.at))
        note = f"; overruled: {', '.join(overruled)}" if overruled else ""
        return Heard(
            "goes on", f"{told.reason}; it was held: {run.held}{note}", rule=run.rule, target=run.ref.name, detail=_detail(told, overruled)
        )
    if edit is not None and edit.held and not told.overruled:
        turn.put_edit(edit.id, msgspec.structs.replace(edit, again_at=turn.at))
        return Heard("goes on", f"{told.reason}; it was held: {edit.held}", rule=edit.rule, target=edit.jobs.name, detail=_detail(told, ()))
    if edit is not None and edit.held:
        return refused("nothing of what moves jobs can be overruled", rule=edit.rule, target=edit.jobs.name)
    if (deed := _deed_of(turn, told.incident)) is not None and deed.held:
        if told.overruled:
            return refused("it has not been begun, and all guards are asked for it", rule=deed.rule, target=deed.thing.name)
        turn.put_deed(deed.id, msgspec.structs.replace(deed, again_at=turn.at))
        return Heard(
            "goes on", f"{told.reason}; it was held: {deed.held}", rule=deed.rule, target=deed.thing.name, detail=_detail(told, ())
        )
    return refused(_why_not(turn, told.incident))


def close(turn: Turn, told: OperatorClosed) -> Heard:
    """Ends it as it stands: no further signal, no further step; whoever closes it sees to the rest."""
    run, edit = _run_of(turn, told.incident), _edit_of(turn, told.incident)
    playbook = turn.ledger.playbooks.get(told.incident)
    if run is not None:
        names = {"rule": run.rule, "target": run.ref.name}
        if run.intent:
            return refused(f"stage {run.stage} is being carried out; say it again when its outcome is known", **names)
        if must_put_back(run):
            return refused(
                f"{state_of(run)}, and what it held is not put back yet: that is not left undone; `go-on` tries it again at once", **names
            )
        account = f"closed by {told.by}: {told.reason}; {state_of(run)}"
        ending.end(turn, run, "closed", account)
    elif edit is not None:
        return refused("it moves jobs, each as a whole or not at all, and ends by itself", rule=edit.rule, target=edit.jobs.name)
    elif (deed := _deed_of(turn, told.incident)) is not None:
        return refused("it does one thing, which can't be left half-way, and ends by itself", rule=deed.rule, target=deed.thing.name)
    elif playbook is not None:
        names = {"rule": playbook.rule, "target": playbook.target}
        account = f"closed by {told.by}: {told.reason}"
        playbooks.close_by_hand(turn, playbook, account)
    else:
        return refused(_why_not(turn, told.incident))
    return Heard("closed", account, **names, detail={"incident": told.incident})


def _run_of(turn: Turn, incident: str) -> Run | None:
    return next((run for run in turn.ledger.runs.values() if run.incident == incident), None)


def _edit_of(turn: Turn, incident: str) -> Edit | None:
    return next((edit for edit in turn.ledger.edits.values() if edit.incident == incident), None)


def _deed_of(turn: Turn, incident: str) -> Deed | None:
    return next((deed for deed in turn.ledger.deeds.values() if deed.incident == incident), None)


def _detail(told: OperatorWentOn, overruled: tuple[str, ...]) -> dict[str, str | int | bool]:
    return {"incident": told.incident, "overruled": " ".join(overruled)}


def _why_not(turn: Turn, incident: str) -> str:
    if incident in turn.ledger.playbooks:
        return f"incident {incident} is not held: it is on its way, or waits for its next step"
    there = ", ".join(f"{one.id} ({one.action} on {one.target})" for one in turn.ledger.playbooks.values())
    return f"no incident {incident} is open" + (f"; open: {there}" if there else "")
