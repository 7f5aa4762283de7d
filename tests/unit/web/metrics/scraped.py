"""An agent as far as a scrape sees it, and what came of scrapes."""

from pathlib import Path
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from tests.scenario.conversation import WALL, Conversation
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.model.fields import BY_KIND
from watchdog.model.kinds import Kind, Type
from watchdog.model.told import Told
from watchdog.store.standing import OutboxCounts
from watchdog.store.trace.recorder import Recording
from watchdog.web.answered import Answered
from watchdog.web.charts.charts import Charts
from watchdog.web.metrics.collect import Metrics
from watchdog.web.metrics.counted import LifeCounts
from watchdog.web.metrics.figures import Figures

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
VALUES: dict[Type, Any] = {
    Type.BOOL: True, Type.STRING: "text", Type.STRINGS: ["push", "pull"], Type.DURATION: 1_500, Type.SIZE: 4_096, Type.RATIO: 0.5, Type.RATE: 2.0,
    Type.COUNT: 3, Type.CORES: 1.5,
}  # fmt: skip
"""A reading of each type."""


class Agent:
    """What a conversation with the engine has come to, as `web.inside` shows it; `counts` is what its parts have counted."""

    folder = Path("/nowhere")
    host = "web1"
    failing = ""
    charts = Charts()

    def __init__(self, talk: Conversation, **figures: Any) -> None:
        self.talk = talk
        self.counts: dict[str, Any] = {"counted": LifeCounts(), **figures}
        self.asked = 0
        self.metrics = Metrics(self, self._figures)

    @property
    def state(self) -> State:
        return self.talk.state

    @property
    def rules(self) -> RuleSet:
        return self.talk.rules

    @property
    def seq(self) -> int:
        return self.talk.seq

    def at(self) -> int:
        return self.talk.at

    def wall(self) -> int:
        return WALL + self.talk.at

    def picture(self) -> dict[str, Any]:
        raise AssertionError("a scrape asks for no picture: it costs too much")

    async def tell(self, told: Told) -> Answered:
        raise AssertionError("a scrape says nothing")

    async def _figures(self) -> Figures:
        self.asked += 1
        return Figures(**self.counts)

    async def scrape(self) -> "Scraped":
        """In Prometheus' own format."""
        text, _ = await self.metrics.exposition("")
        return Scraped(text.decode(), list(read_text(text.decode())))

    async def scrape_openmetrics(self) -> "Scraped":
        """In the other one."""
        text, content_type = await self.metrics.exposition(OPENMETRICS)
        assert content_type.startswith("application/openmetrics-text")
        return Scraped(text.decode(), list(read_openmetrics(text.decode())))


class Scraped:
    """What was told."""

    def __init__(self, text: str, metrics: list[Metric]) -> None:
        self.text = text
        self.samples = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value for metric in metrics for sample in metric.samples
        }
        self.names = {name for name, _ in self.samples}

    def __getitem__(self, name: str) -> float:
        """The one sample of that name without labels."""
        return self.samples[name, ()]

    def of(self, metric: str, /, **labels: str) -> float | None:
        """The sample with these labels; None where there is none."""
        return self.samples.get((metric, tuple(sorted(labels.items()))))

    def all(self, metric: str) -> dict[tuple[str, ...], float]:
        """All samples of that name, by the values of their labels in the order of their names."""
        return {tuple(value for _, value in labels): number for (each, labels), number in self.samples.items() if each == metric}


def everything(kind: Kind) -> dict[str, Any]:
    """A reading of each field of that kind, by slot."""
    return {
        spec.slot: 0 if spec.clock is not None else VALUES[spec.type]
        for spec in BY_KIND[kind].values()
        if not spec.stands_for and spec.name != "id"
    }


BOX = OutboxCounts(waiting=2, delivered=7, given_up=1, oldest=WALL, last_error="", left_out=3, failures=4)
FIGURES: dict[str, Any] = {
    "tracking": True,
    "cost": {"commands": 10, "round_trips": 4, "pushes": 3, "connections": 1, "bytes_out": 100, "bytes_in": 200},
    "budget": {"share": 0.001, "limit": 0.02, "backed_off": 1.0, "reread_within": 15_000},
    "broken": 1,
    "looked_ms": 250.0,
    "trace": Recording(on=True, segments=2, size=1000, gaps=1, missed=5),
    "outbox": {"ops": BOX},
    "hears": {"ops": True},
    "quarantined": 3,
    "streams": 2,
}
"""Everything that the parts of an agent can count."""
