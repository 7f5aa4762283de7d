"""
When an alert is said again, or to somebody else.

The counterpart of `reminding`, which does it then. The times stand in the ledger; `World.tellings` is the same as a heap, made anew from it wherever the world is.
"""

from typing import TYPE_CHECKING

import msgspec

from watchdog.engine.routing.book import Book, Telling
from watchdog.engine.routing.quiet import quiet_for
from watchdog.engine.routing.table import Route

if TYPE_CHECKING:
    from watchdog.engine.ledger import Alert
    from watchdog.engine.turn import Turn
    from watchdog.engine.world import World


def put(turn: "Turn", thread: str, telling: Telling | None) -> None:
    """Writes it, or removes it, and what of it is due when."""
    turn.put_told("tellings", thread, telling)
    turn.world.tellings.set(thread, None if telling is None or telling.over else telling.due)


def begun(turn: "Turn", telling: Telling, alert: "Alert") -> Telling:
    """Somebody is told of the alert in this turn: its times counted from the moment at which that is read, the end of the quiet hours where they hold."""
    route = turn.rules.routing.named(telling.route)
    at = turn.at + quiet_for(turn, route, telling, severity=alert.severity)
    return _timed(msgspec.structs.replace(telling, first_at=at, said_at=at, times=0, remind_at=None, raise_at=None), route)


def load(turn: "Turn") -> None:
    """Other routes are in force: what they say of time holds for what fires already, too."""
    for thread, telling in list(turn.ledger.routing.tellings.items()):
        if telling.said_at is not None and not telling.over:
            now = _timed(telling, turn.rules.routing.named(telling.route))
            if now != telling:
                put(turn, thread, now)


def rewind(world: "World", book: Book) -> None:
    """The heap made anew."""
    for thread in world.tellings.plain():
        world.tellings.drop(thread)
    for thread, telling in book.tellings.items():
        if not telling.over:
            world.tellings.set(thread, telling.due)


def reminded(telling: Telling, route: Route, *, at: int) -> Telling:
    """It is said once more now."""
    return _timed(msgspec.structs.replace(telling, said_at=at, times=telling.times + 1, remind_at=None), route)


def raised(telling: Telling, route: Route, *, at: int) -> Telling:
    """It is told to the next level now; the one behind that has its time, however late this one was."""
    level = route.escalate[telling.level]
    number = telling.level + 1
    raise_at = None
    if number < len(route.escalate):
        after = route.escalate[number].after
        raise_at = max((telling.first_at or 0) + after, at + after - level.after)
    return msgspec.structs.replace(telling, level=number, also=tuple(dict.fromkeys((*telling.also, *level.to))), raise_at=raise_at)


def _timed(telling: Telling, route: Route) -> Telling:
    """What is not due at any time yet, and is to be by the route; and nothing by which it is not."""
    first_at, said_at = telling.first_at, telling.said_at
    assert first_at is not None  # before anything was said nothing is due
    assert said_at is not None
    wait = route.reminds_after(telling.times)
    remind_at = None if wait is None else telling.remind_at if telling.remind_at is not None else said_at + wait
    raise_at = None
    if telling.level < len(route.escalate):
        raise_at = telling.raise_at if telling.raise_at is not None else first_at + route.escalate[telling.level].after
    return msgspec.structs.replace(telling, remind_at=remind_at, raise_at=raise_at)
