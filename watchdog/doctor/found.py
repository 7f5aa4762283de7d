"""What comes of looking at a point."""

from enum import StrEnum

import msgspec


class Health(StrEnum):
    """How a point is. A failure keeps the agent from something that the config has it do; a warning may well be meant so."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


class Found(msgspec.Struct, frozen=True):
    """How it is in a sentence without secrets, and the very command or setting that mends it, empty where there is nothing to mend."""

    health: Health
    says: str
    mend: str = ""


class Point(msgspec.Struct, frozen=True):
    """The same with the name and the area of its spec."""

    name: str
    area: str
    health: Health
    says: str
    mend: str = ""


def fine(says: str) -> Found:
    """All is well."""
    return Found(Health.OK, says)


def doubtful(says: str, mend: str = "") -> Found:
    """It may be meant so."""
    return Found(Health.WARN, says, mend)


def bad(says: str, mend: str) -> Found:
    """It has to be mended."""
    return Found(Health.FAIL, says, mend)


def passed_over(why: str) -> Found:
    """It could not be looked at, or there is nothing to look at."""
    return Found(Health.SKIPPED, why)


def counted(number: int, noun: str) -> str:
    """`1 rule`, `2 rules`; the plural of `process` as well."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{ending}"


def listed(names: list[str], most: int = 4) -> str:
    """The first of them, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
