"""What has changed in Sidekiq: processes, jobs, queues, sets, as the agent has recorded it."""

import asyncio
import time
from collections import deque
from pathlib import Path
from typing import Final

import msgspec

from watchdog.model.changes import CHANGES
from watchdog.timeline.changes import Shown
from watchdog.timeline.failures import NothingRecordedError
from watchdog.timeline.recorded import recorded
from watchdog.web.failures import NotNowError
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL

TEN_MINUTES: Final = 600_000
PATIENCE: Final = 2.0
"""Seconds for which it is looked: the agent has better things to do."""
_NAMES: Final = frozenset(spec.name for spec in CHANGES)
_ONE_AT_A_TIME: Final = asyncio.Semaphore(1)


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first, since that time (UTC milliseconds); `more` says that there were more of them than are shown. `items` are as `changes --json` has them."""

    since: int
    items: tuple[Shown, ...]
    more: bool = False


async def changes(inside: Inside, *, since: int | None = None, kind: str = "", limit: int = USUAL) -> Changes:
    """
    Those of the last ten minutes, or since then; only those of that kind of entity, or of that name, where one is given.

    Raises `NotNowError` where there is too much to look through, or nothing is recorded; `StoreError`.
    """
    begin = inside.wall() - TEN_MINUTES if since is None else since
    names = frozenset(spec.name for spec in CHANGES if kind in (spec.name, spec.kind.value)) if kind else _NAMES
    async with _ONE_AT_A_TIME:
        found = await asyncio.to_thread(_read, inside.folder, begin, names, limit + 1)
    return Changes(since=begin, items=tuple(found[:limit]), more=len(found) > limit)


def _read(folder: Path, since: int, names: frozenset[str], most: int) -> list[Shown]:
    until = time.monotonic() + PATIENCE

    def each() -> None:
        if time.monotonic() > until:
            raise NotNowError(
                "too much was recorded for that to be looked through while the agent works",
                hint="`sidekiq-watchdog changes` reads all of it",
            )

    try:
        return list(deque(recorded(folder, since=since, names=names, each=each), maxlen=most))[::-1]
    except NothingRecordedError as error:
        raise NotNowError(str(error)) from error
