"""The samples of one scrape, by metric and labels; what can't be read now is kept out here."""

from collections.abc import Collection, Iterator
from typing import Final

from watchdog.model.kinds import Source
from watchdog.web.metrics.families import BY_NAME
from watchdog.web.metrics.family import Family, Rest

Samples = dict[tuple[str, ...], float]
"""Values of labels, in the order of the family's → value."""


class Sheet:
    """`blind` are the sources that can't be read: what rests on one of them is left out, since what it was is no answer to what it is."""

    def __init__(self, blind: Collection[Source] = ()) -> None:
        self.blind: Final = blind
        self.samples: Final[dict[str, Samples]] = {}

    def put(self, name: str, value: float, *labels: str) -> None:
        """One sample of that metric. Two with the same labels, as where names are cut, become one."""
        family = BY_NAME[name]
        if family.source is not None and family.source in self.blind:
            return
        add(self.samples.setdefault(name, {}), labels, value, family.rest)

    def families(self) -> Iterator[tuple[Family, Samples]]:
        """Those that have samples, in the order of the table."""
        for name, family in BY_NAME.items():
            if samples := self.samples.get(name):
                yield family, samples


def add(samples: Samples, labels: tuple[str, ...], value: float, rest: Rest) -> None:
    """Puts it beside what has the same labels already."""
    before = samples.get(labels)
    samples[labels] = value if before is None else before + value if rest is Rest.SUM else max(before, value)
