"""
From readings to what happened to that which Sidekiq rests on: the server was emptied, it is another, it changed its role, its clock jumped, or it takes writes again; what a
declared check looks at works again.

The counterpart of `changes`, which says what happened to Sidekiq. What is missing after such an upset says nothing of Sidekiq, and what was stuck until then need not be so any more.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from watchdog.model.events import Delta, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING

SIDEKIQ: Final = "redis"
"""The id of the `redis` that holds Sidekiq's data."""
_COUNTERS: Final = ("processed", "failed")
"""Counted since ever: they fall only with the data that they are among."""
# Python 3.11 looks a member of an enumeration up in Python: too slow for every change of every beat.
_OF_SIDEKIQ: Final = Kind.SIDEKIQ
_OF_REDIS: Final = Kind.REDIS


class Upset(msgspec.Struct, frozen=True):
    """Something happened to the server, not to Sidekiq: `why` as the beginning of a sentence; `lost_data` says that what is missing proves nothing."""

    why: str
    lost_data: bool = False


def upset(observed: Observed, rows: Mapping[Kind, Mapping[str, Any]]) -> Upset | None:
    """What the readings say beside what was known before they are taken in; None where all went on as it was."""
    if observed.source is Source.CHECKS:
        return _check_recovered(observed, rows)
    if observed.source is not Source.REDIS:
        return None
    found: Upset | None = None
    for change in observed.changes:
        if change.kind is _OF_SIDEKIQ and isinstance(change, Delta):
            if _has_fallen(change, rows):
                return Upset("Redis has lost data (a counter of Sidekiq fell)", lost_data=True)
        elif change.kind is _OF_REDIS and isinstance(change, Delta) and change.id == SIDEKIQ:
            for slot, _, after in _changed(change, rows):
                match slot:
                    case "run_id":
                        found = Upset("another Redis server answers than before", lost_data=True)
                    case "role":
                        found = found or Upset(f"Redis became a {after}")
                    case "clock":
                        found = found or Upset("the clock of Redis jumped")
                    case _:
                        pass
            if found is None and _takes_writes_again(change, rows):
                found = Upset("Redis had reached its memory limit")
    return found


def is_full(memory: Any, maxmemory: Any, policy: Any) -> bool:
    """Whether a Redis with these readings refuses whatever would need memory; not where one of them is missing."""
    known = memory is not MISSING and maxmemory is not MISSING and policy is not MISSING
    return known and policy == "noeviction" and 0 < maxmemory <= memory


def _has_fallen(delta: Delta, rows: Mapping[Kind, Mapping[str, Any]]) -> bool:
    """Whether a counter did; asked each second."""
    row = rows.get(delta.kind, {}).get(delta.id)
    for slot in _COUNTERS if row is not None else ():
        after = delta.fields.get(slot)
        before = getattr(row, slot, MISSING)
        if before is not MISSING and type(after) is type(before) and after < before:
            return True
    return False


def _takes_writes_again(delta: Delta, rows: Mapping[Kind, Mapping[str, Any]]) -> bool:
    row = rows.get(delta.kind, {}).get(delta.id)
    if row is None or not is_full(row.memory, row.maxmemory, row.policy):
        return False
    return not is_full(*(delta.fields.get(slot, getattr(row, slot)) for slot in ("memory", "maxmemory", "policy")))


def _check_recovered(observed: Observed, rows: Mapping[Kind, Mapping[str, Any]]) -> Upset | None:
    for change in observed.changes:
        if isinstance(change, Delta) and any(slot == "ok" and after for slot, _, after in _changed(change, rows)):
            return Upset(f"the check {change.id} failed until then")
    return None


def _changed(delta: Delta, rows: Mapping[Kind, Mapping[str, Any]]) -> Iterator[tuple[str, Any, Any]]:
    """Slots with what they held and what they are told to hold now, where both are known and of one type."""
    row = rows.get(delta.kind, {}).get(delta.id)
    for slot, after in delta.fields.items() if row is not None else ():
        before = getattr(row, slot, MISSING)
        if before is not MISSING and type(after) is type(before) and after != before:
            yield slot, before, after
