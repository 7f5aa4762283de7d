"""Which of the changes somebody wants to see, and how many of them at a time."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from watchdog.cli.exits import UsageError
from watchdog.cli.since import read_moment
from watchdog.store.moments import rfc3339

if TYPE_CHECKING:
    from watchdog.timeline.changes import Shown

_OF_SOURCES: Final = "source"
_DIGITS: Final = 9


class Place(msgspec.Struct, frozen=True):
    """Behind the first `number` changes of that wall time (milliseconds)."""

    wall: int
    number: int

    def __str__(self) -> str:
        return f"{rfc3339(self.wall)}/{self.number}"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """`until` is UTC milliseconds, None for now; `entity` an id or a name as it is shown. What is told of a source fits in any case: without it nobody knows what is missing."""

    entity: str = ""
    until: int | None = None
    after: Place | None = None
    limit: int | None = None

    def fits(self, one: "Shown") -> bool:
        """Whether it is of that entity."""
        return not self.entity or one.kind == _OF_SOURCES or self.entity in (one.id, one.entity)


def read_place(written: str) -> Place:
    """What the end of an earlier list said. Raises `UsageError`."""
    moment, found, number = written.partition("/")
    if not found or not (number.isascii() and number.isdecimal()) or len(number) > _DIGITS:
        raise UsageError(f"--after: {written!r} is not what an earlier list ended with (2026-03-01T02:00:00.000Z/1)")
    return Place(read_moment(moment, "--after"), int(number))


def pieced(every: Iterable["Shown"], wanted: Wanted, *, last: "list[Place]") -> Iterator["Shown"]:
    """
    Those that are wanted, oldest first: behind a place the first so many, else the newest so many.

    Where others follow, the place of the last that was given is put into `last`.
    """
    fitting = (one for one in every if (wanted.until is None or one.at < wanted.until) and wanted.fits(one))
    if wanted.after is None:
        yield from fitting if wanted.limit is None else deque(fitting, maxlen=wanted.limit)
        return
    place, given = wanted.after, 0
    passed = 0
    for one in fitting:
        if one.at < wanted.after.wall:
            continue
        if one.at == wanted.after.wall and passed < wanted.after.number:
            passed += 1
            continue
        if wanted.limit is not None and given >= wanted.limit:
            last.append(place)
            return
        place = Place(one.at, place.number + 1 if one.at == place.wall else 1)
        given += 1
        yield one
