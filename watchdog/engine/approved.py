"""
Which approval a request, or a step that is under way, can rest on. Nothing is changed here.

The counterpart of `approving`, which opens and closes them.
"""

from watchdog.engine.approvals import HELD, Approval, Planned, Standing, is_same_process
from watchdog.engine.ledger import Ledger, Request
from watchdog.model.targets import ProcessRef


def approval_for(ledger: Ledger, request: Request, ref: ProcessRef | None) -> Approval | None:
    """What a person was asked about this request as it stands: this action, with these arguments, on this very process."""
    for one in reversed(ledger.approvals.values()):
        if one.request == request.id and one.standing is not Standing.LAPSED and _is_about(one, request, ref):
            return one
    return approval_of(ledger, request.playbook, request.action, ref, arguments=request.arguments) if request.playbook else None


def approval_of(
    ledger: Ledger, incident: str, action: str, ref: ProcessRef | None, *, arguments: dict[str, int | float | bool | str]
) -> Approval | None:
    """The approval by which an incident was begun, where this step is one of those that were told, on the very process; the jobs of a step are those that its rule means."""
    for one in reversed(ledger.approvals.values()):
        if one.incident == incident and one.standing is Standing.USED and Planned(action, arguments) in one.plan:
            return one if ref is None or is_same_process(one.ref, ref) else None
    return None


def _is_about(one: Approval, request: Request, ref: ProcessRef | None) -> bool:
    return (one.action, one.process, one.jobs, one.thing) == (request.action, request.process, request.jobs, request.thing) and (
        one.standing in HELD or (one.plan[0].arguments == request.arguments and is_same_process(one.ref, ref))
    )
