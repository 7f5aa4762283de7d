"""What becomes of a command. The counterpart of `commands`, which hears them."""

from typing import Final

import msgspec

REFUSED: Final = "refused"
"""The outcome of one that is not heeded."""


class Heard(msgspec.Struct, frozen=True):
    """What became of a command: one word, why it is so where that is no matter of course, and the rule and target that it is about."""

    outcome: str
    reason: str = ""
    rule: str = ""
    target: str = ""
    detail: dict[str, str | int | bool] = {}


def refused(reason: str, *, rule: str = "", target: str = "") -> Heard:
    """It is not heeded, and why."""
    return Heard(REFUSED, reason, rule, target)
