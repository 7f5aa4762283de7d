"""What has changed in Sidekiq: processes, jobs, queues, sets, as the agent has recorded it."""

import time
from collections import deque
from pathlib import Path
from typing import Final

import msgspec

from watchdog.model.changes import CHANGES
from watchdog.timeline.changes import Shown
from watchdog.timeline.failures import NothingRecordedError
from watchdog.timeline.recorded import recorded
from watchdog.web.aside import aside
from watchdog.web.failures import NotNowError, NotUnderstoodError
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Slice
from watchdog.web.views.cutting import place_of

TEN_MINUTES: Final = 600_000
PATIENCE: Final = 2.0
"""Seconds for which it is looked: the agent has better things to do."""
ChangeSeen = Shown
"""As `changes --json` has them."""
_NAMES: Final = frozenset(spec.name for spec in CHANGES)
MOST_SHOWN: Final = 20_000
"""Changes of one moment that are gone through: whoever goes on behind them has them all read, and kept until the next one is found."""
_DIGITS: Final = 9


class _Wanted(msgspec.Struct, frozen=True):
    """`until` is the time of the last that was shown (UTC milliseconds), and `shown` how many of that time were."""

    since: int
    names: frozenset[str]
    entity: str
    until: float
    shown: int
    limit: int

    def fits(self, one: Shown) -> bool:
        return one.at <= self.until and (not self.entity or self.entity in (one.id, one.entity))


async def changes(
    inside: Inside, *, since: int | None = None, kind: str = "", entity: str = "", after: str = "", limit: int = USUAL
) -> Slice[Shown]:
    """
    Those of the last ten minutes, or since then (UTC milliseconds), the newest first; only those of that kind of entity (or of that name), and of that entity, where one is given. `total` is None.

    Raises `NotUnderstoodError`, `NotNowError` where there is too much to look through or nothing is recorded, `StoreError`.
    """
    begin = inside.wall() - TEN_MINUTES if since is None else since
    names = frozenset(spec.name for spec in CHANGES if kind in (spec.name, spec.kind.value)) if kind else _NAMES
    rank, shown = place_of(after)
    until, skipped = (-rank, int(shown) if shown.isdecimal() and len(shown) <= _DIGITS else 0) if after else (float("inf"), 0)
    if skipped > MOST_SHOWN:
        raise NotUnderstoodError(f"no more than {MOST_SHOWN} changes of one moment are shown", hint="`sidekiq-watchdog changes` has all")
    found = await aside(_read, inside.folder, _Wanted(begin, names, entity, until, skipped, limit))
    rest = found[_count(found, until, most=skipped) :]
    items = tuple(rest[:limit])
    if len(rest) <= limit:
        return Slice(items, None)
    last = items[-1].at
    before = skipped if last == until else 0
    return Slice(items, None, f"{-last}|{before + _count(items, last, most=len(items))}")


def _count(found: tuple[Shown, ...] | list[Shown], wall: float, *, most: int) -> int:
    return min(most, sum(one.at == wall for one in found))


def _read(folder: Path, wanted: _Wanted) -> list[Shown]:
    """The newest that are wanted, and one more, with those of the same time that were shown before."""
    until = time.monotonic() + PATIENCE

    def each() -> None:
        if time.monotonic() > until:
            raise NotNowError(
                "too much was recorded for it to be looked through while the agent works", hint="`sidekiq-watchdog changes` reads all of it"
            )

    try:
        every = recorded(folder, since=wanted.since, names=wanted.names, each=each)
        return list(deque(filter(wanted.fits, every), maxlen=wanted.shown + wanted.limit + 1))[::-1]
    except NothingRecordedError as error:
        raise NotNowError(str(error)) from error
