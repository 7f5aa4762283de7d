"""
What the engine knows of the jobs that a process held, and what it has decided about each of them.

The counterpart of `findings`, which hold payloads: here are names, classes and counts only, so that all of it may be written into the ledger. The
payload stays in the store, found by incident and jid.
"""

from enum import StrEnum

import msgspec

from watchdog.model.findings import Certainty


class Held(msgspec.Struct, frozen=True):
    """
    One job that was in the hands of the process, as all sources together know it.

    `sources` are names of `Origin`; `has_payload` says that its exact bytes are kept; `retries` that Sidekiq would run it again after a
    failure (`retry` is neither 0 nor false); `digest` is of class and arguments, under a secret of this agent, empty without a payload.
    """

    jid: str
    job_class: str
    queue: str
    certainty: Certainty
    sources: tuple[str, ...]
    has_payload: bool
    retries: bool = True
    digest: str = ""


class Ending(StrEnum):
    """By whose doing a process ended, as far as it says something of its jobs."""

    OURS = "ours"  # the agent ended it, or was about to
    FOREIGN = "foreign"  # somebody else did, or nothing says why
    UNTOLD = "untold"  # nobody could be asked whether it had given its jobs back
    MEMORY = "memory"  # the kernel, for want of memory
    FAULT = "fault"  # a fault in native code


class PlaceKind(StrEnum):
    """Where a job goes after the end of its process."""

    QUEUE = "queue"  # the end that is fetched next
    RETRY = "retry"
    SCHEDULE = "schedule"
    QUARANTINE = "quarantine"


class Placement(msgspec.Struct, frozen=True):
    """One job and its place; `due_wall` (UTC milliseconds) is there for RETRY and SCHEDULE, `why` a few words for people."""

    jid: str
    job_class: str
    queue: str
    kind: PlaceKind
    sources: tuple[str, ...]
    why: str
    due_wall: int = 0
    strikes: int = 0


class Locks(msgspec.Struct, frozen=True):
    """
    What is known of the locks of sidekiq-unique-jobs after the end of a process, as jids of jobs that held one: `orphaned` stand nowhere any more,
    of `released` the lock was given back. `unsure` says why not all is known.
    """

    orphaned: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    unsure: str = ""


class Fate(StrEnum):
    """What came of one placement."""

    DONE = "done"
    FOUND = "found"  # it was in a known place already, and was left there
    LOST = "lost"  # its payload is not there (any more)


class Placed(msgspec.Struct, frozen=True):
    """The answer to one placement; `where` names the place in which it was found."""

    jid: str
    fate: Fate
    where: str = ""


class Balance(msgspec.Struct, frozen=True):
    """
    What became of the jobs that a process held, in numbers, once nothing more is done about it.

    Some `finished` by themselves, some were `given_back` by Sidekiq or finished in its last seconds; the agent has `put_back` some, `quarantined` some, and `left` some where they were found.
    `not_put_back` are those of which it is not sure that they ran, or whose payload is not known, `unnamed` how many more there can have been: both are upper bounds of what is lost.
    """

    finished: int = 0
    given_back: int = 0
    put_back: int = 0
    quarantined: int = 0
    left: int = 0
    not_put_back: int = 0
    unnamed: int = 0
