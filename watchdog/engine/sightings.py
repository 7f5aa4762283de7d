"""
From the picture of the world to the scene that a procedure judges.

The counterpart of `procedures.scene`: here is where stuck jobs are told from innocent ones. A job is stuck if an alert on it fires (of this rule, or of any that is
more than a remark: the same that make its thread count as held), or if it has been running for longer than `stuck_after`.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from watchdog.engine.ledger import Phase, Run
from watchdog.engine.procedures.scene import Scene
from watchdog.engine.targeting import name_of
from watchdog.engine.turn import Turn
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.notices import Severity

_SAME_BEAT: Final = 2_000
"""Two confirmations that are nearer than this are of one beat: its age is measured over the network."""
WOKEN: Final = ("CONT", "wake")
ENDS: Final = ("KILL", "TERM")
"""The signals that end a process; the last one comes first."""


def scene_of(turn: Turn, run: Run) -> Scene:
    """What is known of the run's process at this moment."""
    world, flight = turn.world, run.flight
    known = Source.REDIS in world.complete and Source.REDIS not in turn.ledger.lost
    row: Any = world.find(Kind.PROCESS, run.ref.identity)
    stuck = frozenset(flight.stuck) | stuck_jobs(turn, run)
    told = Scene(
        known=known,
        stuck=stuck,
        beats=flight.beats,
        quiet_beats=flight.quiet_beats,
        running=_running(turn, run),
        held=len(flight.jobs),
        held_stuck=sum(job.jid in stuck for job in flight.jobs),
        gave_back=flight.gave_back,
        successor=known and _has_successor(turn, run),
        sent=next((name for name in ENDS if name in run.marks or f"{name}?" in run.marks), ""),
    )
    if row is None:
        return told
    return msgspec.structs.replace(
        told,
        beat_age=None if row.confirmed_at is MISSING else turn.at - row.confirmed_at,
        still=_still(turn, run, row),
        heartbeat_thread=None if row.heartbeat_thread is MISSING else row.heartbeat_thread,
        stopped=row.stopped is True and row.traced is not True,
        gave_back=flight.gave_back or (row.clean_stop is True and row.listed is False),
    )


def count_beats(turn: Turn, run: Run) -> Run:
    """The run with the beats that have come since it was looked at last; the very same if there are none."""
    row: Any = turn.world.find(Kind.PROCESS, run.ref.identity)
    if row is None or row.confirmed_at is MISSING:
        return run
    flight = run.flight
    if flight.beat_at is not None and row.confirmed_at - flight.beat_at < _SAME_BEAT:
        return run
    quiet = row.quiet is True
    counted = msgspec.structs.replace(
        flight,
        beats=flight.beats + 1,
        quiet_beats=flight.quiet_beats + quiet,
        beat_at=row.confirmed_at,
        seen=with_seen(flight.seen, _running(turn, run)),
    )
    return msgspec.structs.replace(run, flight=counted)


def with_seen(seen: tuple[str, ...], jids: Iterable[str]) -> tuple[str, ...]:
    """Those that were seen to run, with these; in order."""
    return tuple(sorted({*seen, *jids}))


def begin_counting(turn: Turn, run: Run) -> Run:
    """The run with no beat counted from now on."""
    row: Any = turn.world.find(Kind.PROCESS, run.ref.identity)
    beat_at = None if row is None or row.confirmed_at is MISSING else row.confirmed_at
    return msgspec.structs.replace(run, flight=msgspec.structs.replace(run.flight, beats=0, quiet_beats=0, beat_at=beat_at))


def stuck_jobs(turn: Turn, run: Run) -> frozenset[str]:
    """The jids of this process' jobs that need an end."""
    world = turn.world
    after = int(run.arguments.get("stuck_after", 0))
    home: Any = world.find(Kind.PROCESS, run.ref.identity)
    beat = None if home is None or home.confirmed_at is MISSING else home.confirmed_at
    found = set()
    for entity in world.jobs_of.get(run.ref.identity, ()):
        job: Any = world.find(Kind.JOB, entity)
        if job is not None and after and beat is not None and job.started_at is not MISSING and beat - job.started_at > after:
            found.add(job.jid)
    for alert in turn.ledger.alerts.values():
        if alert.kind is not Kind.JOB or alert.phase is not Phase.FIRING:
            continue
        if alert.severity is Severity.INFO and alert.rule != run.rule:
            continue
        job = world.find(Kind.JOB, alert.entity)
        process, jid = (job.process, job.jid) if job is not None else (alert.seen.get("process"), alert.seen.get("jid"))
        if process == run.ref.identity and isinstance(jid, str):
            found.add(jid)
    return frozenset(found)


def _running(turn: Turn, run: Run) -> tuple[str, ...]:
    jobs: list[Any] = [turn.world.find(Kind.JOB, entity) for entity in turn.world.jobs_of.get(run.ref.identity, ())]
    return tuple(sorted({job.jid for job in jobs if job is not None and job.jid is not MISSING}))


def _still(turn: Turn, run: Run, row: Any) -> int | None:
    """Time before it was woken does not count: it was held then."""
    if row.heartbeat_still is MISSING:
        return None
    woken = [run.marks[name] for name in WOKEN if name in run.marks]
    still: int = row.heartbeat_still
    return min(still, turn.at - max(woken)) if woken else still


def _has_successor(turn: Turn, run: Run) -> bool:
    """Another process of the same name beats that had not done so before this one ended."""
    ended = run.marks.get("dead", turn.at)
    rows: list[Any] = list(turn.world.rows[Kind.PROCESS].values())
    return any(
        row.id != run.ref.identity
        and row.confirmed_at is not MISSING
        and row.booted_at is not MISSING
        and row.booted_at > ended - _SAME_BEAT
        and row.listed is not False
        and name_of(row) == run.ref.name
        for row in rows
    )
