"""
Everything that can be collected of a process before it is touched: one table; and what the engine is told of it.

The collectors are keyed to the table. What they find stays in the store: lines of a log can hold anything. Here are names, classes, places in the code and
sentences of our own only.
"""

from enum import StrEnum
from typing import Final

import msgspec


class EvidenceSpec(msgspec.Struct, frozen=True):
    """One thing to collect."""

    name: str
    doc: str


EVIDENCE: Final[tuple[EvidenceSpec, ...]] = (
    EvidenceSpec(
        "thread_dump",
        "The backtrace of every thread, twice, as Sidekiq writes it to its log on SIGTTIN. Not of a process in which nothing moves, that is stopped, that a debugger holds "
        "or that still boots; and only where the config says where the log is.",
    ),
    EvidenceSpec(
        "log",
        "The last lines that the process wrote to its log, and which jobs it had begun and not ended by them. They can hold private posts, so nothing shows them "
        "but `evidence --log`.",
    ),
    EvidenceSpec(
        "proc",
        "What the kernel tells: state, memory, limits, number of open files, children, and what each thread used of a core over a second.",
    ),
    EvidenceSpec("redis", "The process and its jobs as Redis holds them, without arguments."),
)

BY_NAME: Final[dict[str, EvidenceSpec]] = {spec.name: spec for spec in EVIDENCE}
"""Name → spec."""
ALL: Final = tuple(BY_NAME)
"""Every name."""


class Suspicion(StrEnum):
    """How sure it is that a job is what holds its process up."""

    PROVEN = "proven"  # nothing else that was seen can be it
    LIKELY = "likely"
    POSSIBLE = "possible"

    @property
    def rank(self) -> int:
        """The surer, the higher."""
        return _RANKS[self]


_RANKS: Final = {Suspicion.POSSIBLE: 0, Suspicion.LIKELY: 1, Suspicion.PROVEN: 2}


class Suspect(msgspec.Struct, frozen=True):
    """One job that may be it; `why` is a sentence without a point, and holds no argument of it."""

    jid: str
    job_class: str
    tid: str
    suspicion: Suspicion
    why: str


class Came(StrEnum):
    """What came of collecting one thing."""

    KEPT = "kept"
    REFUSED = "refused"
    TIMED_OUT = "timed out"


class Piece(msgspec.Struct, frozen=True):
    """One thing of the table and what came of it; `why` is there where it was refused, and where what was kept is not whole."""

    kind: str
    came: Came
    why: str = ""
