"""
Who speaks, and may: on this machine whoever may leave orders there, by a receiver only whom the config names under `ask: people:`; by the page who has a token of it, as long as nobody is named there.

The counterpart of `answering`, where a rule can want more of them. It holds for looking as well: what the agent sees is nobody's business but theirs.
"""

import msgspec

from watchdog.engine.heard import Heard, refused
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.turn import Turn
from watchdog.model.told import (
    LOCAL,
    PAGE,
    Command,
    OperatorAcknowledged,
    OperatorLooked,
    OperatorPaused,
    OperatorResumed,
    OperatorSilenced,
    OperatorUnsilenced,
)

FromAfar = OperatorAcknowledged | OperatorSilenced | OperatorLooked | OperatorPaused | OperatorResumed | OperatorUnsilenced
"""What can be said by a receiver or by the page, beside the answers to what is asked."""


def person_of(rules: RuleSet, channel: str, by: str) -> str:
    """The person who comes by that channel under that name; empty if it is nobody who may say anything."""
    named: tuple[tuple[str, str], ...] = rules.by_hand.get("people", ())
    if channel == LOCAL or (channel == PAGE and not named and rules is not NO_RULES):
        return by
    return dict(named).get(f"{channel}:{by}", "")


def by_person(turn: Turn, told: Command) -> Command:
    """The same in the name under which the config knows the person; what answers a question keeps the name of the channel, by which its rule judges."""
    return msgspec.structs.replace(told, by=person_of(turn.rules, told.channel, told.by)) if isinstance(told, FromAfar) else told


def not_theirs_to_say(turn: Turn, told: Command) -> Heard | None:
    """The refusal for somebody who may not say it; None where they may."""
    if not isinstance(told, FromAfar) or person_of(turn.rules, told.channel, told.by):
        return None
    if turn.rules is NO_RULES:
        return refused("the agent has just been started and has no rules yet; say it again in a moment")
    return refused(f"{told.by} ({told.channel}) is none of the people who may say anything; the config names them under 'ask'")


def looked(_turn: Turn, told: OperatorLooked) -> Heard:
    """Somebody wants to know; what he is told is made outside, from what there is then."""
    return Heard("looked", f"{told.what}, by {told.channel}")
