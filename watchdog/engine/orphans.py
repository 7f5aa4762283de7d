"""
The locks of sidekiq-unique-jobs that a dead process leaves behind: whose they may be, and how that is told.

A job that is put back needs its lock, or the gem drops it; one in quarantine has lost it there. What is left are those that were put nowhere: if their lock still stands
then nobody gives it back, and whatever is pushed like them is dropped without a word (for 50 days at Mastodon). Never a digest, which is
of the arguments.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from watchdog.engine import accounts, locking
from watchdog.engine.incidents import Flight, Run
from watchdog.engine.turn import Turn
from watchdog.model.effects import LookAfterLocks
from watchdog.model.flight import Fate, Locks
from watchdog.model.results import LocksLookedAt, Refused, Result
from watchdog.model.verdicts import Decision, Mode


def to_look_for(flight: Flight) -> tuple[str, ...]:
    """The jids of jobs that were in the process and have been put nowhere, nor were found anywhere."""
    placed = {one.jid for one in flight.placed if one.fate is not Fate.LOST}
    return tuple(sorted({job.jid for job in flight.jobs} - placed))


def to_release(run: Run) -> tuple[str, ...]:
    """The jids of those that were found, if the rule wants their locks back."""
    return run.flight.locks.orphaned if run.arguments.get("unique_locks") == "release" else ()


def named(flight: Flight, jids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each of these jobs with its class."""
    classes = {job.jid: job.job_class for job in flight.jobs}
    return ((jid, classes.get(jid, "")) for jid in jids)


def ask(turn: Turn, run: Run, jids: tuple[str, ...], *, release: bool) -> None:
    """Asks for these; before a lock is given back it is written down of which job."""
    effect = turn.id()
    turn.put_run(run.id, msgspec.structs.replace(run, effect=effect, intent=effect if release else "", held="", held_by=""))
    for jid, job_class in named(run.flight, jids) if release else ():
        turn.audit("intent", **accounts.names(run), stage=run.stage, mode=Mode.ACT.value, decision=Decision.ALLOW.value,
                   reason="it holds a lock and stands nowhere any more", detail={"jid": jid, "class": job_class})  # fmt: skip
    turn.effects.append(LookAfterLocks(effect, run.incident, run.ref, jids, release, locking.fence_of(turn, run) if release else ""))


def told(result: Result) -> Locks:
    """What the answer says."""
    match result:
        case LocksLookedAt(orphaned=orphaned, released=released, unsure=unsure):
            return Locks(orphaned, released, unsure)
        case Refused(reason=reason):
            return Locks(unsure=reason)
        case _:
            return Locks(unsure="the stage was answered with something else")


def with_released(before: Locks, now: Locks) -> Locks:
    """What was found, and what became of it; where nothing was answered it is as before."""
    if not now.released and not now.orphaned and now.unsure:
        return msgspec.structs.replace(before, unsure=now.unsure)
    return msgspec.structs.replace(now, unsure=now.unsure or before.unsure)


def word(found: Locks, *, release: bool) -> str:
    """What the answer is called in the audit."""
    parts = [f"{len(found.released)} released" if release else f"{len(found.orphaned)} orphaned"]
    return "; ".join([*parts, found.unsure] if found.unsure else parts)


def account(flight: Flight) -> str:
    """What became of the locks, as a sentence without a point; empty where there is nothing to say."""
    locks = flight.locks
    parts = []
    if locks.released:
        parts.append(f"{_count(flight, locks.released)} whose job is nowhere any more: given back")
    if locks.orphaned:
        text = "whose job is nowhere any more: left, and what is pushed like that job is dropped without a word"
        parts.append(f"{_count(flight, locks.orphaned)} {text}")
    if locks.unsure:
        parts.append(f"of unique-job locks not all is known: {locks.unsure}")
    return "; ".join(parts)


def _count(flight: Flight, jids: tuple[str, ...]) -> str:
    classes = ", ".join(
        f"{number} {name or 'unknown'}" for name, number in sorted(Counter(name for _, name in named(flight, jids)).items())
    )
    return f"{len(jids)} unique-job {'lock' if len(jids) == 1 else 'locks'} ({classes})"
