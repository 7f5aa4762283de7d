"""
Which charts there are: one table.

A chart is made of a field of the engine's picture, or of what the agent measures of itself. A new one is a line here; what it takes is its share of the memory that `charts.py` counts.
"""

from enum import StrEnum
from typing import Final

import msgspec

from watchdog.model.kinds import Kind, Source, Type


class Rest(StrEnum):
    """What stands for those that have no line of their own."""

    SUM = "sum"
    MOST = "most"


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """
    `field` of an entity of this `kind`; no kind says that the agent measures it of itself.

    `ranked` is the field by which those are chosen that get a line of their own; without it there is one line. Of a `counter` its growth in a second is shown.
    """

    name: str
    type: Type
    doc: str
    kind: Kind | None = None
    field: str = ""
    source: Source = Source.REDIS
    ranked: str = ""
    rest: Rest = Rest.SUM
    counter: bool = False


CHARTS: Final[tuple[Chart, ...]] = (
    Chart(name="queue.size", type=Type.COUNT, doc="Jobs that wait in each queue.", kind=Kind.QUEUE, field="size", ranked="size"),
    Chart(
        name="queue.latency",
        type=Type.DURATION,
        doc="How long the job that is next in each queue has been waiting.",
        kind=Kind.QUEUE,
        field="latency",
        ranked="size",
        rest=Rest.MOST,
    ),
    Chart(name="sidekiq.busy", type=Type.COUNT, doc="Jobs that run.", kind=Kind.SIDEKIQ, field="busy"),
    Chart(name="sidekiq.threads", type=Type.COUNT, doc="Threads of all processes that beat.", kind=Kind.SIDEKIQ, field="threads"),
    Chart(name="sidekiq.enqueued", type=Type.COUNT, doc="Jobs that wait in all queues together.", kind=Kind.SIDEKIQ, field="enqueued"),
    Chart(name="sidekiq.retries", type=Type.COUNT, doc="Jobs that wait for another try.", kind=Kind.SIDEKIQ, field="retries"),
    Chart(
        name="sidekiq.processed",
        type=Type.RATE,
        doc="Jobs that were run, the failed ones included.",
        kind=Kind.SIDEKIQ,
        field="processed",
        counter=True,
    ),
    Chart(name="sidekiq.failed", type=Type.RATE, doc="Runs that failed.", kind=Kind.SIDEKIQ, field="failed", counter=True),
    Chart(
        name="process.cpu",
        type=Type.RATIO,
        doc="Processor time of each process of this host; 100 % is one core.",
        kind=Kind.PROCESS,
        field="cpu",
        source=Source.HOST,
        ranked="busy",
    ),
    Chart(name="agent.cpu", type=Type.RATIO, doc="Processor time of the agent itself; 100 % is one core."),
    Chart(name="agent.redis", type=Type.RATIO, doc="What Redis spends on the agent, of a core."),
)

OWN: Final = frozenset(chart.name for chart in CHARTS if chart.kind is None)
"""Those that the agent measures of itself."""
