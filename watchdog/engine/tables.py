"""
Rows as plain data: to be written down, and put together again.

The counterpart of `World.take`, which makes rows of readings one by one. What can be told from the rows themselves (which process a job is in)
is not written down.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from operator import attrgetter
from typing import Any, Final

import msgspec

from watchdog.engine.world import World
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row
from watchdog.model.vocabulary import Vocabulary

PIECE: Final = 500
"""Rows of a table at most where many are written down beside something that must not wait: a quarter of a millisecond."""


class Table(msgspec.Struct, frozen=True, array_like=True):
    """The rows of one kind, each its id and its readings in the order of `slots`; None where there is none, once it was written (`plain`)."""

    slots: tuple[str, ...]
    rows: list[Sequence[Any]]


def plain(value: Any) -> None:
    """How an encoder writes what it does not know, which can only be MISSING."""
    if value is not MISSING:
        raise TypeError(f"{type(value).__name__} is nothing that a row can hold")


def tables_of(world: World, kinds: Iterable[Kind]) -> dict[Kind, Table]:
    """The rows of these kinds in the order in which they came."""
    return {kind: _table(list(rows.values())) for kind in kinds if (rows := world.rows.get(kind))}


def copies_of(world: World) -> dict[Kind, list[Row]]:
    """All rows as they are now, in the order in which they came: a tenth of the time that their tables need."""
    return {kind: list(map(copy, rows.values())) for kind, rows in world.rows.items() if rows}


def pieces(rows: Sequence[Row], encode: Callable[[Table], bytes], breathe: Callable[[], object]) -> Iterator[msgspec.Raw]:
    """Encoded tables of no more than `PIECE` of these rows each; in between the caller breathes."""
    for start in range(0, len(rows), PIECE):
        yield msgspec.Raw(encode(_table(rows[start : start + PIECE])))
        breathe()


def fill(world: World, tables: Iterable[tuple[Kind, Table]], vocabulary: Vocabulary) -> None:
    """Puts these rows into a picture that has none of their kinds, jobs into their processes; what this version has no field for is left out."""
    for kind, table in tables:
        make = vocabulary.rows.get(kind)
        if make is None:
            continue
        slots = [(index, slot) for index, slot in enumerate(table.slots, start=1) if slot in make.slots]
        rows = world.rows[kind]
        for values in table.rows:
            row = rows[values[0]] = make(values[0])
            for index, slot in slots:
                if (value := values[index]) is not None:
                    setattr(row, slot, tuple(value) if type(value) is list else value)
    processes = world.rows.get(Kind.PROCESS, {})
    jobs: Iterable[Any] = world.rows.get(Kind.JOB, {}).values()
    for job in jobs:
        if job.process is not MISSING:
            job.home = processes.get(job.process, MISSING)
            world.jobs_of.setdefault(job.process, {})[job.id] = None


def _table(rows: Sequence[Row]) -> Table:
    slots = rows[0].slots
    return Table(slots, list(map(attrgetter("id", *slots), rows)))
