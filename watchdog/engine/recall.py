"""
An entity as it was when its alert fired.

Whoever goes on with a recovery can't look at the entity itself: the job has ended with its process, and a process that came back is another
one. So later steps and `verify` go by this copy, whose ages stand still; what they look up elsewhere they see as it is now.
"""

from typing import Any

from watchdog.engine.incidents import Playbook
from watchdog.engine.world import World
from watchdog.model.fields import Clock
from watchdog.model.kinds import Kind
from watchdog.model.rows import Row


def as_it_was(world: World, playbook: Playbook, now: int) -> Row:
    """A row of its own, in no picture, to be judged at engine time `now`."""
    row = world.copy_of(playbook.kind, playbook.entity, playbook.seen)
    passed = now - playbook.seen_at
    for slot in world.growing(playbook.kind, Clock.ENGINE):
        _shift(row, slot, passed)
    if playbook.beat_at is not None:
        home: Any = world.copy_of(Kind.PROCESS, str(playbook.seen.get("process", "")), {"confirmed_at": playbook.beat_at})
        row.home = home
    return row


def _shift(row: Any, slot: str, by: int) -> None:
    """Its age stays what it was: the moment from which it counts moves along with the time."""
    before = row.as_plain().get(slot)
    if before is not None:
        setattr(row, slot, before + by)
