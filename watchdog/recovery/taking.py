"""
What is to be taken into quarantine, and what is written down about it.

The arguments of a job are in its bytes and nowhere else: what is read out of them here may be shown.
"""

import msgspec

from watchdog.model.quarantine import CameFrom, Quarantined
from watchdog.sidekiq.decode import is_name
from watchdog.sidekiq.edit.locks import locks_of
from watchdog.sidekiq.edit.payload import fields_of


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """
    A job as it was found: its exact bytes and where they stand.

    `queue` is that of the list it stands in, or that it was run from; of a job in a set it may be left empty. `lost_by` is the identity of the dead process that had it; `in_list` says
    that the probe of that one holds it in a list. `token` names this taking among those of all agents and must be the same
    when it is asked for again.
    """

    token: str
    payload: bytes
    came_from: CameFrom
    queue: str = ""
    lost_by: str = ""
    in_list: bool = False

    def __repr__(self) -> str:
        return f"Candidate({self.token}, {self.came_from}, {len(self.payload)} B)"


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Who wanted it, and why. `by` is a person; `strikes` is how often the job had been caught."""

    reason: str
    rule: str = ""
    incident: str = ""
    by: str = ""
    strikes: int = 0


def describe(candidate: Candidate, why: Why, *, wall: int, until: int, in_dead_set: bool) -> Quarantined:
    """The entry of a job; what its bytes don't tell is empty."""
    job = fields_of(candidate.payload)
    jid, queue, error = (value if is_name(value := job.get(key)) else "" for key in ("jid", "queue", "error_class"))
    return Quarantined(
        token=candidate.token,
        jid=jid,
        job_class=next((value for value in (job.get("wrapped"), job.get("class")) if is_name(value)), ""),
        queue=candidate.queue or queue,
        came_from=candidate.came_from,
        taken=wall,
        until=until,
        reason=why.reason,
        error_class=error,
        rule=why.rule,
        incident=why.incident,
        by=why.by,
        strikes=why.strikes,
        size=len(candidate.payload),
        in_dead_set=in_dead_set,
        locks=locks_of(candidate.payload),
        lost_by=candidate.lost_by,
        in_list=candidate.in_list,
    )
