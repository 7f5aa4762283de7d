"""
Where each job of a dead process belongs.

Innocent ones go back to the end that is fetched next, as Sidekiq itself would have put them; stuck ones wait some minutes, and at their limit are taken out of
the way. Where nothing says which job froze the process, or used up its memory, all are suspected: they go back one by one, so that the one that does it again stands alone.
Those of a process that somebody else killed are innocent; but who is caught so a second time goes back in the same way, or a job that brings its process down would do so for ever.
It judges what is known, and must never invent a payload: a job without one has no place, only a name.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from watchdog.engine.ledger import Strike
from watchdog.engine.strikes import strikes_of, struck
from watchdog.model.findings import Certainty, Origin
from watchdog.model.flight import Ending, Held, PlaceKind, Placement

LOCKS_LINGER: Final = 16 * 60_000
"""Application locks outlive a killed process for up to 15 minutes (Mastodon's RedisLock); who is not run again after a failure comes back when they are gone."""
STUCK_AFTER: Final = 5 * 60_000
"""When a stuck job below its limit is tried again."""
FIRST_SUSPECT: Final = 2 * 60_000
NEXT_SUSPECT: Final = 30_000
SUSPICIONS: Final = 2
"""A job in the hands of two processes that froze is the culprit."""
_DID: Final = {
    Ending.OURS: ("froze", "frozen it"),
    Ending.FOREIGN: ("froze", "frozen it"),
    Ending.UNTOLD: ("froze", "frozen it"),
    Ending.MEMORY: ("were killed for want of memory", "used up its memory"),
    Ending.FAULT: ("crashed", "crashed it"),
}
RESCUED: Final = {"proven": Certainty.PROVEN, "likely": Certainty.LIKELY}
"""What `rescue` demands at least."""


class Plan(msgspec.Struct, frozen=True):
    """Where jobs go, those that have no place (without a payload, or not surely enough in flight), and the strikes afterwards."""

    placements: tuple[Placement, ...]
    unplaced: tuple[Held, ...]
    strikes: dict[str, Strike]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """`rescue` is `proven`, `likely` or `none`; at `limit` strikes a job is put into quarantine if `quarantines`. `rule` is whose policy it is."""

    rescue: str
    limit: int
    quarantines: bool
    rule: str = ""


def plan(
    jobs: Iterable[Held],
    *,
    stuck: frozenset[str],
    frozen: bool,
    unnamed: int,
    named: str = "",
    policy: Policy,
    strikes: Mapping[str, Strike],
    at: int,
    wall: int,
    end: Ending = Ending.OURS,
) -> Plan:
    """
    The place of each job, by what is known of it.

    `stuck` are the jids of those that need an end; where nothing moved in the process (`frozen`), or it ended by a fault of its own, they are no worse than the others. `unnamed` is how
    many jobs nobody can name: one of them may be the culprit, unless the evidence says that the job `named` alone had begun.
    """
    known = tuple(jobs)
    rescued = tuple(job for job in known if job.has_payload and _is_sure(job, stuck, policy))
    # What Redis handed out and nobody read was never begun.
    begun = tuple(job for job in known if job.sources != (Origin.SOCKET.value,))
    guilty: tuple[Held, ...]
    suspected: tuple[Held, ...]
    anyone = frozen or end in (Ending.MEMORY, Ending.FAULT)
    if anyone:
        # The evidence was collected a while before: what was found to have begun since then speaks against it.
        guilty = begun if len(begun) == 1 and (not unnamed or begun[0].jid == named) else ()
        suspected = () if guilty else begun
    else:
        guilty, suspected = tuple(job for job in known if job.jid in stuck), ()
    crashed = tuple(job for job in begun if job not in guilty) if end in (Ending.FOREIGN, Ending.UNTOLD) and not anyone else ()
    after = struck(strikes, guilty=guilty, suspected=suspected, crashed=crashed, at=at, rule=policy.rule)
    placements = []
    number = 0
    for job in rescued:
        if job in guilty:
            placements.append(_guilty(job, alone=frozen, policy=policy, strikes=after, at=at, wall=wall))
        elif job in suspected:
            times, most = strikes_of(after, job, at).suspected, SUSPICIONS if frozen else policy.limit
            placements.append(_suspect(job, number, _DID[end], times=times, most=most, policy=policy, wall=wall))
            number += placements[-1].kind is PlaceKind.RETRY
        elif job in crashed and (times := strikes_of(after, job, at).crashed) >= SUSPICIONS:
            why = f"it was in {times} processes that ended without having given it back"
            placements.append(_place(job, PlaceKind.RETRY, why, wall + FIRST_SUSPECT + number * NEXT_SUSPECT))
            number += 1
        elif job.retries:
            placements.append(_place(job, PlaceKind.QUEUE, "it was in the way of nobody"))
        else:
            why = "Sidekiq would not run it again after a failure, and its locks may linger"
            placements.append(_place(job, PlaceKind.SCHEDULE, why, wall + LOCKS_LINGER))
    return Plan(tuple(placements), tuple(job for job in known if job not in rescued), after)


def _is_sure(job: Held, stuck: frozenset[str], policy: Policy) -> bool:
    least = RESCUED.get(policy.rescue)
    if least is None:
        return False
    # A job that has been running for minutes at the last beat has not ended in the seconds since: as good as proven.
    return job.certainty.rank >= (Certainty.LIKELY if job.jid in stuck else least).rank


def _guilty(job: Held, *, alone: bool, policy: Policy, strikes: Mapping[str, Strike], at: int, wall: int) -> Placement:
    count = strikes_of(strikes, job, at).count
    # The same work may come under a new jid again and again.
    counted = f"strike {count} of {policy.limit}" if count <= policy.limit else f"strike {count}"
    if policy.quarantines and (alone or count >= policy.limit):
        return _place(job, PlaceKind.QUARANTINE, "it alone was in the process when that froze" if alone else counted, strikes=count)
    return _place(job, PlaceKind.RETRY, counted, wall + STUCK_AFTER, strikes=count)


def _suspect(job: Held, number: int, did: tuple[str, str], *, times: int, most: int, policy: Policy, wall: int) -> Placement:
    what, may_have = did
    if policy.quarantines and times >= most:
        return _place(job, PlaceKind.QUARANTINE, f"it was in {times} processes that {what}", strikes=times)
    return _place(job, PlaceKind.RETRY, f"one of those that may have {may_have}", wall + FIRST_SUSPECT + number * NEXT_SUSPECT)


def _place(job: Held, kind: PlaceKind, why: str, due_wall: int = 0, *, strikes: int = 0) -> Placement:
    return Placement(job.jid, job.job_class, job.queue, kind, job.sources, why, due_wall, strikes)
