"""From what a dead process held to where each of its jobs goes: decided once for a run, and written down with the strikes before anything is put back."""

from typing import Any, Final

import msgspec

from watchdog.engine.incidents import Run
from watchdog.engine.placing import Policy, plan
from watchdog.engine.turn import Turn
from watchdog.model.findings import Certainty, Origin
from watchdog.model.flight import Ending, Held
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.targets import ProcessRef

_HASHES: Final = (Origin.WORK_HASH.value, Origin.FLIGHT_RECORD.value)
_FAULTS: Final = (4, 6, 7, 8, 11)
"""SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: what native code is ended by."""


def planned(turn: Turn, run: Run) -> Run:
    """The run with its plan; after a crash it is the same."""
    said = run.arguments
    # A run that an older version has begun may not say so.
    policy = Policy(
        rescue=str(said.get("rescue", "proven")),
        limit=int(said.get("stuck_jobs.strikes", 2)),
        quarantines=said.get("stuck_jobs.then", "quarantine") == "quarantine",
        rule=run.rule,
    )
    flight = run.flight
    # systemd may have said it only after the kernel.
    end = ending_of(turn, run.ref, known=flight.end)
    jobs = tuple(_doubtful(job) for job in flight.jobs) if flight.end is Ending.UNTOLD else flight.jobs
    decided = plan(
        jobs, stuck=frozenset(flight.stuck), frozen=flight.frozen, unnamed=flight.unnamed, named=run.named, policy=policy,
        strikes=turn.ledger.strikes, at=turn.at, wall=turn.wall, end=end,
    )  # fmt: skip
    turn.set(strikes=decided.strikes)
    return msgspec.structs.replace(run, flight=msgspec.structs.replace(flight, plan=decided.placements, end=end))


def ending_of(turn: Turn, ref: ProcessRef, *, known: Ending) -> Ending:
    """Why it ended, where nothing says more than that the agent did not do it: by what systemd says until it starts it again."""
    if known not in (Ending.FOREIGN, Ending.UNTOLD):
        return known
    unit: Any = turn.world.find(Kind.UNIT, ref.unit) if ref.unit else None
    result, status = ("" if value is MISSING else value for value in _end_of(unit))
    if result == "oom-kill":
        return Ending.MEMORY
    if result == "core-dump" or (result == "signal" and status in _FAULTS):
        return Ending.FAULT
    return known


def _end_of(unit: Any) -> tuple[Any, Any]:
    return (MISSING, MISSING) if unit is None else (unit.result, unit.exit_status)


def _doubtful(job: Held) -> Held:
    """Its process may have given it back with its last breath: what rests on a work hash alone proves nothing then."""
    rests_on_less = any(source not in _HASHES for source in job.sources)
    return job if rests_on_less or job.certainty is not Certainty.PROVEN else msgspec.structs.replace(job, certainty=Certainty.LIKELY)
