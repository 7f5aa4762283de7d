"""
What a person says that changes what the agent may do: heard once, written down with who said it and why, and answered in the audit log.

The counterpart of `orders`, which are carried out on one process. Whoever waits for the answer finds it by the id (`detail.told`). A new command is a struct in
`model/told.py`, a function in a file of its own, and a line in `_HEARS`.
"""

from collections.abc import Callable
from typing import Any, Final

from watchdog.engine import acknowledging, adopting, answering, arming, by_hand, on_receivers, pausing, requests, silencing, speaking, trust
from watchdog.engine.heard import Heard, refused
from watchdog.engine.turn import Turn
from watchdog.model.told import (
    LOCAL,
    SAID,
    Command,
    OperatorAcknowledged,
    OperatorAdopted,
    OperatorApproved,
    OperatorArmed,
    OperatorClosed,
    OperatorDenied,
    OperatorLooked,
    OperatorPaused,
    OperatorResumed,
    OperatorRetried,
    OperatorSilenced,
    OperatorTested,
    OperatorUnsilenced,
    OperatorWentOn,
)
from watchdog.model.verdicts import Mode

REMEMBERED: Final = 7 * 86_400_000
"""For how many milliseconds a command is known, so that it is not heard again when the agent died before it could put the file away."""
SAID_REMEMBERED: Final = 86_400_000
"""The same for what was said by a receiver or the page: an older one is too old to be heeded, and people say much."""


def hear(turn: Turn, told: Command) -> None:
    """A person commands; what was heard before is left as it is."""
    known = {key: at for key, at in turn.ledger.heard.items() if turn.wall - at < (SAID_REMEMBERED if key.startswith(SAID) else REMEMBERED)}
    if told.id in known:
        return
    turn.set(heard={**known, told.id: turn.wall})
    heard = speaking.not_theirs_to_say(turn, told) or _HEARS[type(told)](turn, speaking.by_person(turn, told))
    turn.audit(
        "operator", rule=heard.rule, target=heard.target, outcome=heard.outcome, reason=heard.reason or told.reason,
        detail={"told": told.id, "by": told.by, **_channel(told), **heard.detail},
    )  # fmt: skip
    # Whatever was decided may be decided otherwise now.
    turn.world.again.clear()


def _channel(told: Command) -> dict[str, str]:
    """By which way it came, where that is not the usual one."""
    channel = told.channel if isinstance(told, speaking.FromAfar | OperatorApproved | OperatorDenied) else LOCAL
    return {"channel": channel} if channel != LOCAL else {}


def _arm(turn: Turn, told: OperatorArmed) -> Heard:
    if refusal := arming.refusal(turn, told):
        return refused(refusal, rule=told.rule)
    before, now = arming.arm(turn, told)
    if told.mode is Mode.ACT:
        # What made the rule ask is known to whoever lets it act again.
        trust.forgive(turn, told.rule)
    requests.want_all(turn)
    outcome = "armed" if told.mode is not None else "as its file says"
    if told.rule not in turn.rule:
        return Heard(outcome, rule=told.rule)
    return Heard(outcome, f"from {before} to {now}: {told.reason}", rule=told.rule, detail={"mode": now.value, "before": before.value})


def _adopt(turn: Turn, told: OperatorAdopted) -> Heard:
    doubt = turn.ledger.doubt
    if doubt is None:
        return refused("nothing waits to be adopted")
    if turn.wall - told.asked > adopting.HEEDED_WITHIN:
        return refused("it was said too long ago; look at it as it is now, and say it again")
    if turn.ledger.runs:
        return refused("an order is being carried out; adopt it when that is over")
    adopting.adopt(turn, doubt)
    return Heard("adopted", detail={"what": "; ".join(doubt.reasons), "incidents": len(doubt.playbooks)})


def _approve(turn: Turn, told: OperatorApproved) -> Heard:
    return Heard(*answering.approve(turn, told))


def _deny(turn: Turn, told: OperatorDenied) -> Heard:
    return Heard(*answering.deny(turn, told))


_HEARS: Final[dict[type[Command], Callable[[Turn, Any], Heard]]] = {
    OperatorPaused: pausing.pause,
    OperatorResumed: pausing.resume,
    OperatorSilenced: silencing.silence,
    OperatorUnsilenced: silencing.unsilence,
    OperatorAcknowledged: acknowledging.acknowledge,
    OperatorWentOn: by_hand.go_on,
    OperatorClosed: by_hand.close,
    OperatorArmed: _arm,
    OperatorAdopted: _adopt,
    OperatorApproved: _approve,
    OperatorDenied: _deny,
    OperatorLooked: speaking.looked,
    OperatorTested: on_receivers.tell,
    OperatorRetried: on_receivers.try_now,
}
"""Command → what it does."""
