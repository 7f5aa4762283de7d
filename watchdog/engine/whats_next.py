"""
What comes next, as a sentence that stands behind "next:": when it is tried again, what follows a signal, or what a person has to do, with the command to type.

Derived from what was decided, and decides nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.engine.approvals import HOLDS, USE_WITHIN, Standing, lasting
from watchdog.engine.guards.combine import Judgement
from watchdog.engine.rules import Rule
from watchdog.model.targets import Signal
from watchdog.model.verdicts import Decision, Mode

NOBODY: Final = "nothing by itself: a person must look"
"""Where the agent does nothing."""
_BY_PERSON: Final = {
    "paused": "asked again when that ends, or after: sidekiq-watchdog resume",
    "protected": "nothing by itself: it is on the list of what is never touched, a person must look",
}
"""Of a guard that does not come to agree by itself, or need not be waited for."""


def after_firing(rule: Rule, mode: Mode) -> str:
    """Of an alert; empty where the guards are asked at once, whose answer is told by itself."""
    return NOBODY if not rule.steps or mode is Mode.OBSERVE else ""


def after_decision(judgement: Judgement, mode: Mode, at: int) -> str:
    """Of what the guards have said, at engine time `at`."""
    verdict = judgement.verdict
    match judgement.decision:
        case Decision.DENY:
            if verdict.guard in _BY_PERSON:
                return _BY_PERSON[verdict.guard]
            if verdict.until is not None and verdict.until > at:
                return f"asked again in {lasting(verdict.until - at)}"
            return "tried again as soon as nothing stands in the way, as long as it fires"
        case Decision.DRY_RUN:
            return f"nothing: the rule only says what it would do ({mode})"
        case Decision.ASK if mode is Mode.DRY_RUN:
            return f"nothing: nobody is asked in {mode}"
        case _:
            return ""


def after_signal(signal: Signal, arguments: Mapping[str, Any]) -> str:
    """Of a process that it was sent to."""
    match signal:
        case Signal.TSTP if "drain" in arguments:
            return f"it takes no more jobs, and is ended once only stuck ones are left: in {lasting(int(arguments['drain']))} at the latest, unless one of them must not be interrupted"
        case Signal.TERM if "grace" in arguments:
            return f"SIGKILL in {lasting(int(arguments['grace']))}, if it still lives then; its jobs are put back"
        case Signal.KILL:
            return "the jobs that it held are put back"
        case _:
            return ""


def after_step(rule: Rule | None, *, is_last: bool) -> str:
    """Of a step that has reached what it was for."""
    if rule is None:
        return ""
    if not is_last:
        return "the guards are asked for its next step"
    return f"proof within {lasting(rule.verify.within)}: {rule.verify.when.text}" if rule.verify is not None else ""


def tried_again(again: int, patience: int) -> str:
    """Of what waits: every so many milliseconds, for so many at most."""
    return f"tried again every {lasting(again)}, for {lasting(patience)} at most"


def after_end(outcome: str) -> str:
    """Of an incident."""
    match outcome:
        case "unverified" | "closed":
            return "nothing more by itself as long as this alert fires: a person must look"
        case "failed":
            return "asked again once the cooldown is over, if it still fires; a person should look"
        case _:
            return ""


def after_answer(standing: Standing) -> str:
    """Of a question that is over, or that somebody has answered."""
    match standing:
        case Standing.APPROVED:
            return f"looked at once more, and done if nothing stands in the way; the yes holds for {lasting(USE_WITHIN)}"
        case Standing.DENIED | Standing.EXPIRED:
            return f"not asked again for {lasting(HOLDS)}, unless it ends and begins anew"
        case _:
            return ""


def to_answer(ident: str, host: str, within: int, needed: int) -> str:
    """Of a question that was just asked: what people type, where, until when."""
    people = f"{needed} people must say" if needed > 1 else "type"
    return f"{people} sidekiq-watchdog approve {ident} (or deny {ident}) on {host} within {lasting(within)}, else it is not done"
