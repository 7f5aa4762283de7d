"""
Which group an alert is shown in.

A group has an id of its own as long as it lives: from its first alert until none of it has fired for `LINGERS`. What fires after that begins a new one, which is a new message: nobody
reads again what was over yesterday.
"""

from typing import TYPE_CHECKING, Final

import msgspec

from watchdog.engine.routing.book import Group, Telling
from watchdog.engine.routing.table import Route, Traits
from watchdog.engine.routing.traits import value_of

if TYPE_CHECKING:
    from watchdog.engine.turn import Turn

LINGERS: Final = 60_000
"""Milliseconds: an alert that comes again within them is the same story."""
_MOST: Final = 1_000
"""So many groups that are over are remembered at most."""


def key_of(route: Route, traits: Traits, thread: str) -> str:
    """What the alerts of a group have in common. Two keys are never the same by chance: they are lists in JSON."""
    values = [thread if name == "incident" else value_of(traits, name) for name in route.group_by]
    return msgspec.json.encode([route.name, *values]).decode()


def key_of_night(until: int) -> str:
    """That of what waits for the end of quiet hours at that UTC time: one summary."""
    return msgspec.json.encode(["quiet until", until]).decode()


def join(turn: "Turn", key: str) -> str:
    """One more alert of it fires; the id of its group."""
    _forget(turn)
    book = turn.ledger.routing
    name = book.ids.get(key)
    if name is None:
        name, group = turn.id(), Group(key)
        turn.put_told("ids", key, name)
    else:
        group = book.groups[name]
    if group.over_at is not None:
        turn.put_told("past", name, None)
    turn.put_told("groups", name, msgspec.structs.replace(group, alive=group.alive + 1, over_at=None))
    return name


def leave(turn: "Turn", telling: Telling) -> None:
    """One alert of it less."""
    group = turn.ledger.routing.groups.get(telling.group)
    if group is None:
        return
    over = group.alive <= 1
    turn.put_told("groups", telling.group, msgspec.structs.replace(group, alive=max(0, group.alive - 1), over_at=turn.at if over else None))
    if over:
        turn.put_told("past", telling.group, value=True)
        _forget(turn)


def _forget(turn: "Turn") -> None:
    """Those that are over for good: the first of `past` is the one that has been for longest."""
    while past := turn.ledger.routing.past:
        name = next(iter(past))
        group = turn.ledger.routing.groups[name]
        if len(past) <= _MOST and group.over_at is not None and turn.at - group.over_at < LINGERS:
            break
        _drop(turn, name)


def _drop(turn: "Turn", name: str) -> None:
    group = turn.ledger.routing.groups[name]
    turn.put_told("groups", name, None)
    turn.put_told("ids", group.key, None)
    turn.put_told("past", name, None)
