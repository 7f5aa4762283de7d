"""Which sections a committed turn has touched: by what came in, by which tables of the ledger are other ones, and by what was asked for."""

from typing import Final

from watchdog.engine.ledger import Ledger
from watchdog.model.effects import Audit, DropFlight, Effect, KeepIncident, Notify, TryReceiver
from watchdog.model.events import Event, Observed, RulesLoaded, SourceBack, SourceLost, TimeReached
from watchdog.model.kinds import Kind
from watchdog.web.stream.sections import Section

_BY_KIND: Final = {
    Kind.JOB: (Section.PROCESSES, Section.MATRIX),
    Kind.PROCESS: (Section.PROCESSES, Section.MATRIX),
    Kind.QUEUE: (Section.QUEUES, Section.MATRIX),
    Kind.UNIT: (Section.UNITS, Section.MATRIX),
    Kind.SIDEKIQ: (Section.OVERVIEW, Section.MATRIX),
    Kind.REDIS: (Section.OVERVIEW, Section.MATRIX),
    Kind.CHECK: (Section.OVERVIEW, Section.MATRIX),
    Kind.HOST: (Section.OVERVIEW, Section.MATRIX),
}
BY_TABLE: Final = {
    "mode": (Section.OVERVIEW, Section.MATRIX, Section.RULES),
    "alerts": (Section.ALERTS, Section.MATRIX, Section.RULES, Section.OVERVIEW),
    "requests": (Section.BLOCKED, Section.OVERVIEW),
    "runs": (Section.INCIDENTS, Section.BLOCKED),
    "edits": (Section.INCIDENTS, Section.BLOCKED),
    "deeds": (Section.INCIDENTS, Section.BLOCKED),
    "orders": (Section.INCIDENTS,),
    "playbooks": (Section.INCIDENTS, Section.ALERTS, Section.MATRIX, Section.OVERVIEW),
    "approvals": (Section.APPROVALS, Section.OVERVIEW),
    "pauses": (Section.SWITCHES, Section.OVERVIEW),
    "silences": (Section.SWITCHES,),
    "acks": (Section.SWITCHES, Section.ALERTS),
    "arming": (Section.SWITCHES, Section.RULES, Section.MATRIX),
    "success": (Section.SWITCHES, Section.RULES),
    "doubt": (Section.SWITCHES, Section.OVERVIEW, Section.MATRIX),
    "lost": (Section.OVERVIEW, Section.MATRIX),
    "shadow": (Section.WOULD,),
    "routing": (Section.ALERTS, Section.RECEIVERS),
}
"""Table of the ledger → what is drawn from it."""
UNSEEN: Final = frozenset(
    {"seq", "at", "wall", "boot_id", "host", "cooldowns", "strikes", "spent", "fired", "rearmed", "here", "heard", "deploys", "week", "binding", "fleet", "scaled", "units"}
)  # fmt: skip
"""Those from which nothing is drawn: what follows from them is in what guards say, or in the picture of `status`."""
_OF_DEEDS: Final = frozenset({"would", "decision", "intent", "outcome"})


def touched(event: Event, effects: tuple[Effect, ...], before: Ledger, after: Ledger) -> set[Section]:
    """The sections that may say something else after this turn."""
    found = _by_event(event)
    if after.requests:
        # What guards say again, with other numbers in it, is written down nowhere.
        found.add(Section.BLOCKED)
    if before is not after:
        for table, sections in BY_TABLE.items():
            if getattr(before, table) is not getattr(after, table):
                found.update(sections)
    for effect in effects:
        match effect:
            case Audit(row=row):
                found.add(Section.AUDIT)
                if row.kind in _OF_DEEDS:
                    found.add(Section.WOULD)
            case KeepIncident() | DropFlight():
                found.add(Section.INCIDENTS)
            case Notify() | TryReceiver():
                found.add(Section.RECEIVERS)
            case _:
                pass
    return found


def _by_event(event: Event) -> set[Section]:
    match event.body:
        case Observed(changes=changes):
            kinds = {change.kind for change in changes}
            return {section for kind in kinds for section in _BY_KIND.get(kind, (Section.MATRIX,))}
        case RulesLoaded():
            return set(Section)
        case SourceLost() | SourceBack():
            return {Section.OVERVIEW, Section.MATRIX, Section.PROCESSES, Section.QUEUES, Section.UNITS}
        case TimeReached():
            # What grows with time alone.
            return {Section.MATRIX}
        case _:
            return set()
