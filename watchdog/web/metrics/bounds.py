"""
How many label sets of a metric are told: a server with ten thousand queues must not fill somebody's Prometheus.

Those that came first stay, since a series that comes and goes is worth little. What finds no room is told under `other`; where that is a counter, it grows by what each of them has grown by, so that
it never falls when one of them is gone.
"""

from typing import Final

from watchdog.web.metrics.family import Family, Rest, Type
from watchdog.web.metrics.label import MOST, OTHER, label
from watchdog.web.metrics.sheet import Samples, add


class Bounds:
    """Of one life of the agent."""

    def __init__(self, most: int = MOST) -> None:
        self._most: Final = most
        # Of counters: who is told by name, for good; what the others had when they were seen last; and what they have grown by.
        self._named: Final[dict[str, dict[tuple[str, ...], None]]] = {}
        self._last: Final[dict[str, Samples]] = {}
        self._rest: Final[dict[str, float]] = {}

    def fold(self, family: Family, samples: Samples) -> tuple[Samples, int]:
        """The samples that are told, their labels fit to be shown, and how many found no room."""
        if family.type is Type.COUNTER and family.labels:
            told, left_out = self._counters(family, samples)
        else:
            told, left_out = self._gauges(family, samples)
        fit: Samples = {}
        for labels, value in told.items():
            add(fit, tuple(map(label, labels)), value, family.rest)
        return fit, left_out

    def _gauges(self, family: Family, samples: Samples) -> tuple[Samples, int]:
        if len(samples) <= self._most:
            return samples, 0
        told: Samples = {}
        for number, (labels, value) in enumerate(samples.items()):
            if number < self._most:
                told[labels] = value
            elif family.rest is not Rest.NOTHING:
                add(told, (OTHER,) * len(family.labels), value, family.rest)
        return told, len(samples) - self._most

    def _counters(self, family: Family, samples: Samples) -> tuple[Samples, int]:
        named, last = self._named.setdefault(family.name, {}), self._last.setdefault(family.name, {})
        told: Samples = {}
        left_out = 0
        for labels, value in samples.items():
            if labels in named or len(named) < self._most:
                named[labels] = None
                told[labels] = value
                continue
            before = last.get(labels, 0)
            self._rest[family.name] = self._rest.get(family.name, 0) + (value - before if value >= before else value)
            last[labels] = value
            left_out += 1
        if len(last) > 10 * self._most:
            self._last[family.name] = {labels: value for labels, value in last.items() if labels in samples}
        if family.name in self._rest:
            add(told, (OTHER,) * len(family.labels), self._rest[family.name], Rest.SUM)
        return told, left_out
