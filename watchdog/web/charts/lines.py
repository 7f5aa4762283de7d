"""
The lines of one kind of entity: a ring of packed numbers for each chart of each that has one.

There are many queues and processes, and room for few: whoever has a line keeps it while it is there; the place of one that is gone, or that has been less all the time than a newcomer is now, is
given away. So a line does not come and go with each look, and whatever grows beyond all others gets one.
"""

from array import array
from collections.abc import Iterator, Mapping
from math import isnan, nan
from typing import Final

from watchdog.web.charts.spec import Chart, Rest

REST: Final = "\0"
"""Stands for all that have no line; nothing in Redis that can be looked at is called so."""
_WEIGHT: Final = ""


class Lines:
    """`charts` are those of one kind, `room` how many may have lines, `steps` how many values each line has; the place of a value is its step modulo `steps`."""

    def __init__(self, charts: tuple[Chart, ...], *, room: int, steps: int) -> None:
        self._charts = charts
        self._room = room
        self._steps = steps
        # Whose → chart → values; under the name of none how much spoke for the line.
        self._rings: dict[str, dict[str, array[float]]] = {}

    def take(self, step: int, values: Mapping[str, Mapping[str, float]], weights: Mapping[str, float]) -> None:
        """The values of that step: chart → whose → value; `weights` is what speaks for a line of one's own."""
        there = dict.fromkeys(name for of in values.values() for name in of)
        self._make_room(there, weights)
        place = step % self._steps
        for name, rings in self._rings.items():
            if name != REST:
                rings[_WEIGHT][place] = weights.get(name, nan)
            for chart in self._charts:
                of = values.get(chart.name, {})
                rings[chart.name][place] = self._rest(chart, of) if name == REST else of.get(name, nan)

    def skip(self, step: int) -> None:
        """Nobody looked at that step."""
        place = step % self._steps
        for rings in self._rings.values():
            for ring in rings.values():
                ring[place] = nan

    def forget(self) -> None:
        """Gives back the lines of which no value is left."""
        for name in [name for name, rings in self._rings.items() if not self._has_values(rings)]:
            del self._rings[name]

    def rings(self) -> Iterator[tuple[Chart, str, "array[float]"]]:
        """Chart, whose, and the values as they lie."""
        for chart in self._charts:
            for name, rings in self._rings.items():
                if not all(map(isnan, rings[chart.name])):
                    yield chart, name, rings[chart.name]

    def kept(self) -> dict[str, dict[str, bytes]]:
        """All of it, for a file."""
        return {name: {chart: ring.tobytes() for chart, ring in rings.items()} for name, rings in self._rings.items()}

    def restore(self, kept: Mapping[str, Mapping[str, bytes]]) -> None:
        """What was kept; raises `ValueError` where it does not fit."""
        names = {_WEIGHT, *(chart.name for chart in self._charts)}
        if len(kept) > self._room + 1:
            raise ValueError("more lines than there is room for")
        for name, rings in kept.items():
            if set(rings) != names or any(len(data) != 8 * self._steps for data in rings.values()):
                raise ValueError("lines of another kind")
            self._rings[name] = {chart: array("d", data) for chart, data in rings.items()}

    def _make_room(self, there: Mapping[str, None], weights: Mapping[str, float]) -> None:
        """Places are given to the greatest; what is left is the rest."""
        waiting = sorted((name for name in there if name not in self._rings), key=lambda name: (-weights.get(name, 0.0), name))
        peaks = {name: self._peak(name) for name in self._rings if name != REST} if waiting else {}
        for name in waiting:
            weight = weights.get(name, 0.0)
            if len(peaks) >= self._room:
                least = min(peaks, key=lambda one: (one in there, peaks[one]))
                if least in there and peaks[least] >= weight:
                    break
                del peaks[least], self._rings[least]
            self._rings[name] = self._empty()
            peaks[name] = weight
        if REST not in self._rings and any(name not in self._rings for name in there):
            self._rings[REST] = self._empty()

    def _empty(self) -> dict[str, "array[float]"]:
        return {name: array("d", [nan]) * self._steps for name in (_WEIGHT, *(chart.name for chart in self._charts))}

    def _peak(self, name: str) -> float:
        return max((weight for weight in self._rings[name][_WEIGHT] if not isnan(weight)), default=0.0)

    def _has_values(self, rings: Mapping[str, "array[float]"]) -> bool:
        return any(not isnan(value) for ring in rings.values() for value in ring)

    def _rest(self, chart: Chart, of: Mapping[str, float]) -> float:
        rest = [value for name, value in of.items() if name not in self._rings]
        if not rest:
            return nan
        return max(rest) if chart.rest is Rest.MOST else sum(rest)
