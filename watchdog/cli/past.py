"""
A moment of the past, as the views of the API look at the agent: what was recorded is played up to it. The counterpart of `api`, which asks the agent that runs.

No agent is needed for it, and nothing is changed by it.
"""

from pathlib import Path
from typing import Any

from watchdog.cli.api import NotThereError
from watchdog.cli.exits import NothingToShowError
from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.model.told import Told
from watchdog.replay.moment import Moment
from watchdog.web import failures
from watchdog.web.answered import Answered
from watchdog.web.charts.charts import Charts
from watchdog.web.views.matrix import Matrix, matrix
from watchdog.web.views.why import Why, why


class Past:
    """`Inside` of that moment; whoever says anything to it comes too late."""

    def __init__(self, folder: Path, moment: Moment) -> None:
        self._folder = folder
        self._moment = moment

    @property
    def folder(self) -> Path:
        """The state folder."""
        return self._folder

    @property
    def host(self) -> str:
        """The name of the host then."""
        return self._moment.state.ledger.host

    @property
    def state(self) -> State:
        """As it was."""
        return self._moment.state

    @property
    def rules(self) -> RuleSet:
        """Those that are asked about."""
        return self._moment.rules

    @property
    def charts(self) -> Charts:
        """Nobody drew any then."""
        return Charts()

    @property
    def seq(self) -> int:
        """The number of the last event by then."""
        return self._moment.state.ledger.seq

    @property
    def failing(self) -> str:
        """Nobody recorded it."""
        return ""

    def at(self) -> int:
        """Engine time then."""
        return self._moment.at

    def wall(self) -> int:
        """UTC milliseconds then."""
        return self._moment.wall

    def picture(self) -> dict[str, Any]:
        """Nobody drew it then."""
        return {}

    async def tell(self, told: Told) -> Answered:
        """It is over."""
        return Answered("refused", f"{told.id}: it is over")


class ThatMoment:
    """`why` and `matrix` of then; `exact` says that it was the config's rules that decided."""

    def __init__(self, inside: Past, *, exact: bool) -> None:
        self._inside = inside
        self.exact = exact

    @property
    def wall(self) -> int:
        """Which moment it is, in UTC milliseconds."""
        return self._inside.wall()

    async def why(self, rule: str, entity: str) -> Why:
        """The account. Raises `NotThereError`."""
        try:
            return await why(self._inside, rule, entity)
        except failures.NotThereError as error:
            raise NotThereError(str(error)) from None

    async def matrix(self, rule: str, limit: int) -> Matrix:
        """That rule, or all where it is empty. Raises `NotThereError`."""
        try:
            return await matrix(self._inside, rule=rule, limit=limit)
        except failures.NotThereError as error:
            raise NotThereError(str(error)) from None


def that_moment(config: Path, wall: int) -> ThatMoment:
    """What the trace in the state folder of that config says of then: up to a second or two. Raises `ProblemsError`, `StoreError`, and `NothingToShowError` where nothing was recorded then."""
    from watchdog.cli.replayed_rules import known_of
    from watchdog.cli.state import state_folder
    from watchdog.replay.moment import at
    from watchdog.replay.replaying import NoTraceError
    from watchdog.replay.trace import digests

    folder, known = state_folder(config), known_of(config)
    rules = known.fitting(digests(folder, since=wall, until=wall)) or known.rules
    try:
        moment = at(folder, wall, rules)
    except NoTraceError as error:
        raise NothingToShowError(str(error)) from None
    return ThatMoment(Past(folder, moment), exact=moment.exact)
