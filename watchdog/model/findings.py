"""
What is known of one job that was in the hands of a process when it ended: the word that all sources of it share.

A source (the work hash, the log, the memory of the process, its sockets, the probe) gives findings; who joins them, and who decides what
becomes of the job, read nothing else. A finding shows no argument of a job: `payload` is bytes that are never printed.
"""

from enum import StrEnum

import msgspec


class Certainty(StrEnum):
    """Was the job running, or taken and not yet begun, when the process ended?"""

    PROVEN = "proven"
    LIKELY = "likely"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """The surer, the higher."""
        return _RANKS[self]


_RANKS = {Certainty.UNKNOWN: 0, Certainty.LIKELY: 1, Certainty.PROVEN: 2}


class Origin(StrEnum):
    """Where a finding comes from."""

    WORK_HASH = "work_hash"
    PROBE = "probe"
    LOG = "log"
    MEMORY = "memory"
    SOCKET = "socket"
    FLIGHT_RECORD = "flight_record"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """
    One job, as one source knows it.

    `job_class` and `queue` are empty and `tid` too where the source does not tell them. `payload` is the exact bytes that Redis held, or None.
    `in_list` says that the job lies in Redis in the list of its process for that queue, and nowhere else: whoever moves it must take it off in the same step.
    """

    jid: str
    certainty: Certainty
    origin: Origin
    job_class: str = ""
    queue: str = ""
    tid: str = ""
    payload: bytes | None = None
    in_list: bool = False

    def __repr__(self) -> str:
        size = "no payload" if self.payload is None else f"{len(self.payload)} B"
        return f"Finding({self.jid}, {self.certainty}, {self.origin}, {size})"
