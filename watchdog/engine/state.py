"""The engine's state: what it must not forget, and what it sees."""

import msgspec

from watchdog.engine.ledger import Ledger
from watchdog.engine.world import World


class State(msgspec.Struct, frozen=True):
    """
    What `advance` takes and gives back.

    The ledger is frozen: a turn whose commit fails is undone by keeping the old one. The world is shared
    and goes on: what was read was read. After an undone turn set `world.must_judge_all`, so that
    what the lost ledger had drawn from those readings is drawn again.
    """

    ledger: Ledger
    world: World


def begin(ledger: Ledger | None = None) -> State:
    """A state that has seen nothing yet, with the ledger of a predecessor."""
    return State(ledger or Ledger(), World())
