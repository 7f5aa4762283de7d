"""One line of a chart, as the page, `top` and the API get it."""

from typing import Final

import msgspec

from watchdog.model.kinds import Type

STEP: Final = 30_000
"""Milliseconds between two values."""
STEPS: Final = 480
"""Values of a line at most: those of four hours."""


class Series(msgspec.Struct, frozen=True):
    """
    `name` is that of the chart (`queue.size`), `of` whose line it is: a queue, a process, or empty where there is one alone. `rest`: it stands for all that have no line of their own.

    `values` are of `type`, `step_ms` apart, the first at `began` (UTC milliseconds); None where it was not known, be it that nobody looked. All lines begin and end together.
    """

    name: str
    of: str
    type: Type
    began: int
    step_ms: int
    values: tuple[float | None, ...]
    rest: bool = False
