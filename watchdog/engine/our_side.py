"""
What is done to other servers, and whether we are to blame ourselves for what looks like their fault.

Why: when our certificate is over or our resolver is ill, hundreds of servers look dead at once, to every rule that looks at one of them. A rule can forget to ask for that; what is done to
other servers must not.
"""

from functools import cache
from typing import Final

from watchdog.engine.world import World
from watchdog.lang.condition import Condition, read_condition
from watchdog.lang.text import Text
from watchdog.model.actions_on_peers import COMMANDS, PEER_ACTIONS
from watchdog.model.kinds import Kind
from watchdog.model.targets import CommandRef, Thing

_ACTIONS: Final = frozenset(spec.name for spec in PEER_ACTIONS)
_BY_COMMAND: Final = {command: action for action, command in COMMANDS.items()}
_SAID: Final = {
    "federation.self_broken": "many other servers can't check who we are: the fault is on our side",
    "federation.egress_broken": "many other servers can't be reached since a short time: the fault may be on our side",
}
"""Picture → what it means where it is true."""


def on_peer(action: str, thing: Thing | None) -> str:
    """The action on another server that this is, be it that `run` has the command of one run; empty where it is none."""
    if action in _ACTIONS:
        return action
    return _BY_COMMAND.get(thing.command, "") if isinstance(thing, CommandRef) else ""


def our_fault(world: World, at: int) -> str:
    """What is wrong with us; empty where nothing is, or nothing is known of it."""
    for row in world.rows[Kind.FEDERATION].values():
        for picture, said in _SAID.items():
            if _condition(picture).holds(row, at):
                return said
    return ""


@cache
def _condition(picture: str) -> Condition:
    found, _ = read_condition(Text(picture, picture), Kind.FEDERATION)
    assert found is not None  # it stands in the table of fields, and a test reads each
    return found
