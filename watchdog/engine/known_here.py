"""
Which processes of this host are known, so that the end of one is noticed also where the agent was not there to see it.

It is kept only while a rule waits for such an end. A process is forgotten in the turn that tells of its end, so that this is told once.
"""

from collections.abc import Iterable
from typing import Any, Final

from watchdog.engine import changes
from watchdog.engine.departure import Departure
from watchdog.engine.reaching import target_from
from watchdog.engine.turn import Turn
from watchdog.engine.watching import Subject
from watchdog.model.kinds import Kind
from watchdog.model.targets import ProcessRef

_ENDS: Final = {changes.CRASHED[Kind.PROCESS], changes.LEFT[Kind.PROCESS]}
_PROCESS: Final = Kind.PROCESS


def remember(turn: Turn, touched: Iterable[Subject], left: Iterable[Departure]) -> None:
    """Those that were found are known from now on, those that have left no longer."""
    known = turn.ledger.here
    if not known and turn.world.news.awaited.isdisjoint(_ENDS):
        return
    now: dict[str, ProcessRef] = {}
    for kind, entity in touched:
        if kind is _PROCESS and entity not in known and (ref := _ref_of(turn, entity)) is not None:
            now[entity] = ref
    gone = {departure.id for departure in left if departure.kind is _PROCESS and departure.id in known}
    if now or gone:
        turn.set(here={**{name: ref for name, ref in known.items() if name not in gone}, **now})


def forget_missing(turn: Turn) -> None:
    """Everything has been read, and of whom Redis no longer tells anything nobody can say how he ended; or a turn was undone in which somebody left."""
    known = turn.ledger.here
    left = {name: ref for name, ref in known.items() if turn.world.find(_PROCESS, name) is not None}
    if len(left) < len(known):
        turn.set(here=left)


def _ref_of(turn: Turn, entity: str) -> ProcessRef | None:
    row: Any = turn.world.find(_PROCESS, entity)
    found = row is not None and row.local is True and row.alive is True and not turn.world.news.awaited.isdisjoint(_ENDS)
    return target_from(row).ref if found else None
