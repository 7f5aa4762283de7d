"""
Whether Redis answers and takes no writes, and in which words that is told.

Why: then no beat is written and no job is taken, so every process looks silent and every job stuck, though nothing is wrong with any of them.
"""

from typing import Any, Final

from watchdog.engine.ledger import Ledger
from watchdog.engine.upsets import SIDEKIQ, is_full
from watchdog.engine.world import World
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING

CODES: Final = frozenset({"misconf", "oom", "readonly"})
"""Codes of a lost Redis (`sidekiq.failures`) which say that it answers and takes no writes."""


def refuses_writes(ledger: Ledger, world: World) -> str:
    """The sentence that says why; empty where it takes them, or where nobody knows."""
    loss = ledger.lost.get(Source.REDIS)
    if loss is not None and loss.code in CODES:
        return loss.message
    row: Any = world.find(Kind.REDIS, SIDEKIQ)
    if row is None:
        return ""
    if row.role is not MISSING and row.role == "slave":
        return "Redis is a replica and refuses writes"
    if is_full(row.memory, row.maxmemory, row.policy):
        return "Redis has reached its memory limit and refuses writes"
    return ""
