"""Queues: how many jobs wait, for how long, and who fetches from them."""

from enum import StrEnum
from typing import Any

import msgspec

from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Slice
from watchdog.web.views.cutting import LAST, cut
from watchdog.web.views.readings import known


class Order(StrEnum):
    """What stands first in a list of queues: the greatest, but for `name`."""

    NAME = "name"
    SIZE = "size"
    LATENCY = "latency"


class QueueSeen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One queue. `latency` is how long the job that is next has been waiting; `threads` and `listeners` are those that fetch from it, `busy` the jobs of it that run.

    `processed` and `arrived` are estimates since the agent began. Whatever is not known is None.
    """

    name: str
    size: int | None
    latency: int | None
    threads: int | None
    listeners: int | None
    busy: int | None
    processed: int | None
    arrived: int | None
    paused: bool | None


async def queues(inside: Inside, *, order: Order = Order.NAME, after: str = "", limit: int = USUAL) -> Slice[QueueSeen]:
    """All queues."""
    rows: list[Any] = list(inside.state.world.rows[Kind.QUEUE].values())
    shown, following = cut(rows, [_rank(row, order) for row in rows], lambda row: row.id, after=after, limit=limit)
    return Slice(tuple(map(_seen, shown)), len(rows), following)


def _seen(row: Any) -> QueueSeen:
    return QueueSeen(
        name=row.id,
        size=known(row.size),
        latency=known(row.latency),
        threads=known(row.threads),
        listeners=known(row.listeners),
        busy=known(row.busy),
        processed=known(row.processed),
        arrived=known(row.arrived),
        paused=known(row.paused),
    )


def _rank(row: Any, order: Order) -> float:
    reading = 0 if order is Order.NAME else row.size if order is Order.SIZE else row.latency
    return LAST if reading is MISSING else -reading
