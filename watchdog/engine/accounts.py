"""
How a run is told on its way: in the audit, in its incident, to people.

The counterpart of `runs`, which decides what happens, and of `report`, which says how it ended. Names, counts and classes only; never an argument of a job.
"""

from collections import Counter
from typing import Any

import msgspec

from watchdog.engine.incidents import Run
from watchdog.engine.procedures.stages import Answer, CallAnswer
from watchdog.engine.turn import Turn
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.records import IncidentRow
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent, StillRunning, UnitCalled
from watchdog.model.targets import Signal, Verb
from watchdog.model.verdicts import Decision


def names(run: Run) -> dict[str, str]:
    """The fields that every audit row about it has."""
    return {"rule": run.rule, "entity": run.entity, "target": run.ref.name, "action": run.action, "incident": run.incident}


def say(turn: Turn, run: Run, outcome: str, *, guard: str = "", reason: str = "") -> None:
    """The incident has taken a turn."""
    turn.audit("incident", **names(run), stage=run.stage, outcome=outcome, guard=guard, reason=reason)
    turn.keep_incident(
        IncidentRow(run.incident, run.rule, run.entity, run.ref.name, run.action, run.opened_wall, None,
                    "held" if outcome == "held" else "open", run.account)
    )  # fmt: skip


def tell(turn: Turn, run: Run, title: str, *, outcome: str, severity: Severity | None = None, **more: Any) -> None:
    """People are told of a stage."""
    turn.notify(
        run.notify, thread=run.thread, kind=NoticeKind.STAGE, severity=severity or run.severity, title=title, rule=run.rule, entity=run.entity,
        target=run.ref.name, action=run.action, stage=run.stage, decision=Decision.ALLOW.value, outcome=outcome, page=turn.page(run.incident), **more,
    )  # fmt: skip


def tell_not_kept(turn: Turn, run: Run, answer: str) -> Run:
    """The run goes on without knowing what its process holds, as whoever wants that ended has asked for: people must hear of it."""
    why = answer.removeprefix("refused: ")
    run = noted(turn, run, f"what it holds could not be kept: {why}")
    title = f"what {run.ref.name} holds could not be kept, and it is ended all the same: {why}"
    tell(turn, run, title, outcome="not kept", reason=why, severity=Severity.CRITICAL)
    return run


def noted(turn: Turn, run: Run, line: str) -> Run:
    """The run with one more line in its account."""
    seconds = (turn.at - run.opened_at) / 1000
    return msgspec.structs.replace(run, account=(*run.account, f"+{seconds:.1f} s: {line}"))


def planned(stage: str, milliseconds: int, condition: str) -> str:
    """A stage of a plan, as what would be done."""
    if stage in Signal.__members__:
        what = f"would send SIG{stage}"
    elif stage in list(Verb):
        what = f"would ask systemd for a {stage} of its unit"
    else:
        what = f"would {stage.replace('_', ' ')}"
    return f"+{milliseconds / 1000:.1f} s: {what}{' ' + condition if condition else ''}"


def word(answer: Answer | CallAnswer) -> str:
    """What an answer is called in the audit."""
    match answer:
        case Sent():
            return "sent"
        case Exited():
            return "exited"
        case StillRunning():
            return "still running"
        case Refused(reason=reason):
            return f"refused: {reason}"
        case UnitCalled(outcome=outcome, detail=detail):
            return f"{outcome}: {detail}" if detail else outcome.value
        case InFlight() as found:
            return _found(found)
        case PutBackDone(placed=placed):
            return ", ".join(f"{number} {fate}" for fate, number in sorted(Counter(one.fate.value for one in placed).items())) or "nothing"


def _found(found: InFlight) -> str:
    if found.stopped:
        return "it has given everything back"
    sure = Counter(job.certainty.value for job in found.jobs)
    parts = [f"{number} {certainty}" for certainty, number in sorted(sure.items(), reverse=True)]
    if found.unnamed:
        parts.append(f"up to {found.unnamed} that nobody names")
    hasty = "it gave its jobs back so hastily that one of its threads may have taken some again; " if found.hasty else ""
    return f"{hasty}in flight: {', '.join(parts) or 'nothing'}"
