"""
What a scrape costs at 1,000 processes of 25 threads and on an ordinary server, and what it costs each turn that there is something to be scraped.

Times are of the processor; what a scrape each 15 s is of a core stands beside it. It is read in pieces, between which the loop goes on, so that the longest of them is what an event can wait; bounded and written it is by a thread.
"""

import asyncio
import statistics
import time
from itertools import chain
from typing import Final

from tests.bench.large import Large, large
from tests.bench.rows import Row
from watchdog.model.events import Event, TimeReached
from watchdog.web.metrics.collect import Metrics
from watchdog.web.metrics.counted import LifeCounts
from watchdog.web.metrics.figures import Figures
from watchdog.web.metrics.reading import read_fields
from watchdog.web.metrics.sheet import Sheet
from watchdog.web.metrics.working import read_work

ROUNDS: Final = 9
TURNS: Final = 200_000
EACH: Final = 15_000
"""Milliseconds between two scrapes, as is usual."""


def longest_piece(inside: Large) -> float:
    """Milliseconds of the longest piece of a reading, the median of some rounds."""
    longest = []
    for _ in range(ROUNDS):
        sheet, took = Sheet(), [0.0]
        pieces = chain(read_fields(sheet, inside.state, inside.now), read_work(sheet, inside.state))
        before = time.thread_time()
        for _piece in pieces:
            now = time.thread_time()
            took.append((now - before) * 1e3)
            before = now
        longest.append(max(took))
    return statistics.median(longest)


async def scrapes(inside: Large, name: str, goal: str) -> list[Row]:
    """What one of a server of that size costs."""
    counted = LifeCounts()

    async def figures() -> Figures:
        return Figures(counted=counted)

    metrics = Metrics(inside, figures)
    took, written = [], b""
    for _ in range(ROUNDS):
        inside.now += 1_000
        before = time.process_time()
        written, _ = await metrics.exposition("application/openmetrics-text")
        took.append((time.process_time() - before) * 1e3)
    return [
        Row(what=f"a scrape: {name}", value=statistics.median(took), unit="ms", goal=goal),
        Row(what=f"one each 15 s: {name}", value=statistics.median(took) / EACH * 100, unit="% of a core"),
        Row(what=f"its longest piece: {name}", value=longest_piece(inside), unit="ms", goal="≤ 5 ms"),
        Row(what=f"its size: {name}", value=len(written) / 1e3, unit="kB"),
    ]


def each_turn() -> Row:
    """What counting adds to a turn that decides nothing."""
    counted, event = LifeCounts(), Event(1, 0, 0, TimeReached())
    before = time.thread_time()
    for _ in range(TURNS):
        counted.turn(event, (), 0.000_3)
    return Row(what="counting a turn", value=(time.thread_time() - before) / TURNS * 1e6, unit="µs", goal="≤ 2 µs")


def main() -> list[Row]:
    """All figures."""
    rows = []
    for name, processes, goal in (("1,000 processes of 25 threads", 1_000, "≤ 150 ms"), ("3 processes of 25 threads", 3, "≤ 15 ms")):
        rows += asyncio.run(scrapes(Large(*large(processes)), name, goal))
    return [*rows, each_turn()]
