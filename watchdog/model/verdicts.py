"""Modes, and what guards and their joint answer can say."""

from enum import IntEnum, StrEnum
from typing import Final

import msgspec


class Mode(StrEnum):
    """How far the agent may go; a rule can be lower than the global mode, never higher."""

    OBSERVE = "observe"  # alerts only
    DRY_RUN = "dry-run"  # says what it would do
    ASK = "ask"  # waits for a person
    ACT = "act"

    @property
    def rank(self) -> int:
        """Position in the order observe < dry-run < ask < act."""
        return list(Mode).index(self)


def lower(one: Mode, other: Mode) -> Mode:
    """The more careful of two modes."""
    return min(one, other, key=lambda mode: mode.rank)


class Answer(IntEnum):
    """What a single guard says; the greater beats the smaller."""

    PASS = 0
    ASK = 1
    DENY = 2


DOES_NOT_APPLY: Final = "does not apply: "
"""How the reason of a guard begins that has nothing to say of such a target."""


class Verdict(msgspec.Struct, frozen=True):
    """
    One guard's answer.

    `reason` is a sentence for people and never empty unless the answer is PASS, where it says that the guard does not apply, or what was not looked at; `until` is the
    engine time at which the answer can change by itself, None where only an event changes it.
    """

    guard: str
    answer: Answer
    reason: str = ""
    until: int | None = None


class Decision(StrEnum):
    """The guards' joint answer with the mode applied."""

    ALLOW = "ALLOW"
    DENY = "DENY"
    ASK = "ASK"
    DRY_RUN = "DRY_RUN"
