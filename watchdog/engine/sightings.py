"""
From the picture of the world to the scene that a procedure judges.

The counterpart of `procedures.scene`: here is where stuck jobs are told from innocent ones. A job is stuck if an alert on it fires (of this rule, or of any that is
more than a remark: the same that make its thread count as held), or if it has been running for longer than `stuck_after`.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from watchdog.engine.incidents import Run
from watchdog.engine.ledger import Phase
from watchdog.engine.procedures.recover import is_frozen
from watchdog.engine.procedures.scene import Scene
from watchdog.engine.scaling.going import asked_to_stop, needed, stop_is_patient, unit_stopped
from watchdog.engine.sparing import can_be_interrupted, spared_jobs
from watchdog.engine.succession import DEAD, SAME_BEAT, ended_by_us, successor_of, trouble_of, unwanted, works
from watchdog.engine.turn import Turn
from watchdog.lang.glob import fits
from watchdog.model.effects import When
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.model.notices import Severity
from watchdog.model.results import InFlight

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
        sent=next((name for name in ENDS if name in run.marks or f"{name}?" in run.marks), ""),
        successor=known and successor_of(turn, run) is not None,
        successor_works=known and works(turn, successor_of(turn, run)),
        unit=run.ref.unit,
        unit_trouble=trouble_of(turn.world.find(Kind.UNIT, run.ref.unit)),
        unit_unwanted="" if asked_to_stop(run) else unwanted(turn, run.ref.unit),
        ended_here=ended_by_us(run),
        needed=needed(world, turn.ledger, run),
        unit_stopped=unit_stopped(run),
        stop_is_patient=stop_is_patient(world, run.ref.unit),
    )
    if row is None:
        return told
    return msgspec.structs.replace(
        told,
        beat_age=None if row.confirmed_at is MISSING else turn.at - row.confirmed_at,
        still=_still(turn, run, row),
        heartbeat_thread=None if row.heartbeat_thread is MISSING else row.heartbeat_thread,
        stopped=row.stopped is True and row.traced is not True,
        gave_back=not flight.hasty and (flight.gave_back or (row.clean_stop is True and row.listed is False)),
        spared=_spared(turn, run, row),
    )


def veto_of(turn: Turn, run: Run) -> tuple[str, ...]:
    """The classes that must not be interrupted, as its rule has them now; of a rule that is gone, as it had them when the run began. None if a person has said so."""
    if "veto" in run.overruled:
        return ()
    rule = turn.rule.get(run.rule)
    return run.veto if rule is None else tuple(rule.guards["veto"])


def is_over(turn: Turn, run: Run) -> bool:
    """Whether there is nothing left in its process that could be interrupted."""
    row = turn.world.find(Kind.PROCESS, run.ref.identity)
    return DEAD in run.marks or run.flight.frozen or run.flight.gave_back or (row is not None and not can_be_interrupted(row, turn.at))


def count_beats(turn: Turn, run: Run) -> Run:
    """The run with the beats that have come since it was looked at last; the very same if there are none."""
    row: Any = turn.world.find(Kind.PROCESS, run.ref.identity)
    if row is None or row.confirmed_at is MISSING:
        return run
    flight = run.flight
    if flight.beat_at is not None and row.confirmed_at - flight.beat_at < SAME_BEAT:
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


def with_found(turn: Turn, run: Run, found: InFlight, when: When) -> Run:
    """The run with what it was found to hold, and with those of it that are stuck: once it is dead nothing can tell them any more."""
    scene = scene_of(turn, run)
    jids = {job.jid for job in found.jobs}
    stuck = tuple(sorted(scene.stuck & jids)) if when is not When.BEFORE else tuple(sorted(stuck_jobs(turn, run) & jids))
    # Once it is dead its sockets can't be asked any more; what they told while it stood still holds.
    unnamed = run.flight.unnamed if when is When.DEAD and run.flight.frozen else found.unnamed
    flight = msgspec.structs.replace(
        run.flight, jobs=found.jobs, stuck=stuck, frozen=run.flight.frozen or (when is When.FROZEN and is_frozen(scene)),
        gave_back=not found.hasty and (found.stopped or scene.gave_back), hasty=found.hasty, unnamed=unnamed,
        # What began after it was asked last was given back as well, or finished: who can tell.
        given=with_seen((), (*(job.jid for job in run.flight.jobs), *scene.running)) if found.stopped else run.flight.given,
        seen=with_seen(run.flight.seen, (*jids, *scene.running)),
    )  # fmt: skip
    return msgspec.structs.replace(run, flight=flight)


def begin_counting(turn: Turn, run: Run) -> Run:
    """The run with no beat counted from now on."""
    row: Any = turn.world.find(Kind.PROCESS, run.ref.identity)
    beat_at = None if row is None or row.confirmed_at is MISSING else row.confirmed_at
    return msgspec.structs.replace(run, flight=msgspec.structs.replace(run.flight, beats=0, quiet_beats=0, beat_at=beat_at))


def stuck_jobs(turn: Turn, run: Run) -> frozenset[str]:
    """The jids of this process' jobs that need an end; none that must not be interrupted."""
    world = turn.world
    veto = veto_of(turn, run)
    after = int(run.arguments.get("stuck_after", 0))
    home: Any = world.find(Kind.PROCESS, run.ref.identity)
    beat = None if home is None or home.confirmed_at is MISSING else home.confirmed_at
    found = set()
    for entity in world.jobs_of.get(run.ref.identity, ()):
        job: Any = world.find(Kind.JOB, entity)
        if job is None or fits(str(job.job_class), veto):
            continue
        if after and beat is not None and job.started_at is not MISSING and beat - job.started_at > after:
            found.add(job.jid)
    for alert in turn.ledger.alerts.values():
        if alert.kind is not Kind.JOB or alert.phase is not Phase.FIRING:
            continue
        if alert.severity is Severity.INFO and alert.rule != run.rule:
            continue
        job = world.find(Kind.JOB, alert.entity)
        process, jid, job_class = (
            (job.process, job.jid, job.job_class) if job is not None else (alert.seen.get(name) for name in ("process", "jid", "job_class"))
        )
        if process == run.ref.identity and isinstance(jid, str) and not fits(str(job_class), veto):
            found.add(jid)
    return frozenset(found)


def _running(turn: Turn, run: Run) -> tuple[str, ...]:
    jobs: list[Any] = [turn.world.find(Kind.JOB, entity) for entity in turn.world.jobs_of.get(run.ref.identity, ())]
    return tuple(sorted({job.jid for job in jobs if job is not None and job.jid is not MISSING}))


def _spared(turn: Turn, run: Run, row: Any) -> tuple[str, ...]:
    if is_over(turn, run):
        return ()
    return tuple(str(job) for job in spared_jobs(turn.world, row.id, veto_of(turn, run), turn.at, kept=run.flight.jobs))


def _still(turn: Turn, run: Run, row: Any) -> int | None:
    """Time before it was woken does not count: it was held then."""
    if row.heartbeat_still is MISSING:
        return None
    woken = [run.marks[name] for name in WOKEN if name in run.marks]
    still: int = row.heartbeat_still
    return min(still, turn.at - max(woken)) if woken else still
