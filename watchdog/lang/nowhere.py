"""
A scope in which nothing can be known.

The counterpart of the engine's world, for conditions that ask nothing of it, and for whoever has only a row.
"""

from typing import Any, Final, final

from watchdog.lang.demands import Function, Scope, Tally
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import Row

_SOMETHING: Final = Tally(all=1, unknown=1)


@final
class Nowhere:
    """Answers every question with "unknown"."""

    def find(self, kind: Kind, entity: str) -> Row | None:  # noqa: ARG002
        """Nobody is known here."""
        return None

    def over(self, series: str, entity: str, function: Function, window: int, now: int) -> Any:  # noqa: ARG002
        """There is no history."""
        return MISSING

    def slides(self, series: str, entity: str, window: int, now: int) -> int | None:  # noqa: ARG002
        """Nothing ever changes."""
        return None

    def held(self, series: str, entity: str, window: int, now: int) -> bool | None:  # noqa: ARG002
        """There is no history."""
        return None

    def turns(self, series: str, entity: str, window: int, now: int) -> int | None:  # noqa: ARG002
        """Nothing ever changes."""
        return None

    def tally(self, aggregate: str, group: object) -> Tally:  # noqa: ARG002
        """There may be something, and nobody has judged it."""
        return _SOMETHING


NOWHERE: Final[Scope] = Nowhere()
