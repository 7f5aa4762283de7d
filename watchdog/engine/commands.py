"""
What a person says that changes what the agent may do: heard once, written down with who said it and why, and answered in the audit log.

The counterpart of `orders`, which are carried out on one process. Whoever waits for the answer finds it by the id (`detail.told`). A new command is a struct in
`model/told.py`, a function in a file of its own, and a line in `_HEARS`.
"""

from collections.abc import Callable
from typing import Any, Final

from watchdog.engine import acknowledging, by_hand, pausing, silencing
from watchdog.engine.heard import Heard
from watchdog.engine.turn import Turn
from watchdog.model.told import (
    Command,
    OperatorAcknowledged,
    OperatorClosed,
    OperatorPaused,
    OperatorResumed,
    OperatorSilenced,
    OperatorUnsilenced,
    OperatorWentOn,
)

REMEMBERED: Final = 7 * 86_400_000
"""For how many milliseconds a command is known, so that it is not heard again when the agent died before it could put the file away."""


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


_HEARS: Final[dict[type[Command], Callable[[Turn, Any], Heard]]] = {
    OperatorPaused: pausing.pause,
    OperatorResumed: pausing.resume,
    OperatorSilenced: silencing.silence,
    OperatorUnsilenced: silencing.unsilence,
    OperatorAcknowledged: acknowledging.acknowledge,
    OperatorWentOn: by_hand.go_on,
    OperatorClosed: by_hand.close,
}
"""Command → what it does."""
