"""
What the agent's memory belongs to, and why it may not be relied upon. Frozen parts of the ledger.

The counterpart of `adopting.py`, which finds out and has a person say so.
"""

import msgspec

from watchdog.engine.incidents import Deed, Edit, Playbook, Run
from watchdog.engine.order import Order


class Binding(msgspec.Struct, frozen=True):
    """
    The machine, the name of its host, and the place of Sidekiq's data that a ledger was written for; empty where it was not known.

    The place has no password, user or encryption in it, and of Sentinels only the name under which they know the master: none of these changes whose data they are.
    """

    machine: str = ""
    host: str = ""
    redis: str = ""


class Doubt(msgspec.Struct, frozen=True):
    """
    Why nothing is done before a person has adopted what is remembered, since that wall time (UTC milliseconds). `here` is what it would belong to then.

    `elsewhere` are sentences on what it was written for, where that is not what is here; they are looked at anew at each start. `lost` are those on what
    nobody knows any more; only a person ends them. What was under way lies here in the meantime, where nothing goes on with it; `told` says that people have heard since the last start.
    """

    since_wall: int
    here: Binding
    elsewhere: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    runs: dict[str, Run] = {}
    edits: dict[str, Edit] = {}
    playbooks: dict[str, Playbook] = {}
    orders: dict[str, Order] = {}
    told: bool = False
    deeds: dict[str, Deed] = {}

    @property
    def reasons(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.elsewhere, *self.lost)
