"""
Notes what has to be remembered of units: how often they came back, who had them stopped, and which of them the agent has ended itself.

The counterpart of `may_start`, which judges by it.
"""

from typing import Any, Final

import msgspec

from watchdog.engine.incidents import Run
from watchdog.engine.scaling.going import unit_stopped
from watchdog.engine.succession import DEAD, ended_by_us
from watchdog.engine.turn import Over, Turn
from watchdog.engine.unit_past import NOTHING, UnitPast, with_starts
from watchdog.model.events import Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING

MOST: Final = 256
"""So many units are remembered."""
_SLOTS: Final = frozenset({"restarts", "job", "running", "entered_at"})


def notice(turn: Turn, observed: Observed) -> None:
    """What of a reading that was just taken in is to be remembered."""
    for change in observed.changes if observed.source is Source.SYSTEMD else ():
        if change.kind is not Kind.UNIT:
            continue
        if isinstance(change, Gone):
            _put(turn, change.id, None)
        elif not _SLOTS.isdisjoint(change.fields):
            _see(turn, change.id)


def notice_all(turn: Turn) -> None:
    """The same of all units in the picture: a turn was undone, and what it had noted is no longer known."""
    for name in list(turn.world.rows[Kind.UNIT]):
        _see(turn, name)


def heed(turn: Turn, over: Over) -> None:
    """An action is over: if it has ended the process of a unit, and that has not come back since, it is the agent's to start it again; not one that it has had stopped."""
    run = over.run
    # Whoever closes an incident by hand sees to the rest.
    if not isinstance(run, Run) or not run.ref.unit or not ended_by_us(run) or over.outcome == "closed" or unit_stopped(run):
        return
    row: Any = turn.world.find(Kind.UNIT, run.ref.unit)
    past = turn.ledger.units.get(run.ref.unit, NOTHING)
    ended_at = run.marks.get(DEAD, turn.at)
    if not _runs_since(row, ended_at):
        invocation, file_state = ("" if row is None or value is MISSING else str(value) for value in _two(row))
        _put(turn, run.ref.unit, msgspec.structs.replace(past, ended_at=ended_at, invocation=invocation, file_state=file_state))


def _two(row: Any) -> tuple[Any, Any]:
    return (MISSING, MISSING) if row is None else (row.invocation, row.file_state)


def _see(turn: Turn, name: str) -> None:
    row: Any = turn.world.find(Kind.UNIT, name)
    if row is None:
        return
    past = now = turn.ledger.units.get(name, NOTHING)
    if row.restarts is not MISSING and row.restarts != now.restarts:
        # It falls to 0 when somebody starts the unit. What it was before it was first seen says nothing of the last minutes.
        more = row.restarts - now.restarts if now.restarts is not None else 0
        now = with_starts(now, turn.at, more) if more > 0 else now
        now = msgspec.structs.replace(now, restarts=row.restarts)
    if row.job is not MISSING and row.job == "stop":
        now = msgspec.structs.replace(now, stopped_at=turn.at)
    if now.ended_at is not None and _runs_since(row, now.ended_at):
        now = msgspec.structs.replace(now, ended_at=None, invocation="", file_state="")
    if now.stopped_at is not None and _runs_since(row, now.stopped_at):
        now = msgspec.structs.replace(now, stopped_at=None)
    if now is not past:
        _put(turn, name, now)


def _runs_since(row: Any, moment: int) -> bool:
    return row is not None and row.running is True and row.entered_at is not MISSING and row.entered_at > moment


def _put(turn: Turn, name: str, past: UnitPast | None) -> None:
    if past is None and name not in turn.ledger.units:
        return
    others = {other: one for other, one in turn.ledger.units.items() if other != name}
    turn.set(units=others if past is None else dict([*others.items(), (name, past)][-MOST:]))
