"""
Who takes the place of a process that has ended: whether one beats, whether it works, and whether its service could start one at all.

The counterpart of `sightings`, which tells how the process itself is.
"""

from typing import Any, Final

from watchdog.engine.incidents import Run
from watchdog.engine.targeting import name_of
from watchdog.engine.turn import Turn
from watchdog.engine.unit_past import NOTHING
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

SAME_BEAT: Final = 2_000
"""Two confirmations that are nearer than this are of one beat: its age is measured over the network."""
DEAD: Final = "dead"
"""The mark of the moment at which a process was known to be dead."""
_OURS: Final = ("TERM", "TERM?", "KILL", "KILL?")
_MOVES_WITHIN: Final = 10_000
"""A queue whose next job has been waiting for less is being worked on."""


def successor_of(turn: Turn, run: Run) -> Any:
    """The first other process of the same name that beats, and had not done so before this one ended; None if there is none."""
    # That it was dead may have been known only later, by the next agent; SIGKILL leaves no time for anybody else.
    ended = min(run.marks.get(DEAD, turn.at), run.marks.get("KILL", turn.at))
    rows: list[Any] = list(turn.world.rows[Kind.PROCESS].values())
    since = [
        row
        for row in rows
        if row.id != run.ref.identity
        and row.confirmed_at is not MISSING
        and row.booted_at is not MISSING
        and row.booted_at > ended - SAME_BEAT
        and row.listed is not False
        and name_of(row) == run.ref.name
    ]
    return min(since, key=lambda row: int(row.booted_at), default=None)


def served_at(turn: Turn, run: Run) -> int | None:
    """When that one beat for the first time; None if there is none."""
    row = successor_of(turn, run)
    return None if row is None else int(row.booted_at)


def works(turn: Turn, row: Any) -> bool:
    """It has beaten again, and it runs jobs, or none has been waiting for it for long."""
    if row is None or row.confirmed_at - row.booted_at < SAME_BEAT or row.quiet is not False or row.queues is MISSING:
        return False
    if turn.world.jobs_of.get(row.id):
        return True
    queues: list[Any] = [turn.world.find(Kind.QUEUE, name) for name in row.queues]
    return all(queue is None or _moves(queue) for queue in queues)


def _moves(queue: Any) -> bool:
    """None waits in it, or none for long; False where that is not known."""
    return (queue.size is not MISSING and queue.size == 0) or (queue.latency is not MISSING and queue.latency < _MOVES_WITHIN)


def ended_by_us(run: Run) -> bool:
    """Whether the agent has told its process to end, or may have."""
    return any(mark in run.marks for mark in _OURS)


def trouble_of(row: Any) -> str:
    """Why that unit could not be started again, or is somebody's already; empty where nothing is known against it."""
    if row is None:
        return ""
    if row.job is not MISSING and row.job:
        return f"somebody has asked systemd to {row.job} it"
    return "it is masked, and could not be started again" if _is_masked(row) else ""


def unwanted(turn: Turn, unit: str) -> str:
    """Why somebody wants that unit to be down now, whatever was to be done with it; empty where nobody is known to."""
    row: Any = turn.world.find(Kind.UNIT, unit)
    if row is not None and _is_masked(row):
        return "it is masked"
    return "somebody has stopped it" if turn.ledger.units.get(unit, NOTHING).stopped_at is not None else ""


def _is_masked(row: Any) -> bool:
    return any(state is not MISSING and state == "masked" for state in (row.file_state, row.load_state))
