"""
How often something was done to a target, or happened to it, within a time that slides.

Kept in the ledger by target, so that it outlives the process and the agent; what dry-run has left out is kept in its shadow, and counts in dry-run alone.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from watchdog.engine.ledger import Spent
from watchdog.engine.ordered import is_order
from watchdog.engine.switches import Rearmed
from watchdog.model.parameters import Allowance

KEPT: Final = 30 * 86_400_000
"""Milliseconds for which it is remembered: no allowance is for longer."""
MOST: Final = 1_000
"""So many are remembered of a target, and so many targets; no allowance is for more."""
A_DAY: Final = 86_400_000
"""Milliseconds for which it is remembered that an alert began to fire, and within which actions on a target make its cooldown longer."""

Book = Mapping[str, tuple[Spent, ...]]
"""Target → what was done to it, the oldest first."""


def with_one(book: Book, name: str, one: Spent, *, kept_for: int = KEPT) -> dict[str, tuple[Spent, ...]]:
    """The book with one more entry under that name, and without what is older than `kept_for` milliseconds."""
    kept = {other: entries for other, all_of in book.items() if (entries := tuple(old for old in all_of if one.at - old.at < kept_for))}
    mine = (*kept.pop(name, ()), one)[-MOST:]
    # Who was written to longest ago goes first.
    return {**dict(list(kept.items())[1 - MOST :]), name: mine}


def both(real: Book, shadow: Book) -> Book:
    """What was done, and what dry-run would have done."""
    return {
        target: tuple(sorted((*real.get(target, ()), *shadow.get(target, ())), key=lambda one: one.at)) for target in {**real, **shadow}
    }


def on_host(book: Book, host: str) -> list[Spent]:
    """What rules did on that host, to what has a name that begins with it, the oldest first; not what people have ordered, nor runs of commands."""
    here = (one for target, entries in book.items() if target.startswith(f"{host}/") for one in entries)
    return sorted((one for one in here if not (one.by_command or is_order(one.rule))), key=lambda one: one.at)


def by_rule(book: Book, rule: str) -> list[Spent]:
    """What that rule did, whatever to, the oldest first."""
    return sorted((one for entries in book.values() for one in entries if one.rule == rule), key=lambda one: one.at)


def incidents_within(entries: Iterable[Spent], time: int, at: int) -> int:
    """How many incidents there were in the last `time` milliseconds, one of several steps counted once."""
    return len({one.incident for one in entries if at - one.at < time})


def since_rearmed(rearmed: Mapping[str, Rearmed], rule: str, target: str, entries: tuple[Spent, ...]) -> tuple[Spent, ...]:
    """What counts for that rule on that target: a person can have let its budget begin anew."""
    anew = rearmed.get(f"{rule}|{target}")
    return entries if anew is None else tuple(one for one in entries if one.at > anew.at)


def exhausted_until(entries: Iterable[Spent], allowance: Allowance, at: int) -> int | None:
    """When there is something left of the allowance again, if there is nothing now; `entries` from the oldest on."""
    # One incident is one, however many steps it had.
    incidents = {one.incident: one.at for one in entries if at - one.at < allowance.per}
    if len(incidents) < allowance.times:
        return None
    times = sorted(incidents.values())
    return times[-allowance.times] + allowance.per if allowance.times else at + allowance.per
