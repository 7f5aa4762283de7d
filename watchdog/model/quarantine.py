"""A job in quarantine: what is known of it, without what it was told to do."""

from enum import StrEnum

import msgspec


class CameFrom(StrEnum):
    """Where a job was when it was taken."""

    QUEUE = "queue"
    RETRY = "retry"
    SCHEDULE = "schedule"
    PROCESS = "process"
    """In the hands of a process that is dead."""


class Kept(StrEnum):
    """
    What became of a job in quarantine.

    `TAKING`, `RELEASING` and `DROPPING` are written down before Redis is asked: whoever finds such an entry asks again.
    """

    TAKING = "taking"
    KEPT = "kept"
    RELEASING = "releasing"
    RELEASED = "released"
    DROPPING = "dropping"
    DROPPED = "dropped"


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """
    A job that was taken out, and why.

    `token` names this taking among those of all agents. `queue` is that in which it waited or from which it was run; `score` that in its sorted set, as Redis writes it.
    `lost_by` is the identity of the process that had it in its hands, empty for one that stood in Redis. `error_class` is that of its last failure, without the message. `rule`, `incident` and `by` (a person) say who wanted it, each empty where it was not so.
    Times are UTC milliseconds; `until` is when it is deleted. `in_dead_set` says that it stands in Sidekiq's dead set as well,
    `releases` how often somebody wanted it put back, and `released_by` the person who did last. `in_list` says that it lay in a list of that process;
    `order` is the one under which an agent put it back last, and `due` when it is to run then, 0 where it goes back exactly to where it was.
    """

    token: str
    jid: str
    job_class: str
    queue: str
    came_from: CameFrom
    taken: int
    until: int
    reason: str
    score: str = ""
    error_class: str = ""
    rule: str = ""
    incident: str = ""
    by: str = ""
    strikes: int = 0
    size: int = 0
    in_dead_set: bool = False
    releases: int = 0
    released_by: str = ""
    locks: tuple[str, ...] = ()
    lost_by: str = ""
    in_list: bool = False
    order: str = ""
    due: int = 0
