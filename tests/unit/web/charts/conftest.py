"""A server whose queues and processes are what a test says, and charts that look at it each half minute."""

from collections.abc import Callable, Mapping

import pytest

from watchdog.engine.ledger import Ledger, Loss
from watchdog.engine.state import State
from watchdog.engine.world import World
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.web.charts.charts import Charts
from watchdog.web.charts.series import STEP, Series

WALL = 1_800_000_000_000


class Server:
    """What the engine sees; `at` goes on with each look."""

    def __init__(self) -> None:
        self.world = World()
        self.ledger = Ledger()
        self.charts = Charts()
        self.at = 1_000_000
        self.looks = 0

    def read(self, **sidekiq: int) -> None:
        """Redis is read in full, with these totals."""
        self.world.take(Observed(Source.REDIS, (Delta(Kind.SIDEKIQ, "sidekiq", sidekiq),), complete=True), self.at)

    def queues(self, sizes: Mapping[str, int], *, latency: int = 0) -> None:
        """Those are there, and no others."""
        gone = tuple(Gone(Kind.QUEUE, name, "emptied") for name in self.world.rows[Kind.QUEUE] if name not in sizes)
        there = tuple(Delta(Kind.QUEUE, name, {"name": name, "size": size, "latency": latency}) for name, size in sizes.items())
        self.world.take(Observed(Source.REDIS, (*gone, *there), complete=True), self.at)

    def processes(self, cpu: Mapping[str, float]) -> None:
        """These beat, and use so much."""
        self.world.take(Observed(Source.REDIS, tuple(Delta(Kind.PROCESS, name, {"busy": 1}) for name in cpu), complete=True), self.at)
        self.world.take(Observed(Source.HOST, tuple(Delta(Kind.PROCESS, name, {"cpu": used}) for name, used in cpu.items())), self.at)

    def lose(self, *sources: Source) -> None:
        """They can't be read any more; none: all can."""
        self.ledger = Ledger(lost={source: Loss("refused", "connection refused", self.at) for source in sources})

    def look(self, *, after: int = STEP, own: Mapping[str, float] | None = None) -> None:
        """The next look."""
        self.at += after if self.looks else 0
        self.looks += 1
        self.charts.take(State(self.ledger, self.world), own or {}, at=self.at, wall=WALL + self.at)

    def line(self, name: str, of: str = "") -> Series:
        """That line."""
        [found] = [one for one in self.charts.series(name) if one.of == of and not one.rest]
        return found

    def names(self, name: str) -> set[str]:
        """Who has a line there."""
        return {one.of for one in self.charts.series(name) if not one.rest}


@pytest.fixture
def server() -> Callable[[], Server]:
    """Makes one."""
    return Server
