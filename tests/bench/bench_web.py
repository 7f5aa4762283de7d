"""
What it costs to be looked at: views, parts of the page and the stream of events, with 1,000 processes of 25 threads and ten rules on them.

Times are of the processor, since everything here runs in the agent's own loop: as long is everybody else held up, but for what is done in slices, of which the longest counts. Beside the views stands what it takes to write
the whole picture of `status` as JSON, which is what a page would otherwise be made of.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import orjson

from tests.bench.large import Large, large
from tests.bench.rows import Row
from watchdog.engine.status import status
from watchdog.model.effects import Audit
from watchdog.model.events import Event, TimeReached
from watchdog.model.records import AuditRow
from watchdog.web.page.fragments import Fragments
from watchdog.web.page.sections import SECTIONS
from watchdog.web.stream.hub import Hub
from watchdog.web.views import alerts, approvals, blocked, incidents, jobs, matrix, overview, processes, queues, rules, switches

ROUNDS: Final = 9
ONE: Final = "web1:10001:abcdef0123456789"
PICTURE: Final = "the whole picture of status as JSON"
GOAL: Final = "≤ 5 ms"


async def cost(inside: Large, look: Callable[[], Awaitable[Any]]) -> tuple[float, int]:
    """Milliseconds of processor time (the median of some rounds, between which an event and half a second pass), and the bytes of the last as JSON."""
    took = []
    for _ in range(ROUNDS):
        inside.now, inside.seq = inside.now + 500, inside.seq + 1
        before = time.thread_time()
        seen = await look()
        took.append((time.thread_time() - before) * 1e3)
    return statistics.median(took), len(msgspec.json.encode(seen))


def picture(inside: Large) -> tuple[float, int]:
    """Milliseconds that the picture of `status` takes to be made and written (the median of some rounds), and its bytes."""
    took = []
    for _ in range(ROUNDS):
        before = time.thread_time()
        written = orjson.dumps(status(inside.state, inside.now))
        took.append((time.thread_time() - before) * 1e3)
    return statistics.median(took), len(written)


async def views(inside: Large) -> list[Row]:
    """Each of the live ones."""
    whole, size = picture(inside)
    looks: dict[str, Callable[[], Awaitable[Any]]] = {
        "overview": lambda: overview.overview(inside),
        "matrix, of one entity": lambda: matrix.matrix(inside, entity=ONE),
        "alerts": lambda: alerts.alerts(inside),
        "processes (50)": lambda: processes.processes(inside),
        "processes, the longest jobs first": lambda: processes.processes(inside, order=processes.Order.LONGEST),
        "a process with its 25 jobs": lambda: processes.process(inside, ONE),
        "jobs (50 of 25,000)": lambda: jobs.jobs(inside),
        "queues": lambda: queues.queues(inside),
        "rules": lambda: rules.rules(inside),
        "approvals": lambda: approvals.approvals(inside),
        "blocked": lambda: blocked.blocked(inside),
        "incidents under way": lambda: incidents.under_way(inside),
        "switches": lambda: switches.switches(inside),
    }
    rows = [
        Row(what=PICTURE, value=whole, unit="ms"),
        Row(what="its size", value=size / 1e3, unit="kB"),
    ]
    for name, look in looks.items():
        took, size = await cost(inside, look)
        rows.append(
            Row(
                what=f"view: {name}", value=took, unit="ms", beside=whole, beside_what=f"the whole picture ({size / 1e3:.0f} kB)", goal=GOAL
            )
        )
    return rows


async def found(inside: Large) -> None:
    """Until it was found out what is nearest to firing as of now."""
    while (await matrix.matrix(inside)).looked_ms != 0:
        pass


async def of_the_matrix(inside: Large) -> list[Row]:
    """To find what is nearest of 80,000 pairs of rule and entity, beside everything else; then to draw it."""
    longest, done = 0.0, asyncio.Event()

    async def others() -> None:
        nonlocal longest
        while not done.is_set():
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    watching = asyncio.create_task(others())
    before = time.thread_time()
    await matrix.matrix(inside)
    first = (time.thread_time() - before) * 1e3
    await found(inside)
    until = (time.thread_time() - before) * 1e3
    done.set()
    await watching
    took = []
    for _ in range(ROUNDS):
        before = time.thread_time()
        seen = await matrix.matrix(inside)
        took.append((time.thread_time() - before) * 1e3)
    size = len(msgspec.json.encode(seen))
    return [
        Row(what="matrix: the first answer", value=first, unit="ms"),
        Row(what="matrix: until all was looked at", value=until, unit="ms"),
        Row(what="matrix: longest that anybody else had to wait meanwhile", value=longest * 1e3, unit="ms"),
        Row(what=f"matrix: drawn again ({size / 1e3:.0f} kB)", value=statistics.median(took), unit="ms", goal=GOAL),
    ]


async def of_the_page(inside: Large) -> list[Row]:
    """Each part of the page, and all of them."""
    rows, whole, bytes_ = [], 0.0, 0
    plain, size_ = picture(inside)
    await found(inside)
    for section in SECTIONS:
        fragments, took = Fragments(inside), []
        for number in range(ROUNDS):
            versions = dict.fromkeys(section.of, number)
            before = time.thread_time()
            part = await fragments.get(section, versions=versions, may_change=True, token="")
            took.append((time.thread_time() - before) * 1e3)
        size = len(part.encode())
        whole, bytes_ = whole + statistics.median(took), bytes_ + size
        rows.append(Row(what=f"part of the page: {section.name} ({size / 1e3:.1f} kB)", value=statistics.median(took), unit="ms"))
    return [
        *rows,
        Row(what="all parts of the page", value=whole, unit="ms", beside=plain, beside_what=PICTURE, goal="≤ 50 ms"),
        Row(
            what="their bytes",
            value=bytes_ / 1e3,
            unit="kB",
            beside=size_ / 1e3,
            beside_what=PICTURE,
            goal="≤ 200 kB with styles and script",
        ),
    ]


def of_the_stream(inside: Large) -> list[Row]:
    """What a turn costs more because there is a stream, with and without a row of the audit log; and with a hundred who listen."""
    number = 5_000
    rows = []
    for name, effects, readers in (
        ("nobody listens", (), 0),
        ("100 listen", (), 100),
        ("100 listen, a row of the audit log", (Audit(AuditRow("agent", 0, reason="x" * 100)),), 100),
    ):
        hub = Hub(clock=inside, host="web1", life="a1")  # type: ignore[arg-type]  # it has both clocks, and needs no loop
        crowd = [hub.listening(lambda: None) for _ in range(readers)]
        for one in crowd:
            one.__enter__()
        spent = 0.0
        for turn in range(number):
            for reader in hub._readers:
                reader.number = hub.ring.last
            before = time.thread_time()
            hub.turned(Event(turn, inside.now, inside.wall(), TimeReached()), effects, inside.state)
            spent += time.thread_time() - before
        rows.append(Row(what=f"stream: a turn, {name}", value=spent / number * 1e6, unit="µs"))
    return rows


async def main() -> list[Row]:
    """All rows; some seconds."""
    inside = Large(*large())
    return [*await of_the_matrix(inside), *await views(inside), *await of_the_page(inside), *of_the_stream(inside)]
