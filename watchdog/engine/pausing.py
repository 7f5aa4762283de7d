"""
Pauses: each is lifted in the way in which it was said, or ends by itself; as long as one is left, nothing is done.

The counterpart of the guard `paused`, which denies by them.
"""

from typing import Final

from watchdog.engine.heard import Heard, refused
from watchdog.engine.rules import NO_RULES
from watchdog.engine.switches import COMMAND, FLEET, LONGEST, Pause, moment
from watchdog.engine.turn import Turn
from watchdog.lang.glob import BadPattern, compile_pattern, fits
from watchdog.model.events import Paused, Resumed
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.told import OperatorPaused, OperatorResumed

SAME: Final = 5_000
"""An end that differs by no more milliseconds is the same, read on another clock."""


def hear(turn: Turn, switched: Paused | Resumed) -> None:
    """A pause came, changed or went that was not said by command."""
    match switched:
        case Paused(by=by, reason=reason, until=until, source=source):
            until_at = None if until is None else turn.at + until - turn.wall
            _put(turn, Pause(by, reason, until_at, until, source=source))
        case Resumed(by=by, source=source):
            _lift(turn, source or by, by)


def pause(turn: Turn, told: OperatorPaused) -> Heard:
    """By command: never without an end."""
    if wrong := wrong_until(turn, told.until) or wrong_pattern(told.rule, told.target):
        return refused(wrong)
    until_at = turn.at + told.until - turn.wall
    one = Pause(told.by, told.reason, until_at, told.until, told.rule, told.target, source=COMMAND)
    turn.set(pauses={**turn.ledger.pauses, one.key: one})
    return Heard(
        "paused",
        f"{told.reason}; until {moment(told.until)}{_of(one)}{like_no_rule(turn, told.rule)}",
        rule=told.rule,
        target=told.target,
        detail={"until": told.until},
    )


def resume(turn: Turn, told: OperatorResumed) -> Heard:
    """Lifts what was said by command, by whomever, and tells what stays."""
    whole = not (told.rule or told.target)
    said = {
        key: one
        for key, one in turn.ledger.pauses.items()
        if one.source == COMMAND and (whole or (one.rule, one.target) == (told.rule, told.target))
    }
    left = {key: one for key, one in turn.ledger.pauses.items() if key not in said}
    stays = "; still paused: " + ", ".join(f"{_by(one)}{_of(one)}" for one in left.values()) if left else ""
    if not said:
        return refused(f"no such pause was given by command{stays}")
    turn.set(pauses=left)
    lifted = ", ".join(f"that of {one.by}{_of(one)}" for one in said.values())
    return Heard("resumed", f"{told.reason}; lifted: {lifted}{stays}", rule=told.rule, target=told.target, detail={"left": len(left)})


def run_out(turn: Turn) -> None:
    """Ends what has come to its end."""
    for key, one in list(turn.ledger.pauses.items()):
        if one.until_at is not None and one.until_at <= turn.at:
            _lift(turn, key, f"the pause of {one.by}{_of(one)} has run out")


def wrong_until(turn: Turn, until: int) -> str:
    """What is wrong with an end; empty: nothing."""
    if until <= turn.wall:
        return "its end has passed already"
    return f"it would last for more than {LONGEST // 86_400_000} days" if until - turn.wall > LONGEST + SAME else ""


def wrong_pattern(*patterns: str) -> str:
    """What is wrong with a pattern; empty: nothing."""
    for pattern in patterns:
        try:
            compile_pattern(pattern)
        except BadPattern as error:
            return f"{pattern}: {error}"
    return ""


def like_no_rule(turn: Turn, pattern: str) -> str:
    """What to say of the name of a rule that there is none of: it is heeded, and does nothing as long as that is so. Empty where there is nothing to say."""
    if not pattern or turn.rules is NO_RULES or any(fits(name, (pattern,)) for name in turn.rule):
        return ""
    return f"; but no rule that is in force is called {pattern}"


def _put(turn: Turn, one: Pause) -> None:
    before = turn.ledger.pauses.get(one.key)
    turn.set(pauses={**turn.ledger.pauses, one.key: one})
    if before is not None and _is_the_same(before, one):
        return
    until = "" if one.until_wall is None else f" (until {moment(one.until_wall)})"
    turn.audit("agent", outcome="paused", reason=f"{_by(one)}: {one.reason}{until}")
    if one.source == FLEET and one.until_at is None:
        text = f"the pause of the whole fleet by {one.by} has no end: give its key in Redis a time to live, or `resume --fleet`"
        turn.audit("agent", outcome="warning", reason=text)
        turn.notify(
            turn.everybody(),
            thread="agent",
            kind=NoticeKind.AGENT,
            severity=Severity.WARNING,
            title=text,
            next="sidekiq-watchdog resume --fleet",
        )


def _is_the_same(before: Pause, now: Pause) -> bool:
    if (before.by, before.reason) != (now.by, now.reason):
        return False
    if before.until_at is None or now.until_at is None:
        return before.until_at is now.until_at
    return abs(before.until_at - now.until_at) <= SAME


def _lift(turn: Turn, key: str, reason: str) -> None:
    if key not in turn.ledger.pauses:
        return
    turn.set(pauses={other: one for other, one in turn.ledger.pauses.items() if other != key})
    turn.world.again.clear()
    turn.audit("agent", outcome="resumed", reason=reason)


def _by(pause: Pause) -> str:
    return f"{pause.by}, for the whole fleet" if pause.source == FLEET else pause.by


def _of(pause: Pause) -> str:
    parts = [f"{name} {pattern}" for name, pattern in (("rule", pause.rule), ("target", pause.target)) if pattern]
    return f" of {', '.join(parts)}" if parts else ""
