"""
What a person says that changes what the agent may do: heard once, written down with who said it and why, and answered in the audit log.

The counterpart of `orders`, which are carried out on one process. Whoever waits for the answer finds it by the id (`detail.told`). A new command is a struct in
`model/told.py`, a function here or in a file of its own, and a line in `_HEARS`.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from watchdog.engine import answering
from watchdog.engine.ledger import Pause
from watchdog.engine.turn import Turn
from watchdog.model.told import Command, OperatorApproved, OperatorDenied, OperatorPaused, OperatorResumed

REMEMBERED: Final = 7 * 86_400_000
"""For how many milliseconds a command is known, so that it is not heard again when the agent died before it could put the file away."""
REFUSED: Final = "refused"
"""The outcome of one that is not heeded."""


class Heard(msgspec.Struct, frozen=True):
    """What became of a command: one word, why it is so where that is no matter of course, and the rule and target that it is about."""

    outcome: str
    reason: str = ""
    rule: str = ""
    target: str = ""
    detail: dict[str, str | int | bool] = {}


def hear(turn: Turn, told: Command) -> None:
    """A person commands; what was heard before is left as it is."""
    known = {key: at for key, at in turn.ledger.heard.items() if turn.wall - at < REMEMBERED}
    if told.id in known:
        return
    turn.set(heard={**known, told.id: turn.wall})
    heard = _HEARS[type(told)](turn, told)
    turn.audit(
        "operator", rule=heard.rule, target=heard.target, outcome=heard.outcome, reason=heard.reason or told.reason,
        detail={"told": told.id, "by": told.by, **heard.detail},
    )  # fmt: skip
    # Whatever was decided may be decided otherwise now.
    turn.world.again.clear()


def _pause(turn: Turn, told: OperatorPaused) -> Heard:
    if told.until <= turn.wall:
        return Heard(REFUSED, "its end has passed already")
    turn.set(pause=Pause(told.by, told.reason, turn.at + told.until - turn.wall))
    return Heard("paused", detail={"until": told.until})


def _resume(turn: Turn, _told: OperatorResumed) -> Heard:
    if turn.ledger.pause is None:
        return Heard(REFUSED, "it is not paused")
    turn.set(pause=None)
    return Heard("resumed")


def _approve(turn: Turn, told: OperatorApproved) -> Heard:
    return Heard(*answering.approve(turn, told))


def _deny(turn: Turn, told: OperatorDenied) -> Heard:
    return Heard(*answering.deny(turn, told))


_HEARS: Final[dict[type[Command], Callable[[Turn, Any], Heard]]] = {
    OperatorPaused: _pause,
    OperatorResumed: _resume,
    OperatorApproved: _approve,
    OperatorDenied: _deny,
}
"""Command → what it does."""
