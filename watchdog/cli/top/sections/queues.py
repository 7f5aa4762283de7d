"""The tab of queues: how many jobs wait, for how long, and who fetches from them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from watchdog.cli.output import Piece
from watchdog.cli.top.lines import Line, Section, counted, fact
from watchdog.lang.display import lasting
from watchdog.web.paging import Slice
from watchdog.web.views.queues import Order, QueueSeen


def _lines(answer: Slice[QueueSeen]) -> Iterator[Line]:
    for one in answer.items:
        unheard = "bad" if one.listeners == 0 and one.size else ""
        cells: tuple[Piece, ...] = (
            one.name,
            counted(one.size),
            lasting(one.latency),
            f"{counted(one.busy)}/{counted(one.threads)}",
            (counted(one.listeners), unheard),
            (", ".join(_remarks(one)), "warn"),
        )
        yield Line(key=one.name, cells=cells, item=one, entity=one.name)


def _remarks(one: QueueSeen) -> Iterator[str]:
    if one.paused:
        yield "paused"
    if one.listeners == 0 and one.size:
        yield "nobody fetches from it"


def _details(line: Line, _more: Any) -> Iterator[Sequence[Piece]]:
    one: QueueSeen = line.item
    yield ((one.name, "strong"),)
    yield fact("size", counted(one.size))
    yield fact("latency", lasting(one.latency) or "?")
    yield fact("threads", f"{counted(one.busy)} of {counted(one.threads)} busy with it, of {counted(one.listeners)} processes")
    yield fact("processed", f"{counted(one.processed)} since the agent began, about")
    yield fact("arrived", f"{counted(one.arrived)} since the agent began, about")
    if said := ", ".join(_remarks(one)):
        yield fact("", (said, "warn"))


QUEUES: Final = Section(
    name="queues",
    short="queues",
    path="queues",
    answer=Slice[QueueSeen],
    tells=frozenset({"queues"}),
    headings=("queue", "size", "latency", "busy", "processes", ""),
    lines=_lines,
    details=_details,
    total=lambda answer: answer.total,
    orders=tuple(order.value for order in Order),
    keeps=frozenset({"queue"}),
    empty="There is no queue.",
)
