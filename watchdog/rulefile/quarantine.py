"""`quarantine:` in the config → where jobs are kept that were taken out, and for how long."""

from typing import Final

import msgspec

from watchdog.rulefile.findings import Findings
from watchdog.rulefile.keys import Keys, choice_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.values import read_duration

PLACES: Final = ("store", "both")
LEAST: Final = 3_600_000
"""Milliseconds; whoever wants less does not want to keep them."""
_KEYS: Final = Keys("'quarantine'", optional=("keep", "in"))


class QuarantineSettings(msgspec.Struct, frozen=True):
    """For how many milliseconds, and whether Sidekiq's dead set has them as well; the defaults are those of the key table."""

    keep: int = 30 * 24 * 3_600_000
    in_dead_set: bool = False


def read_quarantine(node: Node, findings: Findings) -> QuarantineSettings:
    """What was written; what is wrong or missing has its default."""
    values = _KEYS.read(node, findings) or {}
    settings = QuarantineSettings()
    if "keep" in values and (keep := read_duration(values["keep"], "keep", findings)) is not None:
        if keep < LEAST:
            findings.add("E125", values["keep"].span, "'keep' must be at least 1h", hint="for instance keep: 30d")
        settings = msgspec.structs.replace(settings, keep=keep)
    if "in" in values and (place := choice_of(values["in"], "'in'", PLACES, findings)) is not None:
        settings = msgspec.structs.replace(settings, in_dead_set=place == "both")
    return settings
