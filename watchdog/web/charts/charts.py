"""
The memory of the charts: at most 115 rings of 480 numbers, less than half a megabyte however large the server is.

Steps are counted by engine time, so that a jump of the clock on the wall neither stretches nor doubles anything; where they lie on the wall's scale is said by the last of them.
"""

from collections.abc import Mapping
from math import isnan, nan
from typing import Final

import msgspec

from watchdog.engine.state import State
from watchdog.model.kinds import Kind
from watchdog.web.charts.lines import REST, Lines
from watchdog.web.charts.looking import look
from watchdog.web.charts.series import STEP, STEPS, Series
from watchdog.web.charts.spec import CHARTS

ROOM: Final = 20
"""Queues that have lines of their own, and as many processes."""
_KINDS: Final[tuple[Kind | None, ...]] = tuple(dict.fromkeys(chart.kind for chart in CHARTS))


class SavedCharts(msgspec.Struct, frozen=True):
    """All of it as it lies in a file; `count` steps were made, the last of them at `wall` (UTC milliseconds). `lines` is by kind, whose, and chart."""

    count: int
    wall: int
    step_ms: int
    steps: int
    lines: dict[str, dict[str, dict[str, bytes]]]


class Charts:
    """What is shown of the last hours; empty before the first look."""

    def __init__(self) -> None:
        self._lines = {
            kind: Lines(
                tuple(chart for chart in CHARTS if chart.kind is kind), room=ROOM if kind in {Kind.QUEUE, Kind.PROCESS} else 1, steps=STEPS
            )
            for kind in _KINDS
        }
        self._counters: dict[str, float] = {}
        self._count = 0
        self._at: int | None = None
        self._looked_at: int | None = None
        self._wall = 0

    def wait(self, at: int) -> int:
        """Milliseconds from engine time `at` until it is time to look again."""
        return 0 if self._at is None else max(0, self._at + STEP - at)

    def take(self, state: State, own: Mapping[str, float], *, at: int, wall: int) -> None:
        """Looks, at engine time `at`, which is `wall` in UTC milliseconds; less than a step after the last time, be it a predecessor's, it does nothing."""
        if self._at is None and self._count:
            self._at = at - max(0, wall - self._wall)
        if self.wait(at):
            return
        passed = STEP if self._at is None else at - self._at
        missed = max(passed // STEP - 1, 0)
        for step in range(self._count, self._count + min(missed, STEPS)):
            for lines in self._lines.values():
                lines.skip(step)
        self._count += missed
        seen = look(state, own)
        values = {name: dict(of) for name, of in seen.values.items()}
        self._grow(values, 0 if self._looked_at is None else at - self._looked_at)
        self._looked_at = at
        for kind, lines in self._lines.items():
            of = {chart.name: values[chart.name] for chart in CHARTS if chart.kind is kind and chart.name in values}
            if of:
                lines.take(self._count, of, next((seen.weights[name] for name in of if name in seen.weights), {}))
            else:
                lines.skip(self._count)
            lines.forget()
        self._count += 1
        self._wall = wall
        # On the grid, or every look would be a little later than a step after the last, and in the end one would be missing.
        self._at = at if self._at is None else self._at + (missed + 1) * STEP

    def series(self, *names: str) -> tuple[Series, ...]:
        """The lines of these charts (of all, where none is named), in the order of the table; those that have been empty for four hours are none."""
        length = min(self._count, STEPS)
        first = self._count - length
        began = self._wall - (length - 1) * STEP
        places = [step % STEPS for step in range(first, self._count)]
        return tuple(
            Series(
                name=chart.name, of="" if whose == REST else whose, type=chart.type, began=began, step_ms=STEP, rest=whose == REST,
                values=tuple(None if isnan(value := ring[place]) else value for place in places),
            )
            for lines in self._lines.values()
            for chart, whose, ring in lines.rings()
            if not names or chart.name in names
        )  # fmt: skip

    def kept(self) -> SavedCharts:
        """All of it, for a successor."""
        return SavedCharts(self._count, self._wall, STEP, STEPS, {_name(kind): lines.kept() for kind, lines in self._lines.items()})

    def restore(self, kept: SavedCharts) -> None:
        """What a predecessor kept; the time in which nobody looked is empty. Raises `ValueError` where it does not fit, and then nothing of it is there."""
        if (kept.step_ms, kept.steps, set(kept.lines)) != (STEP, STEPS, {_name(kind) for kind in _KINDS}) or kept.count < 0:
            raise ValueError("charts of another kind")
        restored = Charts()
        for kind, lines in restored._lines.items():
            lines.restore(kept.lines[_name(kind)])
        self._lines, self._count, self._wall = restored._lines, kept.count, kept.wall

    def _grow(self, values: dict[str, dict[str, float]], passed: int) -> None:
        """Of counters the growth in a second over the milliseconds since the last look; one that began anew says nothing, nor does the first look."""
        for chart in CHARTS:
            if not chart.counter:
                continue
            now = values.get(chart.name, {}).get("", nan)
            before, self._counters[chart.name] = self._counters.get(chart.name, nan), now
            if chart.name in values:
                grown = (now - before) * 1000 / passed if passed else nan
                values[chart.name] = {"": grown} if grown >= 0 else {}


def _name(kind: Kind | None) -> str:
    return "" if kind is None else kind.value
