"""
How a run is told: in the audit, in its incident, to people.

The counterpart of `runs`, which decides what happens. Names, counts and classes only; never an argument of a job.
"""

from collections import Counter
from typing import Any

import msgspec

from watchdog.engine.ledger import Run
from watchdog.engine.procedures.stages import Answer
from watchdog.engine.turn import Turn
from watchdog.model.flight import Fate, PlaceKind
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.records import IncidentRow
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent, StillRunning
from watchdog.model.verdicts import Decision

_PLACES = {PlaceKind.QUEUE: "put back into its queue", PlaceKind.RETRY: "put into the retry set", PlaceKind.SCHEDULE: "put into the schedule",
           PlaceKind.QUARANTINE: "put into quarantine"}  # fmt: skip
_MOST_NAMED = 5


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
        target=run.ref.name, action=run.action, stage=run.stage, decision=Decision.ALLOW.value, outcome=outcome, **more,
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
    seconds = (turn.wall - run.opened_wall) / 1000
    return msgspec.structs.replace(run, account=(*run.account, f"+{seconds:.1f} s: {line}"))


def word(answer: Answer) -> str:
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
    return f"in flight: {', '.join(parts) or 'nothing'}"


def balance(run: Run) -> str:
    """What became of the jobs, as a sentence without a point; empty where nothing is known to have been in flight."""
    flight = run.flight
    fates = {one.jid: one for one in flight.placed}
    plan = flight.plan or ()
    parts = []
    finished = len(set(flight.seen) - {job.jid for job in flight.jobs})
    if finished:
        parts.append(f"{finished} finished or given back by Sidekiq" if flight.gave_back else f"{finished} finished by themselves")
    for kind, place in _PLACES.items():
        done = [one for one in plan if one.kind is kind and one.jid in fates and fates[one.jid].fate is Fate.DONE]
        if done:
            parts.append(f"{len(done)} {place} ({_whence(source for one in done for source in one.sources[:1])})")
    if left := [one for one in flight.placed if one.fate is Fate.FOUND]:
        parts.append(f"{len(left)} left where it was found")
    placed = {one.jid for one in flight.placed if one.fate is not Fate.LOST}
    if missing := [job for job in flight.jobs if job.jid not in placed] if flight.plan is not None else []:
        named = ", ".join(f"{job.job_class} {job.jid}" for job in missing[:_MOST_NAMED])
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        parts.append(f"{len(missing)} not put back, because it is not sure that they ran or their payload is not known: {named}{more}")
    if flight.unnamed:
        parts.append(f"up to {flight.unnamed} that no source can name")
    return "; ".join(parts)


def _whence(sources: Any) -> str:
    return ", ".join(f"{number} from {source.replace('_', ' ')}" for source, number in sorted(Counter(sources).items()))
