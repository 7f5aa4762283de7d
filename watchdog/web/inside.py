"""As much of the agent as the web knows: what to look at, and whom to tell. The daemon gives it; tests give their own."""

from pathlib import Path
from typing import Any, Protocol

from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.model.told import Told
from watchdog.web.answered import Answered
from watchdog.web.charts.charts import Charts


class Inside(Protocol):
    """
    What it may look at, and whom it may tell.

    `folder` is for `store.reading` and the trace: both are asked on a thread. Everything is of this very moment; nobody may keep a `state` over an `await`, since its world goes on.
    """

    @property
    def folder(self) -> Path:
        """The state folder."""

    @property
    def host(self) -> str:
        """The name of this host."""

    @property
    def state(self) -> State:
        """After the last committed turn. Reading it costs nothing; changing it is forbidden."""

    @property
    def rules(self) -> RuleSet:
        """Those in force."""

    @property
    def charts(self) -> Charts:
        """The last hours, a value each half minute: `charts.series()`."""

    @property
    def seq(self) -> int:
        """The number of the last event: while it stays the same nothing has changed but time."""

    @property
    def failing(self) -> str:
        """Why nothing can be written down, so that nothing is done; empty while it can."""

    def at(self) -> int:
        """Engine time now, in milliseconds."""

    def wall(self) -> int:
        """UTC milliseconds now."""

    def picture(self) -> dict[str, Any]:
        """What `status` shows (`watchdog.picture`), made anew: tens of milliseconds with a thousand processes, so not for every reader."""

    async def tell(self, told: Told) -> Answered:
        """What a person says, into the engine; returns once its turn has been committed. Raises `StoreError` where only the answer can't be read."""
