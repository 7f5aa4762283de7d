"""
Whether we are to blame ourselves for what looks like the fault of other servers.

Why: when our certificate is over or our resolver is ill, hundreds of servers look dead at once, to every rule that looks at one of them. A rule can forget to ask for that; what is done to
other servers must not.
"""

from functools import cache
from typing import Final

from watchdog.engine.world import World
from watchdog.lang.condition import Condition, read_condition
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind

_SAID: Final = {
    "federation.self_broken": "many other servers can't check who we are: the fault is on our side",
    "federation.egress_broken": "many other servers can't be reached since a short time: the fault may be on our side",
}
"""Picture → what it means where it is true."""


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
