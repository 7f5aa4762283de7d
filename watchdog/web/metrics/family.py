"""What a metric is: one line of the table, from which `/metrics`, the reference and the tests of dashboard and alert rules are made."""

from enum import StrEnum
from typing import Final

import msgspec

from watchdog.model.kinds import Source

UNITS: Final = ("seconds", "bytes", "ratio")
"""The units in which values are given, as they stand at the end of a name."""


class Type(StrEnum):
    """What Prometheus is told of its values."""

    GAUGE = "gauge"
    COUNTER = "counter"  # only grows, and begins anew with the agent or with what is counted
    HISTOGRAM = "histogram"
    INFO = "info"  # always 1: what it says stands in its labels


class Rest(StrEnum):
    """What is told under `other` of those for which there is no room."""

    SUM = "sum"
    MOST = "most"
    NOTHING = "nothing"  # of these no number says anything together


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """
    One metric under its full name, as it stands in a query.

    `reads` are the paths of the fields (`model.fields`) of which it is the reading, the first that is known; those without are read by code of their own. `source` is what must be readable for
    it to be there, beside what its fields need. `is_usual` says that other exporters call the same so (`packaging/README.md`).
    """

    name: str
    type: Type
    help: str
    labels: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    source: Source | None = None
    rest: Rest = Rest.SUM
    is_usual: bool = False

    @property
    def base(self) -> str:
        """Its name without what its type puts behind it."""
        match self.type:
            case Type.COUNTER:
                return self.name.removesuffix("_total")
            case Type.INFO:
                return self.name.removesuffix("_info")
            case _:
                return self.name

    @property
    def unit(self) -> str:
        """The unit of its values, empty where they are numbers of things."""
        return next((unit for unit in UNITS if self.base.endswith(f"_{unit}")), "")
