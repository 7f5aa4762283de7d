"""Everything that can be collected of a process before it is touched: one table. The collectors are keyed to it."""

from typing import Final

import msgspec


class EvidenceSpec(msgspec.Struct, frozen=True):
    """One thing to collect; `collected` says whether this version does it."""

    name: str
    doc: str
    collected: bool = False


EVIDENCE: Final[tuple[EvidenceSpec, ...]] = (
    EvidenceSpec("thread_dump", "The backtrace of every thread, which Sidekiq writes to its log on SIGTTIN."),
    EvidenceSpec("log", "The last lines that the process wrote to its log."),
    EvidenceSpec("proc", "State, memory, limits, threads and sockets as the kernel tells them."),
    EvidenceSpec("redis", "The process and its jobs as Redis holds them, without arguments."),
)

BY_NAME: Final[dict[str, EvidenceSpec]] = {spec.name: spec for spec in EVIDENCE}
"""Name → spec."""
